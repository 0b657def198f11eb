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
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
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

    private static final Logger LOG = Logger.getLogger("dev.kvdb.server");

    private final ServerSettings settings;
    private final SyncMeters syncMeters;
    private final Event<ServingCondition> conditionChanged;
    private final Addresses addresses;
    private final Environment environment;
    private final CountDownLatch openEnded = new CountDownLatch(1);

    private volatile ServingCondition condition = new ServingCondition(State.OPENING, "");
    private volatile @Nullable RecoveryProgress progress;
    private volatile @Nullable Store store;
    private boolean openBegun;

    StoreLifecycle(
            ServerSettings settings,
            SyncMeters syncMeters,
            Event<ServingCondition> conditionChanged,
            Addresses addresses,
            Environment environment) {
        this.settings = settings;
        this.syncMeters = syncMeters;
        this.conditionChanged = conditionChanged;
        this.addresses = addresses;
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
            store = opened;
            StoreStatistics statistics = opened.statistics();
            storeStateChanged(statistics.state(), statistics.stateDetail());
            // The store may have told of a change since, which that has just overwritten.
            StoreStatistics since = opened.statistics();
            storeStateChanged(since.state(), since.stateDetail());
            logOpened(statistics);
            LOG.infof("serving gRPC on %s, HTTP on %s", addresses.grpc(), addresses.http());
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

    private static void logOpened(StoreStatistics statistics) {
        StoreStatistics.Recovery recovery = statistics.recovery();
        LOG.infof(
                "opened in %d ms, %s: %d keys, %d segments of %d KiB in all",
                recovery.durationMillis(),
                recovery.clean()
                        ? "closed properly before"
                        : "after a crash (" + recovery.recordsScanned() + " records read again, " + recovery.tornBytes()
                                + " torn bytes set aside)",
                statistics.keys(),
                statistics.log().segments(),
                statistics.log().bytes() >> 10);
    }

    private void fail(@Nullable String message) {
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

    /** Waits for an open that was begun, and closes the store. Does nothing the second time. */
    void close() {
        synchronized (this) {
            if (openBegun) {
                awaitOpenEnded();
            }
        }
        Store current = store;
        if (current == null || condition.state() == State.CLOSED) {
            become(new ServingCondition(State.CLOSED, ""));
            return;
        }
        try {
            current.close();
            LOG.info("closed the store");
        } catch (StoreException e) {
            LOG.errorf("cannot close the store properly, so the next open will recover it: %s", e.getMessage());
        }
        become(new ServingCondition(State.CLOSED, ""));
    }

    private void awaitOpenEnded() {
        boolean interrupted = false;
        while (true) {
            try {
                openEnded.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
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
            State before = condition.state();
            boolean ending = before == State.DRAINING || before == State.CLOSED || before == State.FAILED;
            boolean backwards = ending && next.state() != State.CLOSED && next.state() != State.FAILED;
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
}
