package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.Cursor;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.recovery.Recovered;
import dev.kvdb.engine.recovery.Recovery;
import dev.kvdb.engine.recovery.RecoveryLimits;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Logs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A small store some of whose files a fuzzer made. It is opened as a store is, without its threads, and each key is
 * read as the store reads it.
 *
 * <p>Whatever the bytes are: an open ends with a store or with an error of the family, memory stays within a limit that
 * the size of the files sets, what a read returns is a record that stands in its segment with both checksums right, the
 * next version is above it (unless a cache was forged), and a second open finds the same. For one thread.
 */
final class FuzzedStore {

    /** Buffers and indexes of an open, and of a read of each key. */
    private static final long BYTES_ALLOCATED_MAX = 16L << 20;

    /** What an open may take for each byte on disk. */
    private static final long BYTES_ALLOCATED_PER_BYTE = 64;

    /** What an answer says where damage may have hit a key. */
    static final String DAMAGED = "damaged";

    static final String ABSENT = "absent";
    private static final int OPEN_FILES_MAX = 4;

    final CrashingFileSystem disk;
    private final boolean cachesAreForged;

    static {
        Logs.silenceEngine();
    }

    /** A copy of a store that is not open. */
    FuzzedStore(CrashingFileSystem base) {
        this(base, false);
    }

    private FuzzedStore(CrashingFileSystem base, boolean cachesAreForged) {
        this.disk = base.copy();
        this.cachesAreForged = cachesAreForged;
    }

    /** The same where hints or the snapshot may say what is not so, under the right checksums. */
    FuzzedStore withForgedCaches() {
        return new FuzzedStore(disk, true);
    }

    /** How an answer names an entry. */
    static String present(long version, byte[] value) {
        return version + ":" + Arrays.hashCode(value);
    }

    FuzzedStore put(String name, byte[] content) {
        disk.put(disk.path(name), content);
        return this;
    }

    FuzzedStore delete(String name) {
        try {
            if (disk.exists(disk.path(name))) {
                disk.delete(disk.path(name));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    byte[] contents(String name) {
        return disk.contents(disk.path(name));
    }

    /** The files whose names end so. */
    List<String> names(String... endings) {
        try {
            return disk.list(disk.root()).stream()
                    .filter(name -> Arrays.stream(endings).anyMatch(name::endsWith))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Opens the store and reads keys: those asked for, and all that the index has.
     *
     * @return the answer for each key, empty where the store did not open
     */
    TreeMap<Long, String> check(long... keys) {
        TreeMap<Long, String> answers = new TreeMap<>();
        TreeMap<Long, String> again = new TreeMap<>();
        FuzzedStore before = new FuzzedStore(disk, cachesAreForged);
        long bytesMax = bytesAllocatedMax();
        if (Allocation.of(() -> openAndRead(answers, keys)) > bytesMax) {
            requireMemory(before, bytesMax, keys);
        }
        openAndRead(again, keys);
        if (!answers.equals(again)) {
            throw new AssertionError("a second open finds " + again + ", the first one " + answers);
        }
        if (!disk.openHandles().isEmpty()) {
            throw new AssertionError("files left open: " + disk.openHandles());
        }
        return answers;
    }

    private long bytesAllocatedMax() {
        return BYTES_ALLOCATED_MAX
                + BYTES_ALLOCATED_PER_BYTE
                        * names("").stream()
                                .mapToLong(name -> contents(name).length)
                                .sum();
    }

    /** Measures again: the first time may have loaded classes. */
    private static void requireMemory(FuzzedStore before, long bytesMax, long[] keys) {
        long bytes = Allocation.of(() -> before.openAndRead(new TreeMap<>(), keys));
        if (bytes > bytesMax) {
            throw new AssertionError(bytes + " bytes allocated, over the limit of " + bytesMax);
        }
    }

    private void openAndRead(TreeMap<Long, String> answers, long[] keys) {
        Recovered recovered;
        try {
            StoreDirectory directory = new StoreDirectory(disk, disk.root());
            recovered = new Recovery(
                            directory,
                            new SplittableRandom(1),
                            new RecoveryLimits(OPEN_FILES_MAX, 0),
                            (phase, done, total) -> {})
                    .run();
        } catch (StoreException refused) {
            return;
        } catch (IOException e) {
            throw new AssertionError("files in memory do not fail", e);
        }
        try {
            HiddenVersions hidden = HiddenVersions.of(recovered.hidden(), recovered.tombstones());
            for (long key : keys) {
                answers.put(key, answer(recovered, hidden, key));
            }
            Cursor cursor = recovered.index().cursor(Long.MIN_VALUE);
            while (cursor.next()) {
                answers.put(cursor.key(), answer(recovered, hidden, cursor.key()));
            }
        } finally {
            recovered.segments().close();
        }
    }

    /** Reads as {@link LogStructuredStore#get} does. */
    private String answer(Recovered recovered, HiddenVersions hidden, long key) {
        try {
            long location = recovered.index().get(key);
            if (location == OrderedIndex.ABSENT) {
                hidden.checkAbsent(key);
                return ABSENT;
            }
            Segment segment = recovered.segments().pin(RecordLocation.segmentId(location));
            if (segment == null) {
                throw new AssertionError("key " + key + " is in segment " + RecordLocation.segmentId(location)
                        + ", which the store does not have");
            }
            try {
                SegmentReads.StoredRecord record = SegmentReads.readSet(segment, location, key);
                hidden.checkSurviving(key, record.header().version());
                return checked(recovered, segment, RecordLocation.offset(location), key, record);
            } finally {
                segment.unpin();
            }
        } catch (StoreException damaged) {
            return DAMAGED;
        }
    }

    /** Compares a record with the bytes that it was read from, and answers what it says. */
    private String checked(
            Recovered recovered, Segment segment, int offset, long key, SegmentReads.StoredRecord record) {
        FrameHeader header = record.header();
        byte[] value = new byte[record.value().remaining()];
        record.value().get(value);
        ByteBuffer frame = ByteBuffer.allocate(header.frameBytes());
        header.encode(frame, segment.header().salt());
        frame.put(value);
        byte[] stored = contents(segment.path().substring(segment.path().lastIndexOf('/') + 1));
        boolean asStored = offset + frame.capacity() <= stored.length
                && Arrays.equals(frame.array(), 0, frame.capacity(), stored, offset, offset + frame.capacity());
        if (!asStored || header.key() != key || header.valueCrc() != Crc32c.of(value)) {
            throw new AssertionError("key " + key + " is read as " + header + ", which is not what is stored");
        }
        boolean isNext = recovered.nextVersion() > header.version() || cachesAreForged;
        if (!isNext) {
            throw new AssertionError("next version " + recovered.nextVersion() + ", not above that of " + header);
        }
        return present(header.version(), value);
    }
}
