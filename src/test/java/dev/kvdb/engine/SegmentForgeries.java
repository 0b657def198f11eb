package dev.kvdb.engine;

import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.recovery.Finding;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What can be wrong with segments whose checksums are right. */
final class SegmentForgeries {

    private static final String REWRITTEN = "0000000001.log";
    private static final String APPENDED = "0000000002.log";
    private static final String LAST = "0000000003.log";
    private static final String LAST_HINT = "0000000003.hint";
    private static final String FOREIGN = "0000000004.log";
    private static final String SNAPSHOT = "SNAPSHOT";

    private SegmentForgeries() {}

    static Stream<Forgery> all() {
        return Stream.of(ofFrames(), ofMarks(), ofHeaders()).flatMap(each -> each);
    }

    private static Stream<Forgery> ofFrames() {
        return Stream.of(
                new Forgery(
                        "rewritten record of a version below its segment's",
                        store -> inRewritten(store, 3, segment -> segment.set(2, 100, 5)),
                        Finding.Kind.VERSION,
                        REWRITTEN,
                        "key 100, version 2 is in a segment of versions 3 to 10"),
                new Forgery(
                        "rewritten record of a version above its segment's",
                        store -> inRewritten(store, 3, segment -> segment.remove(11, 100)),
                        Finding.Kind.VERSION,
                        REWRITTEN,
                        "key 100, version 11 is in a segment of versions 3 to 10"),
                new Forgery(
                        "appended record of a version that is not above all before it",
                        store -> inLast(store, segment -> segment.set(16, 100, 5)),
                        Finding.Kind.FRAME,
                        LAST,
                        "expected a frame"),
                new Forgery(
                        "record of a kind that is not known",
                        store -> {
                            long offset = store.rewritten.records.row(1).offset();
                            ByteBuffer bytes = ByteBuffer.wrap(store.rewritten.contents());
                            ForgedSegment.changeKind(bytes, (int) offset, store.rewritten.header.salt());
                            store.disk.put(store.disk.path(REWRITTEN), bytes.array());
                            store.delete("0000000001.hint");
                            return offset;
                        },
                        Finding.Kind.UNSUPPORTED,
                        REWRITTEN,
                        "records that this build knows"),
                new Forgery(
                        "frame that damage hides, of a key that has no value any more",
                        store -> {
                            long offset = store.appended.records.row(2).offset();
                            store.disk.flipBit(store.disk.path(APPENDED), offset, 0);
                            store.delete("0000000002.hint");
                            return offset;
                        },
                        Finding.Kind.FRAME,
                        APPENDED,
                        "up to the mark at offset"),
                new Forgery(
                        "segment that ends before such a frame",
                        store -> {
                            long offset = store.appended.records.row(2).offset();
                            store.disk.truncateFile(store.disk.path(APPENDED), offset);
                            store.delete("0000000002.hint");
                            return offset;
                        },
                        Finding.Kind.LENGTH,
                        APPENDED,
                        "before the 367 bytes that the manifest lists"));
    }

    private static Stream<Forgery> ofMarks() {
        return Stream.of(
                mark(
                        "mark of another store",
                        mark -> new Mark(
                                ForgedStore.OTHER_ID,
                                mark.segmentId(),
                                mark.offset(),
                                mark.durableTo(),
                                mark.lastVersion())),
                mark(
                        "mark of another segment",
                        mark -> new Mark(mark.storeId(), 4, mark.offset(), mark.durableTo(), mark.lastVersion())),
                mark(
                        "mark that takes what follows it for durable",
                        mark -> new Mark(
                                mark.storeId(),
                                mark.segmentId(),
                                mark.offset(),
                                mark.offset() + 1,
                                mark.lastVersion())),
                new Forgery(
                        "mark of another size",
                        store -> inLast(
                                store,
                                segment -> segment.frame(new FrameHeader(
                                        segment.lastVersion(),
                                        Crc32c.of(new byte[40]),
                                        FrameHeader.Kind.MARK,
                                        segment.end(),
                                        40))),
                        Finding.Kind.MARK,
                        LAST,
                        "is none of this segment"),
                new Forgery(
                        "mark of another size whose value is damaged too",
                        store -> inLast(
                                        store,
                                        segment -> segment.frame(new FrameHeader(
                                                segment.lastVersion(), 1, FrameHeader.Kind.MARK, segment.end(), 40)))
                                + FrameHeader.BYTES_MAX,
                        Finding.Kind.VALUE,
                        LAST,
                        "the value of a mark, 40 bytes"),
                new Forgery(
                        "mark of a version below one before it",
                        store -> inLast(
                                store,
                                segment -> segment.mark(new Mark(
                                        ForgedStore.ID, 3, segment.end(), segment.end(), segment.lastVersion() - 1))),
                        Finding.Kind.MARK,
                        LAST,
                        "says that version 15 was the last, behind version 16"));
    }

