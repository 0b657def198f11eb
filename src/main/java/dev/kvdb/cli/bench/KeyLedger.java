package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import dev.kvdb.v1.GetResponse;
import java.util.PrimitiveIterator;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of a run have done to the keys, which nobody else may write to meanwhile: which were set, and for each
 * the newest version that was acknowledged, below which no later read may fall.
 *
 * <p>Once a key's remove was sent it is not checked any more. Safe for use by several threads.
 */
final class KeyLedger {

    private static final long NONE = 0;
    private static final long UNKNOWN = -1;

    private final long firstKey;
    private final int keys;
    private final @Nullable AtomicIntegerArray written;
    private final @Nullable AtomicLongArray versions;

    KeyLedger(LoadSettings settings) {
        firstKey = settings.firstKey();
        keys = settings.keys();
        written = settings.isTracked() ? new AtomicIntegerArray(keys / Integer.SIZE + 1) : null;
        versions = settings.isVerified() ? new AtomicLongArray(keys) : null;
    }

    /** A set is about to be sent. */
    void setSent(int index) {
        if (written != null && !isWritten(index)) {
            written.accumulateAndGet(index / Integer.SIZE, 1 << index, (bits, bit) -> bits | bit);
        }
    }

    /** A remove is about to be sent. */
    void removeSent(int index) {
        if (versions != null) {
            versions.set(index, UNKNOWN);
        }
    }

    /** A set was acknowledged. */
    void setAcknowledged(int index, long version) {
        if (versions != null) {
            versions.accumulateAndGet(index, version, (was, is) -> was == UNKNOWN ? UNKNOWN : Math.max(was, is));
        }
    }

    /** The version that a read which is sent now must at least see; 0 or less where it may see anything. */
    long expectedVersion(int index) {
        return versions == null ? NONE : versions.get(index);
    }

    /** What is wrong with the reply to a read, or null. */
    @Nullable
    String wrong(int index, long expectedVersion, GetResponse reply) {
        if (versions == null || expectedVersion <= NONE || versions.get(index) == UNKNOWN) {
            return null;
        }
        String key = "key " + (firstKey + index);
        if (!reply.hasEntry()) {
            return key + " has no value, though version " + expectedVersion + " was acknowledged before";
        }
        long version = reply.getEntry().getVersion();
        if (version < expectedVersion) {
            return key + " has version " + version + ", though version " + expectedVersion + " was acknowledged before";
        }
        ByteString value = reply.getEntry().getValue();
        return Values.isOf(firstKey + index, value)
                ? null
                : key + ", version " + version + ", has " + value.size() + " bytes that were not set";
    }

    /** One worker's part of the keys for which a set was sent, in ascending order. */
    PrimitiveIterator.OfInt writtenKeys(int worker, int workers) {
        return IntStream.range(0, keys)
                .filter(index -> index % workers == worker && isWritten(index))
                .iterator();
    }

    private boolean isWritten(int index) {
        return written != null && (written.get(index / Integer.SIZE) & (1 << index)) != 0;
    }
}
