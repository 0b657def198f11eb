package dev.kvdb.bench;

import static org.lmdbjava.ByteBufferProxy.PROXY_OPTIMAL;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * LMDB by lmdbjava. Each write is a transaction; each thread renews a read transaction of its own for each read. Has no
 * cache but the operating system's.
 */
final class LmdbPeer implements Peer {

    private static final long MIB = 1024 * 1024;
    private static final int READERS_MAX = 126;
    /** Pages are about two thirds full, and copies of changed ones need room. */
    private static final int MAP_TIMES_DATA = 8;

    private final Env<ByteBuffer> store;
    private final Dbi<ByteBuffer> values;
    private final int pageBytes;
    private final String settings;
    private final Queue<Reader> readers = new ConcurrentLinkedQueue<>();
    private final ThreadLocal<Reader> reader = ThreadLocal.withInitial(this::newReader);
    private final ThreadLocal<ByteBuffer> key = ThreadLocal.withInitial(LmdbPeer::keyBuffer);

    /** A thread's key buffer and read transaction. */
    private record Reader(Txn<ByteBuffer> transaction, ByteBuffer key) {}

    LmdbPeer(PeerOptions peer) {
        // What is not synced may as well be written through the map, which is LMDB's fastest way.
        EnvFlags[] flags = peer.durable()
                ? new EnvFlags[] {EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD}
                : new EnvFlags[] {EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD, EnvFlags.MDB_NOSYNC, EnvFlags.MDB_WRITEMAP
                };
        long mapBytes = MAP_TIMES_DATA * peer.dataBytes() + 256 * MIB;
        store = Env.create(PROXY_OPTIMAL)
                .setMapSize(mapBytes)
                .setMaxDbs(1)
                .setMaxReaders(READERS_MAX)
                .open(peer.directory().toFile(), flags);
        values = store.openDbi("values", DbiFlags.MDB_CREATE, DbiFlags.MDB_INTEGERKEY);
        pageBytes = store.stat().pageSize;
        settings = (peer.durable() ? "synced commits" : "NOSYNC, WRITEMAP")
                + ", NOTLS, NORDAHEAD, integer keys, one transaction a write, map of " + mapBytes / MIB
                + " MiB; verifies no checksums";
    }

    private static ByteBuffer keyBuffer() {
        return ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
    }

    private Reader newReader() {
        Txn<ByteBuffer> transaction = store.txnRead();
        transaction.reset();
        Reader made = new Reader(transaction, keyBuffer());
        readers.add(made);
        return made;
    }

    @Override
    public void put(long id, byte[] value, Runnable acknowledged) {
        putDurable(id, value);
        acknowledged.run();
    }

    @Override
    public void putDurable(long id, byte[] value) {
        ByteBuffer buffer = key.get().putLong(0, id);
        try (Txn<ByteBuffer> transaction = store.txnWrite()) {
            values.reserve(transaction, buffer, value.length).put(value);
            transaction.commit();
        }
    }

    @Override
    public byte @Nullable [] get(long id) {
        Reader own = reader.get();
        own.key.putLong(0, id);
        own.transaction.renew();
        try {
            ByteBuffer found = values.get(own.transaction, own.key);
            if (found == null) {
                return null;
            }
            byte[] value = new byte[found.remaining()];
            found.get(value);
            return value;
        } finally {
            own.transaction.reset();
        }
    }

    @Override
    public void remove(long id) {
        try (Txn<ByteBuffer> transaction = store.txnWrite()) {
            values.delete(transaction, key.get().putLong(0, id));
            transaction.commit();
        }
    }

    /** A commit writes to the file or its mapping. */
    @Override
    public void awaitWrites() {}

    /** The file is as large as the map, and sparse. */
    @Override
    public long diskBytes() {
        return (store.info().lastPageNumber + 1) * pageBytes;
    }

    @Override
    public OptionalLong bytesWritten() {
        return OptionalLong.empty();
    }

    @Override
    public String settings() {
        return settings;
    }

    @Override
    public void close() {
        readers.forEach(own -> own.transaction.close());
        store.close();
    }
}
