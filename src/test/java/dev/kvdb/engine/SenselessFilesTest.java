package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.Blocks;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.SnapshotBytes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files whose checksums are right and whose contents make no sense: caches are dropped, the rest is refused. */
class SenselessFilesTest {

    private static final long[] KEYS = LongStream.range(0, 12).toArray();
    private static final String SEGMENT = "0000000001.log";
    private static final String HINT = "0000000001.hint";

    private FuzzedStore store;
    private Manifest manifest;
    private SegmentHeader header;
    private Map<Long, String> answers;

    @BeforeEach
    void write() {
        Logs.silenceEngine();
        MemoryStore memory = new MemoryStore().open();
        memory.set(1, 10);
        memory.set(2, 20);
        memory.set(3, 30);
        memory.close();
        store = new FuzzedStore(memory.disk);
        manifest = Manifest.decode(ByteBuffer.wrap(store.contents("MANIFEST")), "MANIFEST");
        header = SegmentHeader.decode(ByteBuffer.wrap(store.contents(SEGMENT)), SEGMENT);
        answers = new FuzzedStore(memory.disk).check(KEYS);
    }

    @Test
    void hintsThatMakeNoSense_areDroppedForTheSegment() {
        HintEntry first = new HintEntry(1, 1, 193, 10);
        for (HintEntry second : new HintEntry[] {
            new HintEntry(0, 2, 236, 20),
            new HintEntry(2, 2, -44, 20),
            new HintEntry(2, 2, 0, 20),
            new HintEntry(2, 2, 236, -2),
            new HintEntry(2, 2, 236, Integer.MAX_VALUE),
            new HintEntry(2, 2, 236, FrameHeader.VALUE_BYTES_MAX),
            new HintEntry(2, -1, 236, 20),
            new HintEntry(2, Long.MAX_VALUE, 236, 20),
        }) {
            assertThat(withHint(first, second).check(KEYS)).as("%s", second).isEqualTo(answers);
        }
    }

    private FuzzedStore withHint(HintEntry... records) {
        ByteBuffer hint = ByteBuffer.allocate(records.length * HintEntry.BYTES + Blocks.CRC_BYTES);
        for (HintEntry each : records) {
            each.encode(hint);
        }
        Blocks.seal(hint);
        int segmentBytes = store.contents(SEGMENT).length;
        ByteBuffer start = new HintHeader(manifest.storeId(), 1, segmentBytes, records.length).encode();
        return new FuzzedStore(store.disk).delete("SNAPSHOT").put(HINT, concat(start, hint.flip()));
    }

    @Test
    void snapshotsThatMakeNoSense_areDroppedForTheLog() {
        long first = RecordLocation.of(1, 193, 43);
        for (long[] second : new long[][] {
            {0, RecordLocation.of(1, 236, 53)},
            {1, RecordLocation.of(1, 236, 53)},
            {2, RecordLocation.of(1, 0, 53)},
            {2, RecordLocation.of(1, 100_000, 53)},
            {2, RecordLocation.of(1, 236, 1 << 30)},
            {2, RecordLocation.of(1, 236, 2)},
            {2, RecordLocation.of(1, 236, 1) | 0x3FF},
        }) {
            Map<Long, String> found =
                    withSnapshot(3, 1, first, second[0], second[1]).check(KEYS);
            assertThat(found).as("%s", Arrays.toString(second)).isEqualTo(answers);
        }
        assertThat(withSnapshot(Long.MAX_VALUE, 1, first).check(KEYS)).isEqualTo(answers);
    }

    private FuzzedStore withSnapshot(long version, long... keysAndLocations) {
        byte[] blocks = SnapshotBytes.blocks(keysAndLocations);
        CoveredSegment covered = new CoveredSegment(1, store.contents(SEGMENT).length, 3, 0, 0);
        SnapshotHeader start = new SnapshotHeader(
                manifest.storeId(), version, keysAndLocations.length / 2, blocks.length, List.of(covered));
        return new FuzzedStore(store.disk).put("SNAPSHOT", concat(start.encode(), ByteBuffer.wrap(blocks)));
    }

