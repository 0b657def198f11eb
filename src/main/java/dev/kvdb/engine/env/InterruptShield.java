package dev.kvdb.engine.env;

/**
 * Puts the calling thread's interrupt status aside while it is inside a file operation, and gives it back on
 * {@link #close()}.
 *
 * <p>The JDK closes a {@link java.nio.channels.FileChannel}, for everyone, when a thread that is or becomes interrupted
 * uses it. The shield removes the first case; an interrupt that arrives in the middle still breaks the channel, and
 * {@link #takeInterrupt()} then clears the way for another try. Belongs to the thread that raised it.
 */
final class InterruptShield implements AutoCloseable {

    private boolean interrupted;

    private InterruptShield() {
        takeInterrupt();
    }

    static InterruptShield raise() {
        return new InterruptShield();
    }

    /** Clears the thread's interrupt status and remembers it. */
    void takeInterrupt() {
        interrupted |= Thread.interrupted();
    }

    @Override
    public void close() {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
