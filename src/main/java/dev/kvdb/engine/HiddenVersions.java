package dev.kvdb.engine;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.log.VersionRange;
import java.util.List;
import java.util.Map;

/**
 * What damage makes uncertain: where it hides records together with their keys, a key whose newest surviving version is
 * below the hidden ones may have had a newer one. Immutable.
 */
final class HiddenVersions {

    private static final HiddenVersions NONE = new HiddenVersions(List.of(), Map.of());

    private final List<VersionRange> ranges;
    private final Map<Long, Long> tombstones;

    private HiddenVersions(List<VersionRange> ranges, Map<Long, Long> tombstones) {
        this.ranges = ranges;
        this.tombstones = tombstones;
    }

    /**
     * @param ranges the hidden versions
     * @param tombstones keys whose newest surviving record is a tombstone, with its version
     */
    static HiddenVersions of(List<VersionRange> ranges, Map<Long, Long> tombstones) {
        return ranges.isEmpty() ? NONE : new HiddenVersions(ranges, tombstones);
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** The first hidden range, for a person. */
    String describe() {
        VersionRange first = ranges.get(0);
        return "damage in " + first.file() + " at offset " + first.offset() + " hides which keys it hit";
    }

    /** @throws DamageException where a key that is absent, as far as can be told, may have a value */
    void checkAbsent(long key) {
        if (!ranges.isEmpty()) {
            checkSurviving(key, tombstones.getOrDefault(key, 0L));
        }
    }

    /** @throws DamageException where a key whose newest surviving record has that version may have a newer one */
    void checkSurviving(long key, long version) {
        for (VersionRange range : ranges) {
            if (version < range.to()) {
                throw new DamageException(
                        range.file(), range.offset(), "records that may include key " + key, "damaged bytes");
            }
        }
    }
}
