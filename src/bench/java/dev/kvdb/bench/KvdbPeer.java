package dev.kvdb.bench;

import dev.kvdb.engine.Entry;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.SyncPolicy;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** kvdb's engine as a library. */
final class KvdbPeer implements Peer {

    static final int WRITES_IN_FLIGHT_MAX = 1024;

    private static final int MIB = 1024 * 1024;
    private static final int VALUE_BYTES_MAX = 64 * 1024;

    /** Under updates a segment is at most this part of the live data. */
    private static final int SEGMENTS_MIN = 100;

    private final Store store;
    private final StoreOptions options;
    private final int writesInFlightMax;
    private final Semaphore inFlight;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** @param writesInFlightMax how many puts may wait for their acknowledgement; with 1 each put waits for its own */
    KvdbPeer(PeerOptions peer, int writesInFlightMax) {
        this.options = options(peer);
        this.store = Store.open(peer.directory(), options);
        this.writesInFlightMax = writesInFlightMax;
        this.inFlight = new Semaphore(writesInFlightMax);
    }

    private static StoreOptions options(PeerOptions peer) {
        StoreOptions.Builder builder = StoreOptions.DEFAULTS.toBuilder()
                .syncPolicy(peer.durable() ? SyncPolicy.ALWAYS : SyncPolicy.OS)
                .cacheBytesMax(peer.cacheBytes())
                .reserveBytes(0);
        if (peer.updated()) {
            int segmentBytes = (int)
                    Math.max(MIB, Math.min(StoreOptions.DEFAULTS.segmentBytesMax(), peer.dataBytes() / SEGMENTS_MIN));
            StoreOptions.GarbageCollection collection = StoreOptions.DEFAULTS.garbageCollection();
            builder.segmentBytesMax(segmentBytes)
                    .valueBytesMax(VALUE_BYTES_MAX)
                    .garbageCollection(new StoreOptions.GarbageCollection(
                            Math.min(collection.logBytesMin(), peer.dataBytes()),
                            collection.deadShareMin(),
                            collection.deadShareMax(),
                            collection.bytesPerSecondMax(),
                            collection.checkIntervalMillis(),
                            collection.checkWhenSealed()));
        }
        return builder.build();
    }

    @Override
    public void put(long key, byte[] value, Runnable acknowledged) {
        if (writesInFlightMax == 1) {
            await(store.set(key, value).toCompletableFuture());
            acknowledged.run();
            return;
        }
        inFlight.acquireUninterruptibly();
        store.set(key, value).whenComplete((result, thrown) -> {
            if (thrown == null) {
                acknowledged.run();
            } else {
                failure.compareAndSet(null, thrown);
            }
            inFlight.release();
        });
    }

    @Override
    public void putDurable(long key, byte[] value) {
        await(store.set(key, value).toCompletableFuture());
    }

    private static void await(CompletableFuture<?> write) {
        Object unused = write.join();
    }

    @Override
    public byte @Nullable [] get(long key) {
        return store.get(key).map(Entry::value).orElse(null);
    }

    @Override
    public void remove(long key) {
        await(store.remove(key).toCompletableFuture());
    }

    @Override
    public void awaitWrites() {
        inFlight.acquireUninterruptibly(writesInFlightMax);
        inFlight.release(writesInFlightMax);
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("kvdb failed a write", thrown);
        }
    }

    @Override
    public long diskBytes() {
        return store.statistics().fileBytes();
    }

    @Override
    public OptionalLong bytesWritten() {
        return OptionalLong.of(store.statistics().writes().fileBytes());
    }

    @Override
    public String settings() {
        return "sync " + options.syncPolicy() + ", cache " + options.cacheBytesMax() / MIB + " MiB, segments "
                + options.segmentBytesMax() / MIB + " MiB, no disk reserve, collects at "
                + options.garbageCollection().deadShareMax() + " dead under load, at "
                + options.garbageCollection().deadShareMin() + " at rest, from "
                + options.garbageCollection().logBytesMin() / MIB + " MiB on, "
                + (writesInFlightMax == 1 ? "each put waits" : "up to " + writesInFlightMax + " puts in flight");
    }

    @Override
    public void close() {
        store.close();
    }
}
