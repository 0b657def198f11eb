package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.ClockFloor;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Wall-clock time that never falls, whatever the wall clock does, across restarts and crashes: no time that it gives
 * out is below one that it gave out before. It is for expiry, which is not built yet; no store opens it so far.
 *
 * <p>Before a time is given out, one that is at least as late is on disk, a little ahead, so that there is a write only
 * each ten seconds of progress. After a crash it stands still for at most as long. A wall clock that jumped far ahead
 * and back leaves it standing still until the wall clock has caught up; a jump ahead is logged. Where it cannot write,
 * it stands still too.
 *
 * <p>Safe for use by several threads. Whoever calls {@link #nowMillis} may wait for a sync.
 */
final class NeverFallingClock {

    private static final Logger LOG = System.getLogger(NeverFallingClock.class.getName());
    private static final long AHEAD_MILLIS = TimeUnit.SECONDS.toMillis(10);

    /** The wall clock jumped where it passed so much more time than the monotonic one. */
    private static final long JUMP_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private final StoreDirectory directory;
    private final Clock clock;
    private final Consumer<String> jumped;

    /** What is on disk; no later time is given out. */
    private long floorMillis;

    private long givenMillis;
    private boolean broken;
    private long lastWallMillis;
    private long lastNanos;

    private NeverFallingClock(StoreDirectory directory, Clock clock, Consumer<String> jumped, long floorMillis) {
        this.directory = directory;
        this.clock = clock;
        this.jumped = jumped;
        this.floorMillis = floorMillis;
        this.givenMillis = floorMillis;
        this.lastWallMillis = clock.now().toEpochMilli();
        this.lastNanos = clock.nanoTime();
    }

    /**
     * Goes on where the clock of that directory was, or begins with the wall clock where there was none.
     *
     * @throws DamageException where its file is damaged; a time that is too early must not be made up
     * @throws UnsupportedFormatException where its file is of a newer format
     */
    static NeverFallingClock open(StoreDirectory directory, Clock clock) throws IOException {
        return open(directory, clock, line -> LOG.log(Level.WARNING, line));
    }

    /** @param jumped told of each jump ahead */
    static NeverFallingClock open(StoreDirectory directory, Clock clock, Consumer<String> jumped) throws IOException {
        long floorMillis = Long.MIN_VALUE;
        if (directory.files().exists(directory.file(StoreFileNames.CLOCK))) {
            floorMillis = ClockFloor.decode(
                            directory.read(StoreFileNames.CLOCK, ClockFloor.BYTES + 1),
                            directory.file(StoreFileNames.CLOCK).toString())
                    .millis();
        }
        return new NeverFallingClock(directory, clock, jumped, floorMillis);
    }

    /** Milliseconds since 1970, UTC, never less than before. */
    synchronized long nowMillis() {
        long wallMillis = clock.now().toEpochMilli();
        noticeJump(wallMillis);
        if (wallMillis > floorMillis) {
            persist(wallMillis + AHEAD_MILLIS);
        }
        givenMillis = Math.max(givenMillis, Math.min(wallMillis, floorMillis));
        return givenMillis;
    }

    private void noticeJump(long wallMillis) {
        long nanos = clock.nanoTime();
        long passedMillis = TimeUnit.NANOSECONDS.toMillis(nanos - lastNanos);
        long aheadMillis = wallMillis - lastWallMillis - passedMillis;
        if (aheadMillis >= JUMP_MILLIS) {
            jumped.accept("the wall clock jumped ahead by " + TimeUnit.MILLISECONDS.toSeconds(aheadMillis)
                    + " s; the store's clock goes with it, and never back");
        }
        lastWallMillis = wallMillis;
        lastNanos = nanos;
    }

    private void persist(long millis) {
        if (broken) {
            return;
        }
        try {
            directory.replace(StoreFileNames.CLOCK, new ClockFloor(millis).encode());
            floorMillis = millis;
        } catch (IOException e) {
            // What is on disk is one of both, and both are above what was given out. Nothing is tried again.
            broken = true;
            LOG.log(
                    Level.ERROR,
                    "the store's clock stands still until a restart, as " + directory.file(StoreFileNames.CLOCK)
                            + " cannot be written: " + SystemReason.of(e));
        }
    }

    /** Writes down the time that was given out last, so that the next open need not stand still. */
    synchronized void close() {
        if (givenMillis > Long.MIN_VALUE && floorMillis > givenMillis) {
            persist(givenMillis);
        }
        broken = true;
    }
}