    private static Forgery mark(String name, UnaryOperator<Mark> change) {
        return new Forgery(
                name,
                store -> inLast(
                        store,
                        segment -> segment.mark(change.apply(
                                new Mark(ForgedStore.ID, 3, segment.end(), segment.end(), segment.lastVersion())))),
                Finding.Kind.MARK,
                LAST,
                "is none of this segment");
    }

    /** Adds something to the rewritten segment, where its first version is another; answers where. */
    private static long inRewritten(ForgedStore store, long firstVersion, UnaryOperator<ForgedSegment> more) {
        ForgedSegment segment = new ForgedSegment(
                        new SegmentHeader(Kind.REWRITTEN, ForgedStore.ID, 1, firstVersion, 10, Previous.NONE, 17))
                .mark()
                .set(4, 1, 8);
        long offset = segment.end();
        store.put(more.apply(segment).mark()).delete(SNAPSHOT);
        return offset;
    }

    /** Adds something to the last segment, in front of a mark; answers where. */
    private static long inLast(ForgedStore store, UnaryOperator<ForgedSegment> more) {
        ForgedSegment segment = ForgedStore.appended(3, 14, store.appended.asPrevious())
                .mark()
                .set(14, 1, 6)
                .remove(15, 5)
                .set(16, 6, 6);
        long offset = segment.end();
        store.put(more.apply(segment).mark());
        if (segment.records.rows() > 3) {
            store.delete(LAST_HINT);
        }
        return offset;
    }

    private static Stream<Forgery> ofHeaders() {
        return Stream.of(
                foreign("file of another segment", ForgedStore.ID, 5, Kind.APPENDED),
                foreign("segment of another store", ForgedStore.OTHER_ID, 4, Kind.APPENDED),
                foreign("segment of another kind than listed", ForgedStore.ID, 4, Kind.REWRITTEN),
                new Forgery(
                        "segment of a later format",
                        store -> {
                            ByteBuffer bytes =
                                    ByteBuffer.wrap(store.last.contents()).putShort(8, (short) 2);
                            bytes.putInt(124, Crc32c.of(Arrays.copyOf(bytes.array(), 124)));
                            store.disk.put(store.disk.path(LAST), bytes.array());
                            return 0;
                        },
                        Finding.Kind.UNSUPPORTED,
                        LAST,
                        "format version 2"),
                previous(
                        "length",
                        previous -> new Previous(previous.segmentId(), previous.length() + 1, previous.lastVersion())),
                previous(
                        "last version",
                        previous -> new Previous(previous.segmentId(), previous.length(), previous.lastVersion() - 1)));
    }

    private static Forgery foreign(String name, java.util.UUID storeId, int id, Kind kind) {
        SegmentEntry listed = new SegmentEntry(4, Kind.APPENDED, true, SegmentHeader.BYTES);
        return new Forgery(
                name,
                store -> {
                    store.put(
                            new ForgedSegment(new SegmentHeader(kind, storeId, id, 17, 17, Previous.NONE, 4)), listed);
                    return 0;
                },
                Finding.Kind.HEADER,
                FOREIGN,
                "no frame of the segment can be checked");
    }

    private static Forgery previous(String what, UnaryOperator<Previous> change) {
        return new Forgery(
                "segment that says another " + what + " of the one before it",
                store -> {
                    store.put(ForgedStore.appended(3, 14, change.apply(store.appended.asPrevious()))
                            .mark()
                            .set(14, 1, 6)
                            .remove(15, 5)
                            .mark());
                    return 0;
                },
                Finding.Kind.HEADER,
                LAST,
                "of the segment before it, which has 367 bytes and version 13");
    }
}
