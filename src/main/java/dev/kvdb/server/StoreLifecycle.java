package dev.kvdb.server;

import dev.kvdb.engine.RecoveryProgress;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreListener;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.StoreStatistics;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.server.ServingCondition.State;
import dev.kvdb.server.config.ServerSettings;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Owns the store: there is at most one in a process, opened once and closed once.
 *
 * <p>The store is opened in a thread of its own, so that the HTTP server is up meanwhile and health can show how far it
 * has come. Each change of {@link #condition()} is fired as a CDI event, in the thread that caused it. Safe for use by
 * several threads.
 */
@Singleton
public class StoreLifecycle {

    /** Priority of the start-up observer: after the checks of configuration and port. */
    static final int START_PRIORITY = 2_000;

    /** What the store has for its close where calls, or the end of the open, have used up the time. */
    private static final Duration CLOSE_MIN = Duration.ofSeconds(5);

    private static final Logger LOG = Logger.getLogger("dev.kvdb.server");

    private final ServerSettings settings;
    private final SyncMeters syncMeters;
    private final Event<ServingCondition> conditionChanged;
    private final Addresses addresses;
    private final HttpSignal httpSignal;
    private final Environment environment;
    private final CountDownLatch openEnded = new CountDownLatch(1);

    private volatile ServingCondition condition = new ServingCondition(State.OPENING, "");
    private volatile @Nullable RecoveryProgress progress;
    private volatile @Nullable Store store;
    private boolean openBegun;
    private boolean openLeft;

    StoreLifecycle(
            ServerSettings settings,
            SyncMeters syncMeters,
            Event<ServingCondition> conditionChanged,
            Addresses addresses,
            HttpSignal httpSignal,
            Environment environment) {
        this.settings = settings;
        this.syncMeters = syncMeters;
        this.conditionChanged = conditionChanged;
        this.addresses = addresses;
        this.httpSignal = httpSignal;
        this.environment = environment;
    }

    void start(@Observes @Priority(START_PRIORITY) StartupEvent event) {
        synchronized (this) {
            openBegun = true;
        }
        environment.threads().newThread(this::open).start();
    }

    private void open() {
        LOG.infof("opening the store in %s", settings.dataDirectory());
        try {
            Store opened = Store.open(settings.dataDirectory(), settings.storeOptions(), environment, new Events());
            if (!take(opened)) {
                opened.close();
                return;
            }
            StoreStatistics statistics;
            do {
                statistics = opened.statistics();
                storeStateChanged(statistics.state(), statistics.stateDetail());
                // The store may have told of a change since it was asked, which that has overwritten.
            } while (opened.statistics().state() != statistics.state());
            logOpened(statistics);
            httpSignal.whenListening(this::logServing);
        } catch (OpenEndedException e) {
            LOG.info("ended the open of the store; nothing is lost, the next open begins anew");
        } catch (StoreException e) {
            LOG.errorf("cannot open the store: %s", e.getMessage());
            fail(e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("cannot open the store, because of a defect of kvdb", e);
            fail(e.toString());
        } finally {
            openEnded.countDown();
        }
    }

    /** False where the server no longer waited for the store. */
    private synchronized boolean take(Store opened) {
        if (!openLeft) {
            store = opened;
        }
        return !openLeft;
    }

    private void logServing() {
        if (!ending()) {
            LOG.infof("serving gRPC on %s, HTTP on %s", addresses.grpc(), addresses.http());
        }
    }

    private static void logOpened(StoreStatistics statistics) {
        StoreStatistics.Recovery recovery = statistics.recovery();
        LOG.infof(
                "opened in %d ms, %s: %s, %s of %d KiB in all",
                recovery.durationMillis(),
                recovery.clean()
                        ? statistics.lastVersion() == 0 ? "nothing written yet" : "closed properly before"
                        : "after a crash (" + recovery.recordsScanned() + " records read again, " + recovery.tornBytes()
                                + " torn bytes set aside)",
                count(statistics.keys(), "key"),
                count(statistics.log().segments(), "segment"),
                statistics.log().bytes() >> 10);
    }

    /** A number and what is counted, in words for a log. */
    static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    private void fail(@Nullable String message) {
        if (isOpenLeft()) {
            return;
        }
        become(new ServingCondition(State.FAILED, message == null ? "" : message));
        Quarkus.asyncExit(1);
    }

    /** The open store. */
    public Store store() {
        Store current = store;
        ServingCondition now = condition;
        if (now.state() == State.CLOSED || now.state() == State.FAILED) {
            throw NotServingException.shuttingDown();
        }
        if (current == null) {
            throw now.state() == State.DRAINING ? NotServingException.shuttingDown() : NotServingException.starting();
        }
        return current;
    }

    /** The store, where it is open. */
    public Optional<Store> openStore() {
        State state = condition.state();
        return state == State.CLOSED || state == State.FAILED ? Optional.empty() : Optional.ofNullable(store);
    }

    /** Which calls are answered now. */
    public ServingCondition condition() {
        return condition;
    }

    /** How far the open has come; empty before it told. */
    public Optional<RecoveryProgress> progress() {
        return Optional.ofNullable(progress);
    }

    /** From now on the server is not ready, and stays so. */
    void drain() {
        become(new ServingCondition(State.DRAINING, "the server is shutting down"));
    }

    /**
     * Ends an open that was begun, or closes the store. Does nothing the second time.
     *
     * @param limit how long that may take, but for a close, which has at least {@link #CLOSE_MIN}. What takes longer is
     *     left behind, as in a crash: the next open recovers it
     */
    void close(Duration limit) {
        long deadline = environment.clock().nanoTime() + limit.toNanos();
        if (isOpenBegun() && !await(openEnded, limit) && leaveOpen()) {
            LOG.warnf(
                    "the store is still being opened after %d s more, so the server stops without it;"
                            + " nothing is lost, the next open begins anew",
                    limit.toSeconds());
        }
        Store current = store;
        if (current != null && condition.state() != State.CLOSED) {
            Duration left = Duration.ofNanos(deadline - environment.clock().nanoTime());
            close(current, left.compareTo(CLOSE_MIN) < 0 ? CLOSE_MIN : left);
        }
        become(new ServingCondition(State.CLOSED, ""));
    }

    private synchronized boolean isOpenBegun() {
        return openBegun;
    }

    private synchronized boolean isOpenLeft() {
        return openLeft;
    }

    /** From now on no one waits for the open. False where it has just ended. */
    private synchronized boolean leaveOpen() {
        openLeft = store == null;
        return openLeft;
    }

    private void close(Store current, Duration limit) {
        CountDownLatch closeEnded = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        environment
                .threads()
                .newThread(() -> {
                    try {
                        current.close();
                    } catch (RuntimeException | Error e) {
                        failure.set(e);
                    } finally {
                        closeEnded.countDown();
                    }
                })
                .start();
        if (!await(closeEnded, limit)) {
            LOG.warnf(
                    "closing the store takes longer than %d s, so the server stops without;"
                            + " no acknowledged write is lost by that, the next open recovers the log",
                    limit.toSeconds());
            return;
        }
        Throwable cause = failure.get();
        if (cause == null) {
            LOG.info("closed the store");
        } else if (cause instanceof StoreException) {
            LOG.errorf("cannot close the store properly, so the next open will recover it: %s", cause.getMessage());
        } else {
            LOG.error("closing the store failed because of a defect of kvdb; the next open will recover it", cause);
        }
    }

    /** Waits at most so long, whatever interrupts say; the caller's interrupt status is kept. */
    private boolean await(CountDownLatch latch, Duration limit) {
        long deadline = environment.clock().nanoTime() + limit.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return latch.await(deadline - environment.clock().nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean ending() {
        return condition.isEnding();
    }

    private void storeStateChanged(StoreState state, String detail) {
        State next = switch (state) {
            case WRITABLE -> State.WRITABLE;
            case DISK_FULL -> State.DISK_FULL;
            case READ_ONLY -> State.READ_ONLY;
            case CLOSED -> State.CLOSED;
        };
        // That the store is closed is told by close(), which knows when it has ended.
        if (next != State.CLOSED) {
            become(new ServingCondition(next, detail));
        }
    }

    private void become(ServingCondition next) {
        synchronized (conditionChanged) {
            boolean backwards = ending() && next.state() != State.CLOSED && next.state() != State.FAILED;
            if (backwards || condition.equals(next)) {
                return;
            }
            condition = next;
            conditionChanged.fire(next);
        }
    }

    /** Runs in the store's threads. */
    private final class Events implements StoreListener {

        @Override
        public void recoveryProgressed(RecoveryProgress now) {
            if (ending()) {
                throw new OpenEndedException();
            }
            progress = now;
        }

        @Override
        public void synced(long nanos, int writes, long bytes) {
            syncMeters.record(nanos, writes, bytes);
        }

        @Override
        public void stateChanged(StoreState state, String detail) {
            storeStateChanged(state, detail);
        }
    }

    /** Ends an open that the server no longer needs. */
    private static final class OpenEndedException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        OpenEndedException() {
            super("the server is stopping", null, false, false);
        }
    }
}
