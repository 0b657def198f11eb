package dev.kvdb.engine;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.format.Blocks;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.SnapshotBytes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** Hints and snapshots that a fuzzer made: any bytes, and entries of any content whose checksums are right. */
class CacheFuzzTest {

    static {
        Logs.silenceEngine();
    }

    private static final CrashingFileSystem SEALED = VerificationScenario.smallStore();
    private static final List<String> SEGMENTS = new FuzzedStore(SEALED).names(".log");
    private static final String SNAPSHOT = "SNAPSHOT";
    private static final int BYTES_MAX = 64 * 1024;
    private static final int SNAPSHOT_ENTRIES_MAX = 4096;
    private static final long[] KEYS = LongStream.range(0, 12).toArray();

    @FuzzTest
    void hint_isReadForWhatItIsOrDroppedForTheSegment(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        if (input.oneOf(4) == 0) {
            anyBytesAsAHint(input);
        } else {
            hintWithTheRightChecksums(input);
        }
    }

    private static void anyBytesAsAHint(FuzzInput input) {
        FuzzedStore store = new FuzzedStore(SEALED);
        if (input.oneOf(2) == 0) {
            store.delete(SNAPSHOT);
        }
        String name = hintOf(SEGMENTS.get(input.oneOf(SEGMENTS.size())));
        store.put(name, input.rest()).withForgedCaches().check(KEYS);
    }

    private static void hintWithTheRightChecksums(FuzzInput input) {
        FuzzedStore store = new FuzzedStore(SEALED).delete(SNAPSHOT);
        String segment = SEGMENTS.get(input.oneOf(SEGMENTS.size()));
        SegmentHeader header = header(store, segment);
        int segmentBytes = store.contents(segment).length;
        ByteBuffer entries = ByteBuffer.allocate(BYTES_MAX);
        long count = 0;
        while (!input.isEmpty() && entries.remaining() > 2 * HintEntry.BYTES && count < Blocks.ENTRIES) {
            int offset = input.oneOf(2) == 0 ? input.oneOf(256) * 256 + input.oneOf(256) : (int) input.number();
            int valueBytes = input.oneOf(2) == 0 ? input.oneOf(32) - 1 : (int) input.number();
            new HintEntry(input.number(), input.number(), offset, valueBytes).encode(entries);
            count++;
        }
        if (count > 0) {
            Blocks.seal(entries);
        }
        HintHeader hint = new HintHeader(header.storeId(), header.segmentId(), segmentBytes, count);
        store.put(hintOf(segment), concat(hint.encode(), entries.flip()))
                .withForgedCaches()
                .check(KEYS);
    }

    @FuzzTest
    void snapshot_isReadForWhatItIsOrDroppedForTheLog(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        if (input.oneOf(4) == 0) {
            new FuzzedStore(SEALED)
                    .put(SNAPSHOT, input.rest())
                    .withForgedCaches()
                    .check(KEYS);
        } else {
            snapshotWithTheRightChecksums(input);
        }
    }

    private static void snapshotWithTheRightChecksums(FuzzInput input) {
        FuzzedStore store = new FuzzedStore(SEALED);
        List<CoveredSegment> covered = new ArrayList<>();
        int some = input.oneOf(1 << SEGMENTS.size());
        for (int i = 0; i < SEGMENTS.size(); i++) {
            if ((some >> i & 1) == 0) {
                int id = header(store, SEGMENTS.get(i)).segmentId();
                covered.add(new CoveredSegment(
                        id, store.contents(SEGMENTS.get(i)).length, input.number(), input.number(), input.number()));
            }
        }
        List<Long> entries = new ArrayList<>();
        long version = input.number();
        while (!input.isEmpty() && entries.size() < 2 * SNAPSHOT_ENTRIES_MAX) {
            int place = input.oneOf(256);
            long location = place < 128
                    ? RecordLocation.of(1 + input.oneOf(8), place * 8L + input.oneOf(8), 1 + input.oneOf(60))
                    : input.number();
            entries.add(input.number());
            entries.add(location);
        }
        byte[] blocks =
                SnapshotBytes.blocks(entries.stream().mapToLong(Long::longValue).toArray());
        Manifest manifest = Manifest.decode(ByteBuffer.wrap(store.contents("MANIFEST")), "MANIFEST");
        ByteBuffer header =
                new SnapshotHeader(manifest.storeId(), version, entries.size() / 2, blocks.length, covered).encode();
        store.put(SNAPSHOT, concat(header, ByteBuffer.wrap(blocks)))
                .withForgedCaches()
                .check(KEYS);
    }

    private static SegmentHeader header(FuzzedStore store, String segment) {
        return SegmentHeader.decode(ByteBuffer.wrap(store.contents(segment)), segment);
    }

    private static String hintOf(String segment) {
        return segment.replace(".log", ".hint");
    }

    private static byte[] concat(ByteBuffer first, ByteBuffer second) {
        byte[] both = Arrays.copyOf(first.array(), first.remaining() + second.remaining());
        second.get(both, first.remaining(), second.remaining());
        return both;
    }
}
