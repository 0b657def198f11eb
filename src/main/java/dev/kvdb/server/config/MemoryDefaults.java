package dev.kvdb.server.config;

/**
 * The limits on memory that hold where no key sets them: a share of the heap, and no more than suits a large one, so
 * that a server with a small heap turns clients away before it runs out of memory.
 *
 * @param cacheBytes of {@code kvdb.cache.size}
 * @param writeQueueBytes of {@code kvdb.write-queue.bytes-max}; their values are in flight as well
 * @param bytesInFlight of {@code kvdb.limits.bytes-in-flight}
 * @param requestsInFlight of {@code kvdb.limits.requests-in-flight}
 */
record MemoryDefaults(long cacheBytes, long writeQueueBytes, long bytesInFlight, int requestsInFlight) {

    private static final long MIB = 1024 * 1024;
    private static final long CACHE_BYTES_MAX = 64 * MIB;
    private static final long WRITE_QUEUE_BYTES_MAX = 64 * MIB;
    private static final long BYTES_IN_FLIGHT_MAX = 256 * MIB;

    private static final int REQUESTS_IN_FLIGHT_MAX = 16_384;

    /** Heap for each call in flight: several times what one takes besides its messages. */
    private static final int HEAP_BYTES_OF_REQUEST = 16 * 1024;

    private static final int CACHE_SHARE = 8;
    private static final int WRITE_QUEUE_SHARE = 8;
    private static final int IN_FLIGHT_SHARE = 4;

    /** Heap of a server without keys, values and calls. */
    private static final long SERVER_BYTES = 40 * MIB;

    /** What the collector of Java's garbage needs to work in, as a share of the heap. */
    private static final int COLLECTOR_SHARE = 8;

    /** The index may have as much in any case, at the cost of what else is there. */
    private static final int INDEX_SHARE_MIN = 8;

    /**
     * What {@code kvdb.index.size-max} is where it is not set: all of the heap that nothing else may take.
     *
     * @param heapBytes what the heap may grow to
     * @param cacheBytes what cached values may take of it
     * @param bytesInFlight what messages may take of it
     * @param upkeepBytes what collections and the like may take of it
     */
    static long indexBytes(long heapBytes, long cacheBytes, long bytesInFlight, long upkeepBytes) {
        long left = heapBytes - heapBytes / COLLECTOR_SHARE - SERVER_BYTES - cacheBytes - bytesInFlight - upkeepBytes;
        return Math.max(left, heapBytes / INDEX_SHARE_MIN);
    }

    /**
     * @param heapBytes what the heap may grow to
     * @param messageBytesMax the largest message; there is room for one in any case
     */
    static MemoryDefaults ofHeap(long heapBytes, int messageBytesMax) {
        return new MemoryDefaults(
                Math.min(CACHE_BYTES_MAX, heapBytes / CACHE_SHARE),
                Math.max(messageBytesMax, Math.min(WRITE_QUEUE_BYTES_MAX, heapBytes / WRITE_QUEUE_SHARE)),
                Math.max(messageBytesMax, Math.min(BYTES_IN_FLIGHT_MAX, heapBytes / IN_FLIGHT_SHARE)),
                (int) Math.min(REQUESTS_IN_FLIGHT_MAX, heapBytes / HEAP_BYTES_OF_REQUEST));
    }
}
