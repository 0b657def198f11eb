package dev.kvdb.engine.log;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.FuzzedBlocks;
import dev.kvdb.testkit.OneFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Hint files that a fuzzer made, in memory and without a store: those records are read that a plain reading finds, and
 * the file is damaged where that says so.
 */
class HintFileFuzzTest {

    private static final int ENTRY_BYTES = 24;
    private static final int HEADER_BYTES = 64;
    private static final long SEGMENT_LENGTH = 4096;
    private static final int BYTES_ALLOCATED_MAX = 128 * 1024;
    private static final int BYTES_ALLOCATED_PER_BYTE = 32;
    private static final SegmentHeader SEGMENT =
            new SegmentHeader(Kind.APPENDED, new UUID(3, 4), 7, 1, 0, Previous.NONE, 98765);
    private static final Path DIRECTORY = Path.of("fuzzed").toAbsolutePath();

    /** Records up to the end, or up to damage. */
    private record Read(List<HintEntry> records, boolean damaged) {}

    @FuzzTest
    void hint_isReadForWhatItIsOrDamaged(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        FuzzedBlocks blocks = FuzzedBlocks.of(input, ENTRY_BYTES, HintFileFuzzTest::putEntry);
        int id = input.oneOf(32) > 0 ? SEGMENT.segmentId() : 1;
        long length = input.oneOf(32) > 0 ? SEGMENT_LENGTH : input.number();
        long entries = input.oneOf(32) > 0 ? blocks.entries() : input.number();
        byte[] bytes = blocks.behind(new HintHeader(SEGMENT.storeId(), id, length, entries).encode(), input);
        Read expected = plainly(bytes);
        for (boolean briefly : new boolean[] {false, true}) {
            Read[] read = new Read[1];
            OneFile file = new OneFile(bytes);
            long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * bytes.length;
            Allocation.requireAtMost(bytesMax, () -> read[0] = read(file, briefly));
            if (!expected.equals(read[0]) || file.open() > 0) {
                throw new AssertionError("read as " + read[0] + ", not as " + expected + "; open: " + file.open());
            }
        }
    }

    /** Most often the record behind the one before, by key or by version. */
    private static void putEntry(ByteBuffer target, int number, FuzzInput input) {
        long key = input.oneOf(16) > 0 ? number + input.oneOf(2) : input.number();
        long version = input.oneOf(16) > 0 ? number + 1L : input.number();
        int offset = input.oneOf(16) > 0 ? 128 + input.oneOf(256) : (int) input.number();
        int valueBytes = input.oneOf(16) > 0 ? input.oneOf(100) - 1 : (int) input.number();
        target.putLong(key).putLong(version).putInt(offset).putInt(valueBytes);
    }

    private static Read read(OneFile bytes, boolean briefly) {
        StoreDirectory directory = new StoreDirectory(bytes, DIRECTORY);
        Segment segment = Segment.sealed(SEGMENT, directory, SEGMENT_LENGTH);
        List<HintEntry> records = new ArrayList<>();
        try (HintFile hint = briefly ? HintFile.openBriefly(directory, segment) : HintFile.open(directory, segment)) {
            for (HintEntry entry = hint.next(); entry != null; entry = hint.next()) {
                records.add(entry);
            }
            return new Read(records, false);
        } catch (DamageException damaged) {
            return new Read(records, true);
        } catch (IOException e) {
            throw new AssertionError("files in memory do not fail", e);
        }
    }

    /** The same without the engine's decoders. */
    private static Read plainly(byte[] bytes) {
        List<HintEntry> records = new ArrayList<>();
        ByteBuffer file = ByteBuffer.wrap(bytes);
        boolean begins = bytes.length >= HEADER_BYTES
                && file.getLong(0) == 0x4B564442484E540AL
                && file.getShort(8) == 1
                && file.getLong(16) == SEGMENT.storeId().getMostSignificantBits()
                && file.getLong(24) == SEGMENT.storeId().getLeastSignificantBits()
                && file.getLong(32) == SEGMENT.segmentId()
                && file.getLong(40) == SEGMENT_LENGTH
                && FuzzedBlocks.hasChecksum(bytes, 0, 60);
        if (!begins) {
            return new Read(records, true);
        }
        HintEntry[] before = new HintEntry[1];
        boolean whole = FuzzedBlocks.read(bytes, HEADER_BYTES, file.getLong(48), ENTRY_BYTES, at -> {
            HintEntry entry =
                    new HintEntry(file.getLong(at), file.getLong(at + 8), file.getInt(at + 16), file.getInt(at + 20));
            boolean fits = mayBe(entry) && (before[0] == null || isBehind(entry, before[0]));
            if (fits) {
                records.add(entry);
                before[0] = entry;
            }
            return fits;
        });
        return new Read(records, !whole);
    }

    private static boolean mayBe(HintEntry entry) {
        long frameBytes = entry.valueBytes() == -1 ? 25 : 33L + entry.valueBytes();
        return entry.version() >= 0
                && entry.version() <= Long.MAX_VALUE / 2
                && entry.valueBytes() >= -1
                && entry.offset() >= 128
                && entry.offset() + frameBytes <= SEGMENT_LENGTH;
    }

    private static boolean isBehind(HintEntry entry, HintEntry before) {
        return entry.key() > before.key() || (entry.key() == before.key() && entry.version() >= before.version());
    }
}
