package dev.kvdb.engine;

import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.log.DiskReserve;

/**
 * How a store behaves. Immutable; start from {@link #DEFAULTS} and change what differs.
 *
 * @param syncPolicy when a write is acknowledged
 * @param syncIntervalMillis how often {@link SyncPolicy#INTERVAL} syncs; 1 to 60,000
 * @param segmentBytesMax a segment file is sealed before it would grow past this; 64 KiB to 1 GiB
 * @param valueBytesMax largest value accepted; 0 to a fourth of {@code segmentBytesMax}
 * @param cacheBytesMax heap that cached values may hold; 0 turns the cache off
 * @param indexBytesMax heap that the index of all keys may take: at it keys that are not there yet are refused, and a
 *     store that needs more is not opened; 0 for no limit, else at least 1 MiB
 * @param writeQueueRequestsMax writes that may wait for the committer or be on their way to disk; 1 to 1,000,000
 * @param writeQueueBytesMax bytes of their values; at least {@code valueBytesMax}
 * @param openFilesMax segment files held open for reads; 16 to 1,000,000
 * @param reserveBytes size of a preallocated file that is given up when the disk is full, so that removes and garbage
 *     collection can go on; 0 for none, {@link #RESERVE_AS_IT_IS} to leave what there is. A collection copies up to
 *     {@code segmentBytesMax}: with less it may find no room
 * @param quotaBytes bytes that all files of the store may hold, the reserve included: at it the store takes no sets
 *     until garbage collection or removes have made room, as on a full disk; 0 for no limit, else at least
 *     {@code reserveBytes} and two segments. Removes and collections go beyond it by what the reserve does not cover
 * @param snapshotLogBytes an index snapshot is written each time the log has grown by so much, or by twice the size of
 *     the last one where that is more; at least 64 KiB
 * @param garbageCollection when and how fast garbage is collected
 */
