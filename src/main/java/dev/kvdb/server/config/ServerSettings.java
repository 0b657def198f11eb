package dev.kvdb.server.config;

import dev.kvdb.engine.StoreOptions;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The checked configuration. An instance holds only values in range; an error names the key, its value and the range in
 * one line.
 *
 * <p>Immutable.
 */
@Singleton
public class ServerSettings {

    /**
     * Bytes of a request beyond its value: enough that a value just over the limit is refused by kvdb, with details,
     * and not by the transport.
     */
    public static final int MESSAGE_ROOM_BYTES = 64 * 1024;

    private static final Logger LOG = Logger.getLogger(ServerSettings.class);
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;

    private final Path dataDirectory;
    private final StoreOptions storeOptions;
    private final int readThreads;
    private final int readQueueRequestsMax;
    private final int requestsInFlightMax;
    private final long bytesInFlightMax;
    private final Duration gracePeriod;
    private final long verifyBytesPerSecondMax;
    private final Optional<Duration> scrubPeriod;
    private final long scrubBytesPerSecondMax;

    /** @throws ConfigurationException where a value is out of its range */
    @Inject
    public ServerSettings(ServerConfiguration configuration) {
        this(configuration, Runtime.getRuntime().maxMemory());
    }

    /** With a heap that may grow to so many bytes. */
    ServerSettings(ServerConfiguration configuration, long heapBytes) {
        dataDirectory = configuration.dataDirectory().toAbsolutePath().normalize();
        storeOptions = storeOptions(configuration, heapBytes);
        if (storeOptions.reserveBytes() > 0 && storeOptions.reserveBytes() < storeOptions.segmentBytesMax()) {
            LOG.warnf(
                    "kvdb.storage.reserve-size is %s, less than kvdb.storage.segment-size (%s): on a full disk, garbage"
                            + " collection may find no room for a copy; set it to a little more than that",
                    text(storeOptions.reserveBytes()), text(storeOptions.segmentBytesMax()));
        }
        readThreads = (int) inRange("kvdb.read-threads", configuration.readThreads(), 1, 1_024);
        readQueueRequestsMax = (int) inRange(
                "kvdb.read-queue.requests-max", configuration.readQueue().requestsMax(), 1, 1_000_000);
        MemoryDefaults memory = MemoryDefaults.ofHeap(heapBytes, messageBytesMax());
        requestsInFlightMax = (int) inRange(
                "kvdb.limits.requests-in-flight",
                configuration.limits().requestsInFlight().orElse(memory.requestsInFlight()),
                1,
                1_000_000);
        bytesInFlightMax = bytesInFlight(configuration, memory, messageBytesMax());
        warnOfSmallHeap(heapBytes);
        gracePeriod = duration(
                "kvdb.shutdown.grace-period",
                configuration.shutdown().gracePeriod(),
                Duration.ZERO,
                Duration.ofHours(1));
        verifyBytesPerSecondMax =
                size("kvdb.verify.rate-max", configuration.verify().rateMax(), 0, Long.MAX_VALUE);
        scrubPeriod = configuration
                .scrub()
                .period()
                .map(period -> duration("kvdb.scrub.period", period, Duration.ofSeconds(1), Duration.ofDays(365)));
        scrubBytesPerSecondMax =
                size("kvdb.scrub.rate-max", configuration.scrub().rateMax(), 0, Long.MAX_VALUE);
        duration("kvdb.gc.period", configuration.gc().period(), Duration.ofSeconds(1), Duration.ofDays(1));
    }

    private void warnOfSmallHeap(long heapBytes) {
        long bytes = storeOptions.cacheBytesMax() + bytesInFlightMax;
        if (bytes < 0 || bytes > heapBytes / 4 * 3) {
            LOG.warnf(
                    "kvdb.cache.size (%s) and kvdb.limits.bytes-in-flight (%s) leave too little of a heap of %s, which"
                            + " holds the index too: lower them, or give Java a larger heap (JAVA_OPTS=-Xmx...)",
                    text(storeOptions.cacheBytesMax()), text(bytesInFlightMax), text(heapBytes));
        }
    }

