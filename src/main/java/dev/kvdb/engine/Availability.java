package dev.kvdb.engine;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which calls the store answers, and why not all. A store that failed stays read-only until it is opened anew; a full
 * disk passes.
 *
 * <p>Safe for use by several threads.
 */
final class Availability {

    private static final Logger LOG = System.getLogger(Availability.class.getName());

    private static final String FAILED_AT_LAST =
            "a failure of the committer could not be dealt with, for want of heap (-Xmx) most likely, see the log";

    private final String directory;
    private final StoreListener listener;

    /** Made beforehand, for when there is no memory to say what failed. */
    private final Condition failedAtLast;

    private final StoreReadOnlyException refusalAtLast;

    private volatile Condition condition = new Condition(StoreState.WRITABLE, "", null, false);

    /** A state, why, and what a write is answered with. */
    private record Condition(
            StoreState state, String detail, StoreReadOnlyException.@Nullable Reason reason, boolean quotaReached) {}

    Availability(String directory, StoreListener listener) {
        this.directory = directory;
        this.listener = listener;
        this.failedAtLast =
                new Condition(StoreState.READ_ONLY, FAILED_AT_LAST, StoreReadOnlyException.Reason.IO_FAILED, false);
        this.refusalAtLast =
                new StoreReadOnlyException(directory, StoreReadOnlyException.Reason.IO_FAILED, FAILED_AT_LAST);
    }

    StoreState state() {
        return condition.state();
    }

    String detail() {
        return condition.detail();
    }

    /** What a set, or a remove, is to be refused with; null where it may go on. */
    @Nullable
    StoreException refusal(boolean remove) {
        Condition now = condition;
        return switch (now.state()) {
            case WRITABLE -> null;
            case DISK_FULL -> remove ? null : noSpace(now);
            case READ_ONLY -> readOnly(now);
            case CLOSED -> new StoreClosedException(directory);
        };
    }

    void checkOpen() {
        if (condition.state() == StoreState.CLOSED) {
            throw new StoreClosedException(directory);
        }
    }

    /** Whether files may be written at all. */
    boolean mayWrite() {
        return condition.state() == StoreState.WRITABLE || condition.state() == StoreState.DISK_FULL;
    }

    /** Turns the store read-only for good. The first reason stays. */
    synchronized StoreException fail(StoreReadOnlyException.Reason reason, String detail) {
        if (mayWrite()) {
            become(new Condition(StoreState.READ_ONLY, detail, reason, false), Level.ERROR);
        }
        StoreException refusal = refusal(true);
        return refusal == null ? new StoreReadOnlyException(directory, reason, detail) : refusal;
    }

    /**
     * The same where that fails, too: with nothing that has to be made first, if this is the first reason. Where this
     * fails, the store is read-only all the same.
     */
    synchronized StoreException failAtLast() {
        if (mayWrite()) {
            become(failedAtLast, Level.ERROR);
        }
        if (condition == failedAtLast) {
            return refusalAtLast;
        }
        try {
            StoreException earlier = refusal(true);
            return earlier == null ? refusalAtLast : earlier;
        } catch (OutOfMemoryError e) {
            return refusalAtLast;
        }
    }

    synchronized StoreException diskFull(String detail) {
        if (condition.state() == StoreState.WRITABLE) {
            become(new Condition(StoreState.DISK_FULL, detail, null, false), Level.ERROR);
        }
        return new DiskFullException(directory, detail);
    }

    synchronized StoreException quotaReached(String detail) {
        if (condition.state() == StoreState.WRITABLE) {
            become(new Condition(StoreState.DISK_FULL, detail, null, true), Level.ERROR);
        }
        return DiskFullException.quotaReached(directory, detail);
    }

    synchronized void spaceReturned() {
        if (condition.state() == StoreState.DISK_FULL) {
            become(new Condition(StoreState.WRITABLE, "", null, false), Level.INFO);
        }
    }

    synchronized void close() {
        if (condition.state() != StoreState.CLOSED) {
            become(new Condition(StoreState.CLOSED, "closed", null, false), Level.DEBUG);
        }
    }

    private DiskFullException noSpace(Condition now) {
        return now.quotaReached()
                ? DiskFullException.quotaReached(directory, now.detail())
                : new DiskFullException(directory, now.detail());
    }

    private StoreReadOnlyException readOnly(Condition now) {
        StoreReadOnlyException.Reason reason =
                now.reason() == null ? StoreReadOnlyException.Reason.IO_FAILED : now.reason();
        return new StoreReadOnlyException(directory, reason, now.detail());
    }

    private void become(Condition next, Level level) {
        condition = next;
        try {
            String why = next.detail().isEmpty() ? "" : ": " + next.detail();
            LOG.log(
                    level,
                    "store " + directory + " is "
                            + next.state().name().toLowerCase(Locale.ROOT).replace('_', '-') + why);
        } finally {
            tellListener(next);
        }
    }

    private void tellListener(Condition now) {
        try {
            listener.stateChanged(now.state(), now.detail());
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a listener failed on a change of the store's state", e);
        }
    }
}
