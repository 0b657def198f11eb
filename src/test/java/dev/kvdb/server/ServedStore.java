package dev.kvdb.server;

import dev.kvdb.engine.Store;
import dev.kvdb.server.ServingCondition.State;
import dev.kvdb.server.config.ServerSettings;
import jakarta.enterprise.inject.Vetoed;
import java.util.Optional;

/** The lifecycle of a store that a test made and that is served all the time, for services without a server. */
@Vetoed
public final class ServedStore extends StoreLifecycle {

    private final Store store;

    /** Serves this store. */
    public ServedStore(Store store) {
        super(null, null, null, null, null, null);
        this.store = store;
    }

    /** A set of calls in flight with these limits. */
    public static CallsInFlight calls(ServerSettings settings) {
        return new CallsInFlight(settings);
    }

    /** Scrubs of this store, of which none runs. */
    public Scrub scrub(ServerSettings settings) {
        return new Scrub(settings, this);
    }

    @Override
    public Store store() {
        return store;
    }

    @Override
    public Optional<Store> openStore() {
        return Optional.of(store);
    }

    @Override
    public ServingCondition condition() {
        return new ServingCondition(State.WRITABLE, "");
    }
}