    private static StoreOptions storeOptions(ServerConfiguration configuration, long heapBytes) {
        ServerConfiguration.Storage storage = configuration.storage();
        int segmentBytesMax = (int) size("kvdb.storage.segment-size", storage.segmentSize(), 64 * KIB, GIB);
        int valueBytesMax = (int) size("kvdb.storage.value-size-max", storage.valueSizeMax(), 0, segmentBytesMax / 4);
        int messageBytesMax = valueBytesMax + MESSAGE_ROOM_BYTES;
        MemoryDefaults memory = MemoryDefaults.ofHeap(heapBytes, messageBytesMax);
        long cacheBytes = size("kvdb.cache.size", configuration.cache().size(), 0, memory.cacheBytes());
        return new StoreOptions(
                storage.syncPolicy(),
                (int) duration(
                                "kvdb.storage.sync-interval",
                                storage.syncInterval(),
                                Duration.ofMillis(1),
                                Duration.ofMinutes(1))
                        .toMillis(),
                segmentBytesMax,
                valueBytesMax,
                cacheBytes,
                indexBytesMax(
                        configuration.index(),
                        MemoryDefaults.indexBytes(
                                heapBytes,
                                cacheBytes,
                                bytesInFlight(configuration, memory, messageBytesMax),
                                StoreOptions.upkeepBytes(segmentBytesMax))),
                (int) inRange(
                        "kvdb.write-queue.requests-max",
                        configuration.writeQueue().requestsMax(),
                        1,
                        1_000_000),
                size(
                        "kvdb.write-queue.bytes-max",
                        configuration.writeQueue().bytesMax(),
                        Math.max(1, valueBytesMax),
                        memory.writeQueueBytes()),
                (int) inRange("kvdb.storage.open-files-max", storage.openFilesMax(), 16, 1_000_000),
                size("kvdb.storage.reserve-size", storage.reserveSize(), 0, Long.MAX_VALUE),
                quota(storage, segmentBytesMax),
                size("kvdb.storage.snapshot-log-size", storage.snapshotLogSize(), MIB, Long.MAX_VALUE),
                garbageCollection(configuration.gc()));
    }

    private static long bytesInFlight(ServerConfiguration configuration, MemoryDefaults memory, int messageBytesMax) {
        return size(
                "kvdb.limits.bytes-in-flight",
                configuration.limits().bytesInFlight(),
                messageBytesMax,
                memory.bytesInFlight());
    }

    private static long indexBytesMax(ServerConfiguration.Index index, long otherwise) {
        long bytes = size("kvdb.index.size-max", index.sizeMax(), 0, otherwise);
        if (bytes > 0 && bytes < MIB) {
            throw outOfRange("kvdb.index.size-max", text(bytes), "0 for no limit, or at least " + text(MIB));
        }
        return bytes;
    }

    private static long quota(ServerConfiguration.Storage storage, int segmentBytesMax) {
        long reserve = size("kvdb.storage.reserve-size", storage.reserveSize(), 0, Long.MAX_VALUE);
        long quota = size("kvdb.storage.quota", storage.quota(), 0, Long.MAX_VALUE);
        long min = StoreOptions.quotaBytesMin(reserve, segmentBytesMax);
        if (quota > 0 && quota < min) {
            throw outOfRange(
                    "kvdb.storage.quota",
                    text(quota),
                    "0 for none, or at least " + text(min) + ": kvdb.storage.reserve-size and two segments");
        }
        return quota;
    }

    private static StoreOptions.GarbageCollection garbageCollection(ServerConfiguration.Gc gc) {
        return new StoreOptions.GarbageCollection(
                size("kvdb.gc.log-size-min", gc.logSizeMin(), 0, Long.MAX_VALUE),
                share("kvdb.gc.dead-share-min", gc.deadShareMin(), 0.01, ""),
                share("kvdb.gc.dead-share-max", gc.deadShareMax(), gc.deadShareMin(), ", kvdb.gc.dead-share-min,"),
                size("kvdb.gc.rate-max", gc.rateMax(), 0, Long.MAX_VALUE),
                0,
                true);
    }