    @Test
    void manifestsThatMakeNoSense_areRefused() {
        SegmentEntry real = manifest.segments().get(0);
        SegmentEntry open = new SegmentEntry(1, Kind.APPENDED, false, 0);
        for (Manifest each : List.of(
                manifest(1, 2, real, real),
                manifest(1, 3, new SegmentEntry(2, Kind.APPENDED, true, 200), real),
                manifest(1, 3, open, new SegmentEntry(2, Kind.APPENDED, false, 0)),
                manifest(1, 2, new SegmentEntry(1, Kind.REWRITTEN, false, 0)),
                manifest(1, 2, new SegmentEntry(0, Kind.APPENDED, true, 200)),
                manifest(1, 2, new SegmentEntry(-1, Kind.APPENDED, true, 200)),
                manifest(1, 2, new SegmentEntry(1, Kind.APPENDED, true, 127)),
                manifest(1, 2, new SegmentEntry(1, Kind.APPENDED, true, Long.MIN_VALUE)),
                manifest(-1, 2, real),
                manifest(Long.MAX_VALUE, 2, real),
                manifest(1, 1, real),
                manifest(1, -1, real))) {
            FuzzedStore with = new FuzzedStore(store.disk)
                    .delete("SNAPSHOT")
                    .put("MANIFEST", each.encode().array());
            assertThat(with.check(KEYS)).as("%s", each).isEmpty();
        }
    }

