package dev.kvdb.bench;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.AbstractNativeReference;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.HistogramType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Statistics;
import org.rocksdb.StatsLevel;
import org.rocksdb.TickerType;
import org.rocksdb.WriteOptions;

/** RocksDB by its own Java binding. */
final class RocksDbPeer implements Peer {

    private static final int MIB = 1024 * 1024;
    private static final int BLOOM_BITS_PER_KEY = 10;

    private final RocksDB store;
    private final Path directory;
    private final WriteOptions writes;
    private final ReadOptions reads;
    private final String settings;
    private final @Nullable Statistics statistics;
    /** In the order in which they are to be closed. */
    private final List<AbstractNativeReference> references;

    private RocksDbPeer(
            RocksDB store, PeerOptions peer, @Nullable Statistics statistics, List<AbstractNativeReference> others) {
        this.store = store;
        this.statistics = statistics;
        this.directory = peer.directory();
        this.writes = new WriteOptions().setSync(peer.durable());
        this.reads = new ReadOptions().setVerifyChecksums(true);
        this.references = new ArrayList<>(List.of(store, writes, reads));
        references.addAll(others);
        this.settings = "sync " + peer.durable() + ", block cache " + peer.cacheBytes() / MIB
                + " MiB, bloom filter of " + BLOOM_BITS_PER_KEY
                + " bits a key, no compression, checksums verified, write-ahead log on, "
                + Runtime.getRuntime().availableProcessors() + " background jobs"
                + (statistics == null ? "" : ", statistics without histograms and detailed timers");
    }

    static RocksDbPeer open(PeerOptions peer) {
        RocksDB.loadLibrary();
        BlockBasedTableConfig table = new BlockBasedTableConfig();
        BloomFilter filter = new BloomFilter(BLOOM_BITS_PER_KEY);
        table.setFilterPolicy(filter);
        List<AbstractNativeReference> references = new ArrayList<>();
        if (peer.cacheBytes() == 0) {
            table.setNoBlockCache(true);
        } else {
            LRUCache cache = new LRUCache(peer.cacheBytes());
            references.add(cache);
            table.setBlockCache(cache);
        }
        Options options = new Options()
                .setCreateIfMissing(true)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setMaxBackgroundJobs(Runtime.getRuntime().availableProcessors())
                .setTableFormatConfig(table);
        references.add(0, options);
        references.add(filter);
        Statistics statistics = peer.updated() ? new Statistics(EnumSet.allOf(HistogramType.class)) : null;
        if (statistics != null) {
            statistics.setStatsLevel(StatsLevel.EXCEPT_DETAILED_TIMERS);
            options.setStatistics(statistics);
            references.add(statistics);
        }
        try {
            return new RocksDbPeer(RocksDB.open(options, peer.directory().toString()), peer, statistics, references);
        } catch (RocksDBException e) {
            throw failed(e);
        }
    }

    private static IllegalStateException failed(RocksDBException e) {
        return new IllegalStateException("RocksDB failed: " + e.getMessage(), e);
    }

    private static byte[] bytes(long key) {
        return ByteBuffer.allocate(Long.BYTES).putLong(key).array();
    }

    @Override
    public void put(long key, byte[] value, Runnable acknowledged) {
        putDurable(key, value);
        acknowledged.run();
    }

    @Override
    public void putDurable(long key, byte[] value) {
        try {
            store.put(writes, bytes(key), value);
        } catch (RocksDBException e) {
            throw failed(e);
        }
    }

    @Override
    public byte @Nullable [] get(long key) {
        try {
            return store.get(reads, bytes(key));
        } catch (RocksDBException e) {
            throw failed(e);
        }
    }

    @Override
    public void remove(long key) {
        try {
            store.delete(writes, bytes(key));
        } catch (RocksDBException e) {
            throw failed(e);
        }
    }

    /** The write-ahead log is written by each put. */
    @Override
    public void awaitWrites() {}

    @Override
    public long diskBytes() throws UncheckedIOException {
        return DataFiles.bytes(directory);
    }

    /** The log and the tables; not its manifests, which are small. */
    @Override
    public OptionalLong bytesWritten() {
        Statistics counted = statistics;
        if (counted == null) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(counted.getTickerCount(TickerType.WAL_FILE_BYTES)
                + counted.getTickerCount(TickerType.FLUSH_WRITE_BYTES)
                + counted.getTickerCount(TickerType.COMPACT_WRITE_BYTES));
    }

    @Override
    public String settings() {
        return settings;
    }

    @Override
    public void close() {
        references.forEach(AbstractNativeReference::close);
    }
}