public record StoreOptions(
        SyncPolicy syncPolicy,
        int syncIntervalMillis,
        int segmentBytesMax,
        int valueBytesMax,
        long cacheBytesMax,
        long indexBytesMax,
        int writeQueueRequestsMax,
        long writeQueueBytesMax,
        int openFilesMax,
        long reserveBytes,
        long quotaBytes,
        long snapshotLogBytes,
        GarbageCollection garbageCollection) {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** As {@link #reserveBytes}: the store is opened for a while, beside its usual owner's options. */
    public static final long RESERVE_AS_IT_IS = DiskReserve.AS_IT_IS;

    /** Durable writes, 64 MiB segments, 16 MiB values, a 64 MiB cache. */
    public static final StoreOptions DEFAULTS = new StoreOptions(
            SyncPolicy.ALWAYS,
            1_000,
            64 * MIB,
            16 * MIB,
            64L * MIB,
            0,
            65_536,
            64L * MIB,
            512,
            80L * MIB,
            0,
            256L * MIB,
            new GarbageCollection(64L * MIB, 0.28, 0.4, 0, 1_000, true));

    /**
     * When and how fast garbage is collected. The shares are of what can be reclaimed.
     *
     * @param logBytesMin while the log is smaller no segment is rewritten for its garbage, unless that is asked for
     * @param deadShareMin at rest, while hardly anything is written, garbage is collected until it is at most this
     *     share of the log; and no segment is rewritten for its garbage that has less of it; 0.01 to 0.99
     * @param deadShareMax the share of the log that garbage may reach while writes come in; {@code deadShareMin} to
     *     0.99. The more it is, the less is copied and the more disk is needed. A log of few segments takes up to two
     *     segments more
     * @param bytesPerSecondMax how fast live records are copied; 0 for no limit
     * @param checkIntervalMillis how often the store itself looks for garbage; 0 where the owner calls
     *     {@link Store#collectGarbage}
     * @param checkWhenSealed whether the store itself looks for garbage each time a segment is full, while writes come
     *     in; without it the log may pass {@code deadShareMax} by what is written between two looks
     */
    public record GarbageCollection(
            long logBytesMin,
            double deadShareMin,
            double deadShareMax,
            long bytesPerSecondMax,
            int checkIntervalMillis,
            boolean checkWhenSealed) {

        /** @throws InvalidStoreArgumentException where an option is out of its range */
        public GarbageCollection {
            check("garbageCollection.logBytesMin", logBytesMin, 0, Long.MAX_VALUE);
            check("garbageCollection.bytesPerSecondMax", bytesPerSecondMax, 0, Long.MAX_VALUE);
            check("garbageCollection.checkIntervalMillis", checkIntervalMillis, 0, 86_400_000);
            checkShare("garbageCollection.deadShareMin", deadShareMin, 0.01);
            checkShare("garbageCollection.deadShareMax", deadShareMax, deadShareMin);
        }

        /** The same share of garbage under load and at rest, and looks for it by time only. */
        public GarbageCollection(
                long logBytesMin, double deadShareMin, long bytesPerSecondMax, int checkIntervalMillis) {
            this(logBytesMin, deadShareMin, deadShareMin, bytesPerSecondMax, checkIntervalMillis, false);
        }

        private static void checkShare(String name, double value, double min) {
            if (!(value >= min && value <= 0.99)) {
                throw InvalidStoreArgumentException.option(name, value, "from " + min + " to 0.99");
            }
        }
    }

    /** @throws InvalidStoreArgumentException where an option is out of its range */
    public StoreOptions {
        check("syncIntervalMillis", syncIntervalMillis, 1, 60_000);
        check("segmentBytesMax", segmentBytesMax, 64 * KIB, 1024 * MIB);
        check("valueBytesMax", valueBytesMax, 0, segmentBytesMax / 4);
        check("cacheBytesMax", cacheBytesMax, 0, Long.MAX_VALUE);
        if (indexBytesMax != 0) {
            check("indexBytesMax", indexBytesMax, MIB, Long.MAX_VALUE);
        }
        check("writeQueueRequestsMax", writeQueueRequestsMax, 1, 1_000_000);
        check("writeQueueBytesMax", writeQueueBytesMax, Math.max(1, valueBytesMax), Long.MAX_VALUE);
        check("openFilesMax", openFilesMax, 16, 1_000_000);
        check("reserveBytes", reserveBytes, RESERVE_AS_IT_IS, Long.MAX_VALUE);
        check("quotaBytes", quotaBytes, 0, Long.MAX_VALUE);
        if (quotaBytes > 0) {
            check("quotaBytes", quotaBytes, quotaBytesMin(reserveBytes, segmentBytesMax), Long.MAX_VALUE);
        }
        check("snapshotLogBytes", snapshotLogBytes, 64 * KIB, Long.MAX_VALUE);
    }

    /** The least quota that leaves room to write and to collect garbage: the reserve and two segments. */
    public static long quotaBytesMin(long reserveBytes, int segmentBytesMax) {
        return Math.max(0, reserveBytes) + 2L * segmentBytesMax;
    }

    /**
     * Heap that garbage collection and the writing of hints take at their peak, beside index and cache: for each record
     * of a segment a row of its table, the order that it is read in, a row of its copy's table and the place that it
     * was copied from. That is 92 bytes where the tables have just grown, or 9/4 of a record with a value of 8 bytes.
     */
    public static long upkeepBytes(int segmentBytesMax) {
        return segmentBytesMax / 4L * 9;
    }

    /** A builder that starts from these options. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    private static void check(String name, long value, long min, long max) {
        if (value < min || value > max) {
            String range = max == Long.MAX_VALUE ? "at least " + min : "from " + min + " to " + max;
            throw InvalidStoreArgumentException.option(name, value, range);
        }
    }

    /** Changes some options of many. Not safe for use by several threads. */
    public static final class Builder {

        private SyncPolicy syncPolicy;
        private int syncIntervalMillis;
        private int segmentBytesMax;
        private int valueBytesMax;
        private long cacheBytesMax;
        private long indexBytesMax;
        private int writeQueueRequestsMax;
        private long writeQueueBytesMax;
        private int openFilesMax;
        private long reserveBytes;
        private long quotaBytes;
        private long snapshotLogBytes;
        private GarbageCollection garbageCollection;

        private Builder(StoreOptions from) {
            syncPolicy = from.syncPolicy;
            syncIntervalMillis = from.syncIntervalMillis;
            segmentBytesMax = from.segmentBytesMax;
            valueBytesMax = from.valueBytesMax;
            cacheBytesMax = from.cacheBytesMax;
            indexBytesMax = from.indexBytesMax;
            writeQueueRequestsMax = from.writeQueueRequestsMax;
            writeQueueBytesMax = from.writeQueueBytesMax;
            openFilesMax = from.openFilesMax;
            reserveBytes = from.reserveBytes;
            quotaBytes = from.quotaBytes;
            snapshotLogBytes = from.snapshotLogBytes;
            garbageCollection = from.garbageCollection;
        }

        /** See {@link StoreOptions#syncPolicy}. */
        public Builder syncPolicy(SyncPolicy value) {
            syncPolicy = value;
            return this;
        }

        /** See {@link StoreOptions#syncIntervalMillis}. */
        public Builder syncIntervalMillis(int value) {
            syncIntervalMillis = value;
            return this;
        }

        /** See {@link StoreOptions#segmentBytesMax}. */
        public Builder segmentBytesMax(int value) {
            segmentBytesMax = value;
            return this;
        }

        /** See {@link StoreOptions#valueBytesMax}. */
        public Builder valueBytesMax(int value) {
            valueBytesMax = value;
            return this;
        }

        /** See {@link StoreOptions#cacheBytesMax}. */
        public Builder cacheBytesMax(long value) {
            cacheBytesMax = value;
            return this;
        }

        /** See {@link StoreOptions#indexBytesMax}. */
        public Builder indexBytesMax(long value) {
            indexBytesMax = value;
            return this;
        }

        /** See {@link StoreOptions#writeQueueRequestsMax}. */
        public Builder writeQueueRequestsMax(int value) {
            writeQueueRequestsMax = value;
            return this;
        }

        /** See {@link StoreOptions#writeQueueBytesMax}. */
        public Builder writeQueueBytesMax(long value) {
            writeQueueBytesMax = value;
            return this;
        }

        /** See {@link StoreOptions#openFilesMax}. */
        public Builder openFilesMax(int value) {
            openFilesMax = value;
            return this;
        }

        /** See {@link StoreOptions#reserveBytes}. */
        public Builder reserveBytes(long value) {
            reserveBytes = value;
            return this;
        }

        /** See {@link StoreOptions#quotaBytes}. */
        public Builder quotaBytes(long value) {
            quotaBytes = value;
            return this;
        }

        /** See {@link StoreOptions#snapshotLogBytes}. */
        public Builder snapshotLogBytes(long value) {
            snapshotLogBytes = value;
            return this;
        }

        /** See {@link StoreOptions#garbageCollection}. */
        public Builder garbageCollection(GarbageCollection value) {
            garbageCollection = value;
            return this;
        }

        /** @throws InvalidStoreArgumentException where an option is out of its range */
        public StoreOptions build() {
            return new StoreOptions(
                    syncPolicy,
                    syncIntervalMillis,
                    segmentBytesMax,
                    valueBytesMax,
                    cacheBytesMax,
                    indexBytesMax,
                    writeQueueRequestsMax,
                    writeQueueBytesMax,
                    openFilesMax,
                    reserveBytes,
                    quotaBytes,
                    snapshotLogBytes,
                    garbageCollection);
        }
    }
}
