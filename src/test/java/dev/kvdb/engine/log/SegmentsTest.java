package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentsTest {

    private final LogFixture fixture = new LogFixture();

    @Test
    void moreSegmentsThanFilesMayBeOpen_filesAreClosedAndOpenedAgain() throws IOException {
        Segments segments = withSealed(10, 3);
        for (int round = 0; round < 3; round++) {
            for (int id = 1; id <= 10; id++) {
                Segment segment = segments.pin(id);
                assertThat(segment).isNotNull();
                assertThat(SegmentReads.read(segment, firstRecord(id), 0)
                                .header()
                                .key())
                        .isZero();
                segment.unpin();
                assertThat(segments.openFiles()).isBetween(1, 3);
            }
        }
        assertThat(fixture.disk.openHandles()).hasSize(segments.openFiles());
    }

    @Test
    void pinnedFiles_areNotClosedForRoom() throws IOException {
        Segments segments = withSealed(6, 2);
        List<Segment> pinned = new ArrayList<>();
        for (int id = 1; id <= 6; id++) {
            pinned.add(segments.pin(id));
        }
        assertThat(segments.openFiles()).isEqualTo(6);
        for (Segment segment : pinned) {
            assertThat(SegmentReads.read(segment, firstRecord(segment.id()), 0)).isNotNull();
            segment.unpin();
        }
        Segment again = segments.pin(1);
        assertThat(again).isSameAs(pinned.get(0));
    }

    @Test
    void fileThatWasUsedLately_isClosedAfterOthers() throws IOException {
        Segments segments = withSealed(3, 2);
        pinAndUnpin(segments, 1);
        pinAndUnpin(segments, 2);
        segments.all().get(0).park();
        segments.all().get(1).park();
        pinAndUnpin(segments, 1);
        pinAndUnpin(segments, 3);

        assertThat(segments.all().get(0).isOpen()).isTrue();
        assertThat(segments.all().get(1).isOpen()).isFalse();
    }

    @Test
    void retired_refusesPinsAndClosesItsFile() throws IOException {
        Segments segments = withSealed(2, 8);
        pinAndUnpin(segments, 1);
        Segment first = segments.all().get(0);
        Segment second = segments.all().get(1);
        first.retire();
        second.retire();
        first.retire();

        assertThat(first.pin()).isFalse();
        assertThat(second.pin()).isFalse();
        assertThat(segments.pin(1)).isNull();
        assertThat(fixture.disk.openHandles()).isEmpty();
    }

    @Test
    void retiredWhilePinned_isReadToTheEndAndThenClosed() throws IOException {
        Segments segments = withSealed(1, 8);
        Segment segment = segments.pin(1);
        segments.change(new Segments.Change().remove(segments.all()), 100);
        assertThat(segments.find(1))
                .as("still to be read until it is forgotten")
                .isSameAs(segment);
        segments.forget(List.of(segment));
        fixture.directory.deleteIfExists(StoreFileNames.segment(1));

        assertThat(segments.find(1)).isNull();
        assertThat(segment.pin()).isFalse();
        assertThat(SegmentReads.read(segment, firstRecord(1), 0).header().version())
                .isEqualTo(1);
        segment.unpin();
        assertThat(fixture.disk.openHandles()).isEmpty();
        assertThatThrownBy(segment::file).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fileThatCannotBeOpened_isAnErrorAndTheNextPinTriesAgain() throws IOException {
        Segments segments = withSealed(1, 8);
        fixture.files.inject(Fault.on(FileOperation.OPEN));

        assertThatThrownBy(() -> segments.pin(1))
                .isInstanceOf(StoreIoException.class)
                .hasMessageContaining("0000000001.log");
        assertThat(segments.pin(1)).isNotNull();
    }

    @Test
    void segmentsThatAreNotThere_areNotFound() throws IOException {
        Segments segments = withSealed(3, 8);

        assertThat(segments.find(0)).isNull();
        assertThat(segments.find(4)).isNull();
        assertThat(segments.pin(9)).isNull();
        assertThat(segments.of(firstRecord(2)).id()).isEqualTo(2);
        assertThatThrownBy(() -> segments.of(firstRecord(9))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void changes_replaceTheManifestAsAWhole() throws IOException {
        Segments segments = withSealed(3, 8);
        int from = fixture.disk.position();
        segments.change(
                new Segments.Change()
                        .remove(List.of(segments.all().get(0)))
                        .add(fixture.sealed(segments.nextId(), 1, 10)),
                77);

        Manifest manifest = fixture.manifest();
        assertThat(manifest.versionFloor()).isEqualTo(77);
        assertThat(manifest.segments().stream().map(Manifest.SegmentEntry::id)).containsExactly(2, 3, 4);
        assertThat(manifest.segments()).allMatch(Manifest.SegmentEntry::sealed);
        assertThat(fixture.disk.trace(from).lines().filter(line -> line.contains("MANIFEST")))
                .last()
                .isEqualTo("rename MANIFEST.tmp MANIFEST");
        assertThat(fixture.disk.trace(from)).containsPattern("sync MANIFEST.tmp\nrename .*\nsyncdir");
        segments.change(new Segments.Change(), 5);
        assertThat(fixture.manifest().versionFloor()).as("never falls").isEqualTo(77);
    }

    @Test
    void idThatIsGivenOut_isAllThatChangesInTheManifest() throws IOException {
        Segment tail = fixture.sealed(1, 2, 10);
        Manifest before = new Manifest(
                LogFixture.STORE, 7, 2, List.of(new Manifest.SegmentEntry(1, SegmentHeader.Kind.APPENDED, false, 0)));
        Segments segments = new Segments(fixture.directory, before, 8);
        segments.adopt(tail);
        int id = segments.nextId();
        segments.giveOut(id);
        assertThat(fixture.manifest()).isEqualTo(new Manifest(before.storeId(), 7, id + 1, before.segments()));

        int from = fixture.disk.position();
        segments.giveOut(id);
        assertThat(fixture.disk.position()).as("given out again").isEqualTo(from);
        segments.change(new Segments.Change().seal(tail, tail.length()), 5);
        assertThat(fixture.manifest().versionFloor()).isEqualTo(7);
        assertThat(fixture.manifest().nextSegmentId()).isEqualTo(id + 1);
    }

    @Test
    void manifestThatCannotBeWritten_leavesTheOldOneAndTheOldSet() throws IOException {
        Segments segments = withSealed(2, 8);
        Manifest before = fixture.manifest();
        fixture.files.inject(Fault.on(FileOperation.WRITE).named("MANIFEST.tmp").as(Fault.Kind.NO_SPACE));

        assertThatThrownBy(() -> segments.change(new Segments.Change().remove(segments.all()), 9))
                .isInstanceOf(IOException.class);
        assertThat(fixture.manifest()).isEqualTo(before);
        assertThat(segments.all()).hasSize(2);
    }

    @Test
    void manifestOfWhichItIsUnknownWhetherItStands_isAnErrorOfItsOwn() throws IOException {
        for (FileOperation failing : List.of(FileOperation.RENAME, FileOperation.SYNC_DIRECTORY)) {
            LogFixture fresh = new LogFixture();
            Segments segments = fresh.segments(8);
            fresh.files.inject(Fault.on(failing));

            assertThatThrownBy(() -> segments.change(new Segments.Change(), 9))
                    .isInstanceOf(UncertainManifestException.class)
                    .hasMessageContaining("MANIFEST");
        }
    }

    @Test
    void idsOfSegments_areNeverUsedTwiceAndEnd() throws IOException {
        Segments last = new Segments(
                fixture.directory, new Manifest(LogFixture.STORE, 1, RecordLocation.SEGMENT_ID_MAX, List.of()), 8);

        assertThat(last.nextId()).isEqualTo(RecordLocation.SEGMENT_ID_MAX);
        assertThatThrownBy(last::nextId).isInstanceOf(StoreIoException.class).hasMessageContaining("ids are used");
    }

    @Test
    void idThatIsGivenBack_isGivenOutAgainUnlessALaterOneWas() {
        Segments segments = fixture.segments(8);
        int first = segments.nextId();
        segments.giveBack(first);
        assertThat(segments.lastId()).isZero();
        assertThat(segments.nextId()).isEqualTo(first);

        int later = segments.nextId();
        segments.giveBack(first);
        assertThat(segments.lastId()).isEqualTo(later);
        assertThat(segments.nextId()).isEqualTo(later + 1);
    }

    @Test
    void idThatTheManifestOnDiskHasGivenOut_isNotGivenOutAgain() throws IOException {
        Segments segments = fixture.segments(8);
        int id = segments.nextId();
        segments.change(new Segments.Change(), 1);
        segments.giveBack(id);

        assertThat(segments.nextId()).isEqualTo(fixture.manifest().nextSegmentId());
    }

    @Test
    void close_retiresWhatIsListedAndWhatLeaves() throws IOException {
        Segments segments = withSealed(3, 8);
        pinAndUnpin(segments, 1);
        pinAndUnpin(segments, 2);
        segments.change(new Segments.Change().remove(List.of(segments.all().get(0))), 9);
        segments.close();

        assertThat(fixture.disk.openHandles()).isEmpty();
        assertThat(segments.pin(2)).isNull();
    }

    @Test
    void activeSegment_isNeverParked() throws IOException {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 9, 1);
        Segment active = Segment.active(
                header, fixture.directory, fixture.appender(header).file());

        assertThat(active.park()).isFalse();
        assertThat(active.isOpen()).isTrue();
        assertThat(active.isSealed()).isFalse();
    }

    @Test
    void fileWhoseCloseFails_isGivenUpAllTheSame() throws IOException {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 9, 1);
        StoreFile file = fixture.appender(header).file();
        Segment active = Segment.active(header, fixture.directory, new FileThatCannotClose(file));
        active.retire();

        assertThat(active.isOpen()).isFalse();
        assertThat(active.pin()).isFalse();
    }

    private record FileThatCannotClose(StoreFile file) implements StoreFile {
        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            file.write(source, position);
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void sync() throws IOException {
            file.sync();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void close() throws IOException {
            throw new IOException("as if");
        }
    }

    private static void pinAndUnpin(Segments segments, int id) {
        Segment segment = segments.pin(id);
        assertThat(segment).isNotNull();
        segment.unpin();
    }

    private static long firstRecord(int segmentId) {
        return RecordLocation.of(segmentId, 128 + 65, 33 + 10);
    }

    private Segments withSealed(int count, int openFilesMax) throws IOException {
        Segments segments = fixture.segments(openFilesMax);
        Segments.Change change = new Segments.Change();
        for (int id = 1; id <= count; id++) {
            change.add(fixture.sealed(segments.nextId(), 2, 10));
        }
        segments.change(change, 3);
        return segments;
    }
}
