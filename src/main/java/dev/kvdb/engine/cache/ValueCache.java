package dev.kvdb.engine.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalListener;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Values by key, each with the location that it was read from: it is served only while the index still holds that
 * location. Bounded by the bytes of the values and a fixed cost each; eviction is Caffeine's W-TinyLFU (Einziger,
 * Friedman, Manes, 2017).
 *
 * <p>While there is room, each value that is read from disk is kept. Once anything had to be evicted, a value is taken
 * at the second read of its key within a while: what is read once, as in a scan or by keys all alike, would cost more
 * to put in and evict than it cost to read. A written value takes the place of an older one of its key, and is not
 * taken otherwise; its first read counts as a second one. A value that is larger than all room is never taken.
 *
 * <p>Safe for use by several threads. Runs its upkeep in the threads that use it.
 */
public final class ValueCache {

    /**
     * What an entry costs beside its value, in bytes: key, location, version, and the objects around them. An estimate.
     */
    private static final int ENTRY_BYTES = 128;

    /** A key is remembered for each so many bytes, which is more keys than values of usual sizes have room. */
    private static final int BYTES_PER_RECENT_KEY = 128;

    private final Cache<Long, CachedValue> values;
    private final RecentKeys recentKeys;
    private final long valueBytesMax;
    private final boolean enabled;
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder evictions = new LongAdder();

    /** Whether anything was ever evicted. */
    private volatile boolean filled;

    /**
     * A value and where it was read from.
     *
     * @param location the record's location
     * @param version the record's version
     * @param value must not be changed
     */
    public record CachedValue(long location, long version, byte[] value) {}

    /** @param bytesMax what the cache may hold; 0 turns it off */
    public ValueCache(long bytesMax) {
        enabled = bytesMax > 0;
        recentKeys = new RecentKeys(bytesMax / BYTES_PER_RECENT_KEY);
        long weightMax = Math.max(0, bytesMax - recentKeys.bytes());
        valueBytesMax = weightMax - ENTRY_BYTES;
        values = Caffeine.newBuilder()
                .maximumWeight(weightMax)
                .weigher((Long key, CachedValue cached) -> ENTRY_BYTES + cached.value().length)
                .evictionListener((RemovalListener<Long, CachedValue>) (key, cached, cause) -> countEviction())
                .executor(Runnable::run)
                .build();
    }

    /** The key's value, where it was read from that location. */
    public @Nullable CachedValue get(long key, long location) {
        CachedValue cached = enabled ? values.getIfPresent(key) : null;
        if (cached == null || cached.location() != location) {
            return null;
        }
        hits.increment();
        return cached;
    }

    /** Counts a read that had to go to disk. */
    public void countMiss() {
        misses.increment();
    }

    /** A value was read from disk. It must not be changed from now on. */
    public void read(long key, long location, long version, byte[] value) {
        if (enabled && value.length <= valueBytesMax && (!filled || recentKeys.note(key))) {
            values.put(key, new CachedValue(location, version, value));
        }
    }

    /** A key has a new value. It must not be changed from now on. */
    public void written(long key, long location, long version, byte[] value) {
        if (!enabled) {
            return;
        }
        Long boxed = key;
        if (value.length > valueBytesMax) {
            values.invalidate(boxed);
        } else if (values.policy().getIfPresentQuietly(boxed) != null) {
            values.asMap().replace(boxed, new CachedValue(location, version, value));
        } else if (filled) {
            boolean unused = recentKeys.note(key);
        }
    }

    /** Forgets a key's value. */
    public void remove(long key) {
        if (enabled) {
            values.invalidate(key);
        }
    }

    /** The record moved, with the same value and version. */
    public void relocate(long key, long from, long to) {
        if (enabled) {
            values.asMap()
                    .computeIfPresent(
                            key,
                            (k, cached) -> cached.location() == from
                                    ? new CachedValue(to, cached.version(), cached.value())
                                    : cached);
        }
    }

    /** Reads answered. */
    public long hits() {
        return hits.sum();
    }

    /** Reads that had to go to disk. */
    public long misses() {
        return misses.sum();
    }

    /** Values dropped for room. */
    public long evictions() {
        return evictions.sum();
    }

    private void countEviction() {
        evictions.increment();
        if (!filled) {
            filled = true;
        }
    }

    /** Bytes held. */
    public long bytes() {
        return values.policy()
                .eviction()
                .flatMap(eviction -> eviction.weightedSize().stream().boxed().findFirst())
                .orElse(0L);
    }
}
