package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import dev.kvdb.client.ClientException;
import dev.kvdb.v1.Entry;
import dev.kvdb.v1.GetResponse;
import java.util.PrimitiveIterator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of a run have done to the keys, which nobody else may write to meanwhile: which were set or may have
 * been, and for each the newest version that was acknowledged, below which no later read may fall, and its stamp.
 *
 * <p>Once a key's remove was sent it is not checked any more. Safe for use by several threads.
 */
final class KeyLedger {

    private static final long NONE = 0;
    private static final long UNKNOWN = -1;
    private static final int LOCKS = 64;

    private final long firstKey;
    private final int keys;
    private final ValueSizes sizes;
    private final @Nullable KeyBits written;
    private final @Nullable KeyBits uncertain;
    private final @Nullable Newest newest;
    private volatile boolean hasWritten;
    private volatile boolean hasUncertain;

    KeyLedger(LoadSettings settings) {
        firstKey = settings.firstKey();
        keys = settings.keys();
        sizes = settings.valueSizes();
        written = settings.isTracked() ? new KeyBits(keys) : null;
        uncertain = settings.isTracked() ? new KeyBits(keys) : null;
        newest = settings.isVerified() ? new Newest(keys) : null;
    }

    /** The newest acknowledged set of each key. */
    private static final class Newest {

        private final Object[] locks =
                IntStream.range(0, LOCKS).mapToObj(i -> new Object()).toArray();
        private final long[] versions;
        private final long[] stamps;

        Newest(int keys) {
            versions = new long[keys];
            stamps = new long[keys];
        }

        void set(int index, long version, long stamp) {
            synchronized (locks[index % LOCKS]) {
                if (versions[index] != UNKNOWN && version > versions[index]) {
                    versions[index] = version;
                    stamps[index] = stamp;
                }
            }
        }

        void forget(int index) {
            synchronized (locks[index % LOCKS]) {
                versions[index] = UNKNOWN;
            }
        }

        long version(int index) {
            synchronized (locks[index % LOCKS]) {
                return versions[index];
            }
        }

        /** The stamp where the key's newest version is this one. */
        @Nullable
        Long stampOf(int index, long version) {
            synchronized (locks[index % LOCKS]) {
                return versions[index] == version ? stamps[index] : null;
            }
        }
    }

    /** A remove is about to be sent. */
    void removeSent(int index) {
        if (newest != null) {
            newest.forget(index);
        }
    }

    /** A set of the value that has this stamp was acknowledged. */
    void setAcknowledged(int index, long version, long stamp) {
        markWritten(index);
        if (newest != null) {
            newest.set(index, version, stamp);
        }
    }

    /** A set failed. Unless it was refused or never sent, it may have been applied. */
    void setFailed(int index, ClientException failure) {
        boolean isWithoutEffect =
                failure.kind() == ClientException.Kind.REFUSED || failure.kind() == ClientException.Kind.UNREACHABLE;
        if (isWithoutEffect) {
            return;
        }
        markWritten(index);
        if (uncertain != null) {
            uncertain.add(index);
            hasUncertain = true;
        }
    }

    private void markWritten(int index) {
        if (!hasWritten) {
            hasWritten = true;
        }
        if (written != null) {
            written.add(index);
        }
    }

    /** Whether a set was acknowledged, or may have been applied. */
    boolean hasWritten() {
        return hasWritten;
    }

    /** The version that a read which is sent now must at least see; 0 or less where it may see anything. */
    long expectedVersion(int index) {
        return newest == null ? NONE : newest.version(index);
    }

    /** What is wrong with the reply to a read, or null. */
    @Nullable
    String wrong(int index, long expectedVersion, GetResponse reply) {
        if (newest == null || expectedVersion <= NONE || newest.version(index) == UNKNOWN) {
            return null;
        }
        String key = "key " + (firstKey + index);
        if (!reply.hasEntry()) {
            return key + " has no value, though version " + expectedVersion + " was acknowledged before";
        }
        Entry entry = reply.getEntry();
        long version = entry.getVersion();
        if (version < expectedVersion) {
            return key + " has version " + version + ", though version " + expectedVersion + " was acknowledged before";
        }
        ByteString value = entry.getValue();
        Long stamp = newest.stampOf(index, version);
        boolean isRight = stamp != null
                ? Values.make(firstKey + index, stamp, sizes).equals(value)
                : Values.isOf(firstKey + index, sizes, value);
        return isRight ? null : key + ", version " + version + ", has " + value.size() + " bytes that were not set";
    }

    /** One worker's part of the keys that a set was applied to, or may have been, in ascending order. */
    PrimitiveIterator.OfInt writtenKeys(int worker, int workers) {
        return keysIn(written, worker, workers);
    }

    /** Whether sets ended without it being known whether they were applied, or will be. */
    boolean hasUncertain() {
        return hasUncertain;
    }

    /** One worker's part of the keys of such sets, in ascending order. */
    PrimitiveIterator.OfInt uncertainKeys(int worker, int workers) {
        return keysIn(uncertain, worker, workers);
    }

    private PrimitiveIterator.OfInt keysIn(@Nullable KeyBits bits, int worker, int workers) {
        return IntStream.range(0, keys)
                .filter(index -> index % workers == worker && bits != null && bits.contains(index))
                .iterator();
    }
}