    private Manifest manifest(long floor, int nextId, SegmentEntry... segments) {
        return new Manifest(manifest.storeId(), floor, nextId, Arrays.asList(segments));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, FrameHeader.VERSION_MAX + 1})
    void versionsThatNoneIs_areNoVersionsAnywhere(long version) {
        List<SegmentHeader> headers = new ArrayList<>();
        headers.add(new SegmentHeader(Kind.APPENDED, header.storeId(), 1, version, 0, Previous.NONE, 1));
        headers.add(new SegmentHeader(Kind.APPENDED, header.storeId(), 1, 1, version, Previous.NONE, 1));
        for (SegmentHeader each : headers) {
            assertThat(tail(each).check(KEYS).values()).as("%s", each).containsOnly(FuzzedStore.DAMAGED);
        }
        Map<Long, String> found = tail(
                        header, FrameHeader.ofSet(1, 1, new byte[4]), FrameHeader.ofSet(version, 2, new byte[4]))
                .check(KEYS);
        assertThat(found.get(1L)).isEqualTo(FuzzedStore.present(1, new byte[4]));
        assertThat(found.get(2L)).isEqualTo(FuzzedStore.ABSENT);
    }

    @Test
    void segmentIdBeyondAllIds_isDamage() {
        ByteBuffer bytes = ByteBuffer.wrap(store.contents(SEGMENT));
        bytes.putLong(48, (1L << 32) + 1);
        bytes.putInt(124, dev.kvdb.engine.format.Crc32c.of(Arrays.copyOf(bytes.array(), 124)));
        assertThat(store.put(SEGMENT, bytes.array()).check(KEYS))
                .as("by the caches")
                .isEqualTo(answers);
    }

    @Test
    void markThatTakesWhatFollowsItForDurable_isNone() {
        ByteBuffer segment = ByteBuffer.allocate(1000).put(header.encode());
        new Mark(header.storeId(), 1, segment.position(), 5000, 0).encode(segment, header.salt());
        append(segment, header, FrameHeader.ofSet(1, 1, new byte[4]));
        FuzzedStore tail = tail(Arrays.copyOf(segment.array(), segment.position()));
        assertThat(tail.check(KEYS).get(1L)).isEqualTo(FuzzedStore.present(1, new byte[4]));
        Manifest sealed = Manifest.decode(ByteBuffer.wrap(tail.contents("MANIFEST")), "MANIFEST");
        for (SegmentEntry each : sealed.segments()) {
            String name = "000000000" + each.id() + ".log";
            assertThat((long) tail.contents(name).length).isGreaterThanOrEqualTo(each.length());
        }
    }

    @Test
    void markInsideADamagedValue_isAPartOfTheValue() {
        ByteBuffer segment = ByteBuffer.allocate(1000).put(header.encode());
        append(segment, header, FrameHeader.ofSet(1, 1, new byte[4]));
        int torn = segment.position();
        new FrameHeader(2, 1, FrameHeader.Kind.SET, 2, 100).encode(segment, header.salt());
        new Mark(header.storeId(), 1, segment.position(), segment.position(), 2).encode(segment, header.salt());
        segment.position(torn + FrameHeader.setBytes(100));
        Map<Long, String> found =
                tail(Arrays.copyOf(segment.array(), segment.position())).check(KEYS);
        assertThat(found.get(1L)).isEqualTo(FuzzedStore.present(1, new byte[4]));
        assertThat(found.get(2L)).isEqualTo(FuzzedStore.ABSENT);
    }

    @Test
    void markThatTakesHalfARecordForDurable_keepsItWhole() {
        ByteBuffer segment = ByteBuffer.allocate(1000).put(header.encode());
        append(segment, header, FrameHeader.ofSet(1, 1, new byte[4]));
        int half = segment.position() + 20;
        append(segment, header, FrameHeader.ofSet(2, 2, new byte[4]));
        new Mark(header.storeId(), 1, segment.position(), half, 2).encode(segment, header.salt());
        Map<Long, String> found =
                tail(Arrays.copyOf(segment.array(), segment.position())).check(KEYS);
        assertThat(found.get(1L)).isEqualTo(FuzzedStore.present(1, new byte[4]));
        assertThat(found.get(2L)).isEqualTo(FuzzedStore.present(2, new byte[4]));
    }

    @Test
    void hintThatTakesATombstoneForAValue_isNeverAnsweredByOne() {
        ByteBuffer segment =
                ByteBuffer.wrap(Arrays.copyOf(store.contents(SEGMENT), 1000)).position(store.contents(SEGMENT).length);
        int offset = segment.position();
        append(segment, header, FrameHeader.ofRemove(4, 3));
        append(segment, header, FrameHeader.ofSet(5, 4, new byte[4]));
        int bytes = segment.position();
        ByteBuffer hint = ByteBuffer.allocate(HintEntry.BYTES + Blocks.CRC_BYTES);
        new HintEntry(3, 4, offset, 0).encode(hint);
        Blocks.seal(hint);
        FuzzedStore with = new FuzzedStore(store.disk)
                .delete("SNAPSHOT")
                .put(
                        "MANIFEST",
                        manifest(10, 2, new SegmentEntry(1, Kind.APPENDED, true, bytes))
                                .encode()
                                .array())
                .put(SEGMENT, Arrays.copyOf(segment.array(), bytes))
                .put(HINT, concat(new HintHeader(manifest.storeId(), 1, bytes, 1).encode(), hint.flip()));
        assertThat(with.check(KEYS).get(3L)).isEqualTo(FuzzedStore.DAMAGED);
    }

    /** A segment that is still appended to, with these sets in it, and a value of four zeros each. */
    private FuzzedStore tail(SegmentHeader with, FrameHeader... frames) {
        ByteBuffer segment = ByteBuffer.allocate(1000).put(with.encode());
        for (FrameHeader frame : frames) {
            append(segment, with, frame);
        }
        return tail(Arrays.copyOf(segment.array(), segment.position()));
    }

    private static void append(ByteBuffer segment, SegmentHeader header, FrameHeader frame) {
        frame.encode(segment, header.salt());
        segment.put(new byte[frame.valueBytes()]);
    }

    private FuzzedStore tail(byte[] segment) {
        Manifest unsealed = manifest(1, 2, new SegmentEntry(1, Kind.APPENDED, false, 0));
        return new FuzzedStore(store.disk)
                .delete("SNAPSHOT")
                .delete(HINT)
                .put("MANIFEST", unsealed.encode().array())
                .put(SEGMENT, segment);
    }

    private static byte[] concat(ByteBuffer first, ByteBuffer second) {
        byte[] both = Arrays.copyOf(first.array(), first.remaining() + second.remaining());
        second.get(both, first.remaining(), second.remaining());
        return both;
    }
}
