package dev.kvdb.bench;

import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.jspecify.annotations.Nullable;

/**
 * H2's MVStore. It has no durable put of its own: here the writers share a commit and a sync, one of them doing it for
 * all that have put before.
 */
final class MvStorePeer implements Peer {

    private static final int MIB = 1024 * 1024;

    private final MVStore store;
    private final MVMap<Long, byte[]> values;
    private final PeerOptions peer;
    private final AtomicLong puts = new AtomicLong();
    private final Object commitLock = new Object();
    /** How many puts the newest sync made durable; guarded by {@link #commitLock}. */
    private long durablePuts;

    MvStorePeer(PeerOptions peer) {
        this.peer = peer;
        MVStore.Builder builder = new MVStore.Builder()
                .fileName(peer.directory().resolve("values.mv").toString())
                .cacheSize((int) (peer.cacheBytes() / MIB));
        store = builder.open();
        if (peer.durable()) {
            store.setAutoCommitDelay(0);
        }
        values = store.openMap(
                "values",
                new MVMap.Builder<Long, byte[]>().keyType(LongDataType.INSTANCE).valueType(ByteArrayDataType.INSTANCE));
    }

    @Override
    public void put(long key, byte[] value, Runnable acknowledged) {
        values.put(key, value);
        acknowledged.run();
    }

    @Override
    public void putDurable(long key, byte[] value) {
        values.put(key, value);
        long put = puts.incrementAndGet();
        synchronized (commitLock) {
            if (durablePuts < put) {
                long covered = puts.get();
                store.commit();
                store.sync();
                durablePuts = covered;
            }
        }
    }

    @Override
    public byte @Nullable [] get(long key) {
        return values.get(key);
    }

    @Override
    public void remove(long key) {
        values.remove(key);
    }

    @Override
    public void awaitWrites() {
        store.commit();
    }

    @Override
    public long diskBytes() {
        return DataFiles.bytes(peer.directory());
    }

    @Override
    public OptionalLong bytesWritten() {
        return OptionalLong.empty();
    }

    @Override
    public String settings() {
        return (peer.durable() ? "writers share commit and sync" : "commits in the background, each second or 1 MiB")
                + ", cache " + peer.cacheBytes() / MIB + " MiB, no compression; verifies no checksums of values";
    }

    @Override
    public void close() {
        store.close();
    }
}