    private static double share(String key, double value, double min, String minIs) {
        if (!(value >= min && value <= 0.99)) {
            throw outOfRange(key, value, "from " + min + minIs + " to 0.99");
        }
        return value;
    }

    private static long inRange(String key, long value, long min, long max) {
        if (value < min || value > max) {
            throw outOfRange(key, value, "from " + min + " to " + max);
        }
        return value;
    }

    private static long size(String key, MemorySize value, long min, long max) {
        BigInteger bytes = value.asBigInteger();
        if (bytes.compareTo(BigInteger.valueOf(min)) < 0 || bytes.compareTo(BigInteger.valueOf(max)) > 0) {
            String range = max == Long.MAX_VALUE ? "at least " + text(min) : "from " + text(min) + " to " + text(max);
            throw outOfRange(key, text(bytes), range);
        }
        return bytes.longValueExact();
    }

    /** A size without an upper bound that may be left to a default. */
    private static long size(String key, Optional<MemorySize> value, long min, long otherwise) {
        return value.isPresent() ? size(key, value.get(), min, Long.MAX_VALUE) : otherwise;
    }

    private static Duration duration(String key, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw outOfRange(key, text(value), "from " + text(min) + " to " + text(max));
        }
        return value;
    }

    private static ConfigurationException outOfRange(String key, Object value, String range) {
        return new ConfigurationException(key + " is " + value + ", must be " + range, Set.of(key));
    }

    private static String text(long bytes) {
        return text(BigInteger.valueOf(bytes));
    }

    private static String text(BigInteger bytes) {
        String[] units = {"", "K", "M", "G"};
        BigInteger step = BigInteger.valueOf(KIB);
        int unit = 0;
        while (unit < units.length - 1 && bytes.signum() > 0 && bytes.mod(step).signum() == 0) {
            bytes = bytes.divide(step);
            unit++;
        }
        return bytes + units[unit];
    }

    private static String text(Duration duration) {
        return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    /** Absolute path of the store's directory. */
    public Path dataDirectory() {
        return dataDirectory;
    }

    /** The engine's options. It does not look for garbage by itself: the server's schedule does. */
    public StoreOptions storeOptions() {
        return storeOptions;
    }

    /** Largest message that the transport must let in, in bytes. */
    public int messageBytesMax() {
        return storeOptions.valueBytesMax() + MESSAGE_ROOM_BYTES;
    }

    /** Threads that read values from disk. */
    public int readThreads() {
        return readThreads;
    }

    /** Reads that may wait for such a thread. */
    public int readQueueRequestsMax() {
        return readQueueRequestsMax;
    }

    /** Calls that may be in flight. */
    public int requestsInFlightMax() {
        return requestsInFlightMax;
    }

    /** Bytes of messages that may be in flight. */
    public long bytesInFlightMax() {
        return bytesInFlightMax;
    }

    /**
     * Bytes that requests which have arrived in part may take up: one of the largest always may, with what its pieces
     * take up beside their bytes.
     */
    public long arrivingBytesMax() {
        long largest = messageBytesMax();
        return Math.max(bytesInFlightMax / 2, largest + largest / 8);
    }

    /** How long calls in flight may take to finish at a stop. */
    public Duration gracePeriod() {
        return gracePeriod;
    }

    /** How fast a call of Verify reads that does not say; 0 for no limit. */
    public long verifyBytesPerSecondMax() {
        return verifyBytesPerSecondMax;
    }

    /** How often the server verifies its store by itself; empty for never. */
    public Optional<Duration> scrubPeriod() {
        return scrubPeriod;
    }

    /** How fast it reads then; 0 for no limit. */
    public long scrubBytesPerSecondMax() {
        return scrubBytesPerSecondMax;
    }
}
