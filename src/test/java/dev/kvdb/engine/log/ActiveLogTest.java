package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ActiveLogTest {

    private static final int SEGMENT_BYTES = 4096;

    private final LogFixture fixture = new LogFixture();
    private final Segments segments = fixture.segments(8);
    private final List<Segment> sealed = new ArrayList<>();
    private final ActiveLog log = new ActiveLog(segments, new SplittableRandom(1), SEGMENT_BYTES, () -> 0, sealed::add);
    private long version = 1;

    @Test
    void eachDurableGroup_beginsWithAMarkThatSaysWhatIsDurable() throws IOException {
        group(10);
        group(20);
        group(30);
        log.seal(version);

        List<Mark> marks = marks(1);
        assertThat(marks).extracting(Mark::offset).containsExactly(128L, 236L, 354L, 482L);
        assertThat(marks).allMatch(mark -> mark.durableTo() == mark.offset());
        assertThat(marks).extracting(Mark::lastVersion).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void groupThatDoesNotFit_goesToANewSegmentAsAWhole() throws IOException {
        for (int i = 0; i < 20; i++) {
            group(1000);
        }
        assertThat(segments.all()).hasSizeGreaterThan(5);
        for (Segment segment : segments.all()) {
            assertThat(segment.length()).isLessThanOrEqualTo(SEGMENT_BYTES);
        }
        assertThat(sealed).hasSize(segments.all().size() - 1).allMatch(Segment::isSealed);
        Manifest manifest = fixture.manifest();
        assertThat(manifest.segments().stream().filter(entry -> !entry.sealed()))
                .hasSize(1);
        SegmentHeader second = segments.all().get(1).header();
        assertThat(second.previous().segmentId()).isEqualTo(1);
        assertThat(second.previous().length()).isEqualTo(segments.all().get(0).length());
        assertThat(second.previous().lastVersion()).isEqualTo(second.firstVersion() - 1);
    }

    @Test
    void groupThatWasTakenBack_isNotDurablyGoneBeforeASync() throws IOException {
        group(10);
        log.begin(43, version);
        append(10);
        log.flush();
        log.rollBack();

        assertThat(log.isDurable())
                .as("a crash may bring the group back, so no reply may rely on its absence")
                .isFalse();
        log.sync();
        assertThat(log.isDurable()).isTrue();
    }

    @Test
    void groupThatWasTakenBack_leavesNothingAndTheNextBeginsWithAMark() throws IOException {
        group(10);
        long end = segments.all().get(0).length();
        log.begin(43, version);
        append(10);
        log.flush();
        log.rollBack();

        assertThat(fixture.disk.contents(fixture.disk.path("0000000001.log"))).hasSize((int) end);
        assertThat(log.hasUnmarkedData())
                .as("the first group still has no mark behind it")
                .isTrue();
        group(20);
        log.seal(version);
        assertThat(marks(1)).extracting(Mark::offset).containsExactly(128L, end, end + 65 + 53);
    }

    @Test
    void sealThatRanOutOfSpace_isTakenBackAndDoneLaterWithItsMark() throws IOException {
        group(10);
        fixture.files.inject(Fault.on(FileOperation.WRITE).named("MANIFEST.tmp").as(Fault.Kind.NO_SPACE));
        assertThatThrownBy(() -> log.seal(version)).isInstanceOf(NoSpaceException.class);
        log.rollBack();
        log.seal(version);

        assertThat(sealed).hasSize(1);
        assertThat(marks(1)).hasSize(2);
        assertThat(marks(1).get(1).offset()).isEqualTo(segments.all().get(0).length() - Mark.FRAME_BYTES);
    }

    @Test
    void newSegmentThatRanOutOfSpace_leavesNoFileBehind() throws IOException {
        for (String file : new String[] {".*\\.log", "MANIFEST.tmp"}) {
            fixture.files.inject(Fault.on(FileOperation.WRITE).named(file).as(Fault.Kind.SHORT_WRITE_NO_SPACE));
            assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(NoSpaceException.class);
            log.rollBack();

            assertThat(fixture.disk.list(fixture.disk.root())).noneMatch(name -> name.endsWith(".log"));
            assertThat(fixture.disk.openHandles()).isEmpty();
        }
        group(10);
        assertThat(segments.all()).hasSize(1);
    }

    @Test
    void newSegmentCannotBeMade_logIsAsItWasAndTheNextGroupTriesAgain() throws IOException {
        for (int round = 0; round < 2; round++) {
            for (Fault fault : List.of(
                    Fault.on(FileOperation.CREATE).named(".*\\.log").as(Fault.Kind.NO_DESCRIPTOR),
                    Fault.on(FileOperation.WRITE).named(".*\\.log"),
                    Fault.on(FileOperation.SYNC_DIRECTORY).as(Fault.Kind.NO_DESCRIPTOR),
                    Fault.on(FileOperation.CREATE).named("MANIFEST.tmp").as(Fault.Kind.NO_DESCRIPTOR),
                    Fault.on(FileOperation.WRITE).named("MANIFEST.tmp"))) {
                List<String> before = logFiles();
                fixture.files.inject(fault);
                assertThatThrownBy(() -> log.begin(33 + 3000, version))
                        .as("%s", fault)
                        .isInstanceOf(StoreIoException.class)
                        .hasMessageContaining(".log: ");
                assertThat(logFiles()).as("%s", fault).isEqualTo(before);
                assertThat(log.isDurable()).isTrue();
                assertThat(fixture.disk.openHandles()).hasSize(before.size());
            }
            group(3000);
        }
        assertThat(segments.all()).hasSize(2);
        assertThat(marks(segments.all().get(0).id())).hasSize(2);
    }

    @Test
    void newSegmentCannotBeMade_itsIdIsNotUsedUp() throws IOException {
        for (Fault.Kind kind : List.of(Fault.Kind.IO_ERROR, Fault.Kind.SHORT_WRITE_NO_SPACE)) {
            for (String file : List.of(".*\\.log", "MANIFEST.tmp")) {
                fixture.files.inject(Fault.on(FileOperation.WRITE).named(file).as(kind));
                assertThatThrownBy(() -> log.begin(43, version))
                        .as("%s of %s", kind, file)
                        .isInstanceOfAny(StoreIoException.class, NoSpaceException.class);
                log.rollBack();
            }
        }
        fixture.files.inject(Fault.on(FileOperation.CREATE).as(Fault.Kind.NO_DESCRIPTOR));
        assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(StoreIoException.class);
        group(10);

        assertThat(segments.all()).extracting(Segment::id).containsExactly(1);
        assertThat(fixture.manifest().nextSegmentId()).isEqualTo(2);
        assertThat(marks(1)).as("what was made last is what can be read").hasSize(1);
    }

    @Test
    void newSegmentCannotBeMadeNorDeleted_nextGroupGoesToAnotherFile() throws IOException {
        fixture.files.inject(Fault.on(FileOperation.WRITE).named(".*\\.log"));
        fixture.files.inject(Fault.on(FileOperation.DELETE).named(".*\\.log"));
        assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(StoreIoException.class);
        group(10);

        assertThat(segments.all()).extracting(Segment::id).containsExactly(2);
        assertThat(logFiles()).containsExactly("0000000001.log", "0000000002.log");
    }

    @Test
    void fileOfAnotherIsInTheWay_staysAndTheNextGroupGoesToAnotherFile() throws IOException {
        byte[] another = {1, 2, 3};
        fixture.disk.put(fixture.disk.path("0000000001.log"), another);
        assertThatThrownBy(() -> log.begin(43, version))
                .isInstanceOf(StoreIoException.class)
                .hasMessageContaining("there is a file of that name");
        group(10);

        assertThat(segments.all()).extracting(Segment::id).containsExactly(2);
        assertThat(fixture.disk.contents(fixture.disk.path("0000000001.log"))).isEqualTo(another);
    }

    @Test
    void smallGroupAfterOneForWhichNoSegmentCouldBeMade_goesToTheOldSegment() throws IOException {
        group(3000);
        fixture.files.inject(Fault.on(FileOperation.CREATE).as(Fault.Kind.NO_DESCRIPTOR));
        assertThatThrownBy(() -> log.begin(33 + 3000, version)).isInstanceOf(StoreIoException.class);
        group(10);
        log.seal(version);

        assertThat(segments.all()).hasSize(1);
        assertThat(marks(1)).extracting(Mark::durableTo).containsExactly(128L, 3226L, 3334L);
    }

    @Test
    void sealCannotReplaceTheManifest_segmentIsStillAppendedTo() throws IOException {
        group(10);
        fixture.files.inject(
                Fault.on(FileOperation.CREATE).named("MANIFEST.tmp").as(Fault.Kind.NO_DESCRIPTOR));
        assertThatThrownBy(() -> log.seal(version))
                .isInstanceOf(StoreIoException.class)
                .hasMessageContaining("0000000001.log: ")
                .hasMessageContaining("MANIFEST.tmp: Too many open files");
        assertThat(sealed).isEmpty();
        group(10);
        log.seal(version);

        assertThat(sealed).hasSize(1);
        assertThat(segments.all()).hasSize(1);
    }

    @Test
    void newSegmentCannotBeSyncedNorDeleted_syncIsWhatIsTold() {
        fixture.files.inject(Fault.on(FileOperation.SYNC).named(".*\\.log"));
        fixture.files.inject(Fault.on(FileOperation.DELETE));

        assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(SyncFailedException.class);
    }

    @Test
    void newSegmentCannotBeSynced_itsIdIsUsedUp() {
        fixture.files.inject(Fault.on(FileOperation.SYNC).named(".*\\.log"));

        assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(SyncFailedException.class);
        assertThat(segments.nextId()).as("what is on disk is unknown").isEqualTo(2);
    }

    @Test
    void newSegmentOfWhichItIsUnknownWhetherItIsListed_keepsItsFile() throws IOException {
        fixture.files.inject(Fault.on(FileOperation.RENAME));

        assertThatThrownBy(() -> log.begin(43, version)).isInstanceOf(UncertainManifestException.class);
        assertThat(fixture.disk.list(fixture.disk.root())).contains("0000000001.log");
        assertThat(segments.nextId()).isEqualTo(2);
    }

    @Test
    void failedSync_isToldApartFromOtherFailures() throws IOException {
        log.begin(43, version);
        append(10);
        fixture.files.inject(Fault.on(FileOperation.SYNC));

        assertThatThrownBy(log::sync).isInstanceOf(SyncFailedException.class).hasMessageContaining("0000000001.log");
        assertThat(log.isDurable()).isFalse();
    }

    @Test
    void idleLog_getsOneMark() throws IOException {
        log.markIdle(true);
        assertThat(log.hasUnmarkedData()).isFalse();
        group(10);
        log.markIdle(true);
        long length = segments.all().get(0).length();
        log.markIdle(true);
        group(10);
        log.markIdle(false);

        assertThat(segments.all().get(0).length()).isEqualTo(length + 43 + 65);
        assertThat(log.isDurable()).isFalse();
        log.sync();
        assertThat(log.isDurable()).isTrue();
    }

    @Test
    void appendOutsideOfAGroup_isRefused() {
        assertThatThrownBy(() -> append(10)).isInstanceOf(IllegalStateException.class);
        assertThat(log.fits(1)).isFalse();
        assertThat(log.isDurable()).isTrue();
    }

    @Test
    void unsyncedStretch_hasAMarkEachMiB() throws IOException {
        ActiveLog large = new ActiveLog(segments, new SplittableRandom(1), 8 << 20, () -> 0, sealed::add);
        large.begin(33 + 100_000, version);
        for (int i = 0; i < 50; i++) {
            byte[] value = LogFixture.value(i, 100_000);
            large.appendSet(version++, i, value);
        }
        large.flush();
        large.sync();
        large.end();
        large.seal(version);

        List<Mark> marks = marks(1);
        assertThat(marks).hasSizeBetween(5, 7);
        for (int i = 1; i < marks.size() - 1; i++) {
            assertThat(marks.get(i).offset() - marks.get(i - 1).offset()).isLessThan((1 << 20) + 101_000);
            assertThat(marks.get(i).durableTo()).isEqualTo(128);
        }
        Mark last = marks.get(marks.size() - 1);
        assertThat(last.durableTo()).isEqualTo(last.offset());
        assertThat(last.lastVersion()).isEqualTo(50);
    }

    @Test
    void locations_tellWhereTheFrameIs() throws IOException {
        log.begin(43, version);
        long location = append(10);
        log.flush();
        log.sync();
        log.end();

        assertThat(RecordLocation.segmentId(location)).isEqualTo(1);
        assertThat(RecordLocation.offset(location)).isEqualTo(128 + 65);
        Segment segment = segments.pin(1);
        assertThat(segment).isNotNull();
        assertThat(SegmentReads.read(segment, location, 1).value().remaining()).isEqualTo(10);
    }

    private List<String> logFiles() throws IOException {
        return fixture.disk.list(fixture.disk.root()).stream()
                .filter(name -> name.endsWith(".log"))
                .toList();
    }

    private void group(int valueBytes) throws IOException {
        log.begin(33 + valueBytes, version);
        append(valueBytes);
        log.flush();
        log.sync();
        log.end();
    }

    private long append(int valueBytes) throws IOException {
        byte[] value = LogFixture.value(version, valueBytes);
        return log.appendSet(version, version++, value);
    }

    private List<Mark> marks(int segmentId) throws IOException {
        Segment segment = segments.pin(segmentId);
        assertThat(segment).isNotNull();
        SegmentScanner scanner = new SegmentScanner(segment.file(), segment.path(), segment.header(), segment.length());
        List<Mark> marks = new ArrayList<>();
        while (scanner.next()) {
            assertThat(scanner.valueIntact()).isTrue();
            scanner.mark().ifPresent(marks::add);
        }
        assertThat(scanner.atEnd()).isTrue();
        segment.unpin();
        return marks;
    }
}
