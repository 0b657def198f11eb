package dev.kvdb.engine.recovery;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.FuzzedBlocks;
import dev.kvdb.testkit.OneFile;
import dev.kvdb.testkit.SnapshotBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Index snapshots that a fuzzer made, in memory and without a store: those entries are read that a plain reading finds,
 * and the file is damaged where that says so.
 */
class SnapshotFileFuzzTest {

    private static final int ENTRIES_OF_A_BLOCK = 1024;
    private static final int BYTES_ALLOCATED_MAX = 128 * 1024;
    private static final int BYTES_ALLOCATED_PER_BYTE = 32;
    private static final UUID STORE = new UUID(3, 4);
    private static final Path DIRECTORY = Path.of("fuzzed").toAbsolutePath();

    /** What the file says of itself, keys and locations in turn, and whether it is whole. */
    private record Read(List<Long> header, List<Long> entries, boolean damaged) {}

    @FuzzTest
    void snapshot_isReadForWhatItIsOrDamaged(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        List<CoveredSegment> covered = new ArrayList<>();
        for (int i = input.oneOf(5); i > 0; i--) {
            int id = input.oneOf(8) > 0 ? i : (int) input.number();
            covered.add(new CoveredSegment(id, input.number(), input.number(), input.number(), input.number()));
        }
        long[] made = entries(input);
        byte[] blocks = SnapshotBytes.blocks(made);
        long version = input.oneOf(16) > 0 ? input.oneOf(256) : input.number();
        long count = input.oneOf(16) > 0 ? made.length / 2 : input.number();
        long blockBytes = input.oneOf(16) > 0 ? blocks.length : input.number();
        byte[] bytes = new FuzzedBlocks(made.length / 2, blocks)
                .behind(new SnapshotHeader(STORE, version, count, blockBytes, covered).encode(), input);
        Read[] read = new Read[1];
        OneFile file = new OneFile(bytes);
        long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * bytes.length;
        Allocation.requireAtMost(bytesMax, () -> read[0] = read(file));
        Read expected = plainly(bytes);
        if (!expected.equals(read[0]) || file.open() > 0) {
            throw new AssertionError("read as " + read[0] + ", not as " + expected + "; open: " + file.open());
        }
    }

    /** Keys and locations; most often keys ascend, now and then there are many. */
    private static long[] entries(FuzzInput input) {
        boolean ascending = input.oneOf(8) > 0;
        int first = input.oneOf(64) == 63 ? ENTRIES_OF_A_BLOCK - 2 : 0;
        long[] entries = new long[2 * (first + input.oneOf(64))];
        long key = input.number();
        for (int i = 0; i < entries.length; i += 2) {
            key = ascending ? key + 1 + (i < 2 * first ? 0 : input.oneOf(256)) : input.number();
            entries[i] = key;
            entries[i + 1] = i < 2 * first ? i : input.number();
        }
        return entries;
    }

    private static Read read(OneFile bytes) {
        List<Long> start = new ArrayList<>();
        List<Long> entries = new ArrayList<>();
        try (SnapshotFile.Opened opened = SnapshotFile.openOfAnyStore(new StoreDirectory(bytes, DIRECTORY))) {
            SnapshotHeader header = opened.header();
            start.addAll(List.of(
                    header.storeId().getMostSignificantBits(),
                    header.storeId().getLeastSignificantBits(),
                    header.version(),
                    header.entries(),
                    header.blockBytes()));
            for (CoveredSegment each : header.segments()) {
                start.addAll(List.of(
                        (long) each.id(), each.length(), each.sets(), each.tombstones(), each.tombstoneVersionMax()));
            }
            SnapshotEntries each = new SnapshotEntries(opened.leaves());
            while (each.next()) {
                entries.add(each.key());
                entries.add(each.location());
            }
            return new Read(start, entries, false);
        } catch (DamageException damaged) {
            return new Read(start, entries, true);
        } catch (IOException e) {
            throw new AssertionError("files in memory do not fail", e);
        }
    }

    /** The same without the engine's decoders. */
    private static Read plainly(byte[] bytes) {
        List<Long> start = new ArrayList<>();
        List<Long> entries = new ArrayList<>();
        ByteBuffer file = ByteBuffer.wrap(bytes);
        long segments = bytes.length < 56 ? -1 : file.getInt(12);
        long headerBytes = 56 + 40 * segments + 4;
        boolean begins = segments >= 0
                && headerBytes <= bytes.length
                && file.getLong(0) == 0x4B564442534E500AL
                && file.getShort(8) == 2
                && FuzzedBlocks.hasChecksum(bytes, 0, (int) headerBytes - 4)
                && file.getLong(32) >= 0
                && file.getLong(32) <= Long.MAX_VALUE / 2;
        for (int i = 0; begins && i < segments; i++) {
            long id = file.getLong(56 + 40 * i);
            begins = id >= 1 && id < 1 << 24;
        }
        if (!begins) {
            return new Read(start, entries, true);
        }
        for (int at = 16; at < headerBytes - 4; at += 8) {
            start.add(file.getLong(at));
        }
        long blockBytes = bytes.length - headerBytes;
        long count = file.getLong(40);
        if (file.getLong(48) != blockBytes || count < 0 || count > blockBytes) {
            return new Read(List.of(), entries, true);
        }
        boolean whole = SnapshotBytes.read(bytes, (int) headerBytes, count, (key, location, offset) -> {
            entries.add(key);
            entries.add(location);
        });
        return new Read(start, entries, !whole);
    }
}
