package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentScannerTest {

    private final LogFixture fixture = new LogFixture();

    @Test
    void intactSegment_givesEachRecordOnce() throws IOException {
        Segment segment = fixture.sealed(1, 10, 1000);
        SegmentContents contents = scan(segment);

        assertThat(keys(contents)).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(contents.hidden()).isEmpty();
        assertThat(contents.damagedValues()).isZero();
    }

    @Test
    void valuesLargerThanTheWindow_areVerifiedToTheirLastByte() throws IOException {
        Segment segment = fixture.sealed(1, 2, 700_000);
        assertThat(scan(segment).damagedValues()).isZero();

        fixture.disk.flipBit(fixture.disk.path("0000000001.log"), 128 + 65 + 33 + 699_999, 0);
        SegmentContents contents = scan(segment);
        assertThat(contents.damagedValues()).isEqualTo(1);
        assertThat(keys(contents)).containsExactly(0L, 1L);
    }

    @Test
    void damagedHeader_hidesVersionsUpToTheNextMarkOnly() throws IOException {
        Segment segment = fixture.sealed(1, 9, 100);
        // Record 4 is the middle one of the second group of three: 65 + 3 * 133 + 65 + 133 behind the header.
        fixture.disk.flipBit(fixture.disk.path("0000000001.log"), 128 + 65 + 3 * 133 + 65 + 133 + 20, 3);
        SegmentContents contents = scan(segment);

        assertThat(keys(contents)).containsExactly(0L, 1L, 2L, 3L, 6L, 7L, 8L);
        assertThat(contents.hidden())
                .containsExactly(new VersionRange(5, 6, segment.path(), 128 + 65 + 3 * 133 + 65 + 133));
    }

    @Test
    void damageBehindTheLastMark_hidesEverythingLater() throws IOException {
        Segment segment = fixture.sealed(1, 3, 100);
        fixture.disk.overwrite(fixture.disk.path("0000000001.log"), segment.length() - 65, new byte[65]);
        SegmentContents contents = scan(segment);

        assertThat(keys(contents)).containsExactly(0L, 1L, 2L);
        assertThat(contents.hidden())
                .containsExactly(new VersionRange(4, Long.MAX_VALUE, segment.path(), segment.length() - 65));
    }

    @Test
    void fileThatIsTooShort_hidesWhatIsMissing() throws IOException {
        Segment segment = fixture.sealed(1, 3, 100);
        fixture.disk.truncateFile(fixture.disk.path("0000000001.log"), 128 + 65 + 133);
        SegmentContents contents = scan(segment);

        assertThat(keys(contents)).containsExactly(0L);
        assertThat(contents.hidden())
                .containsExactly(new VersionRange(2, Long.MAX_VALUE, segment.path(), 128 + 65 + 133));
    }

    @Test
    void damageInARewrittenSegment_hidesVersionsFromItsFirstOn() throws IOException {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.REWRITTEN, 1, 3);
        SegmentAppender appender = fixture.appender(header);
        for (long version : new long[] {9, 4, 7}) {
            appender.mark();
            LogFixture.set(appender, version, version, 10);
        }
        appender.finish();
        Segment segment = Segment.sealed(header, fixture.directory, appender.end());
        assertThat(keys(scan(segment))).containsExactly(9L, 4L, 7L);

        fixture.disk.flipBit(fixture.disk.path("0000000001.log"), 128 + 108 + 65 + 5, 1);
        SegmentContents contents = scan(segment);
        assertThat(keys(contents)).containsExactly(9L, 7L);
        assertThat(contents.hidden()).extracting(VersionRange::from).containsExactly(3L);
        assertThat(contents.hidden()).extracting(VersionRange::to).containsExactly(9L);
    }

    @Test
    void valueThatHoldsAnotherSegmentsLog_isNeverTakenForRecordsOrMarks() throws IOException {
        fixture.sealed(1, 9, 10);
        byte[] log = fixture.disk.contents(fixture.disk.path("0000000001.log"));
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 2, 1);
        SegmentAppender appender = fixture.appender(header);
        // So that each mark in the value would even lie at the offset that it names.
        byte[] value = Arrays.copyOfRange(log, 128 + 33, log.length);
        appender.append(FrameHeader.ofSet(1, 77, value), ByteBuffer.wrap(value));
        appender.finish();
        fixture.disk.flipBit(fixture.disk.path("0000000002.log"), 128 + 20, 0);
        Segment segment = Segment.sealed(header, fixture.directory, appender.end());

        SegmentContents contents = scan(segment);
        assertThat(keys(contents)).isEmpty();
        assertThat(contents.hidden()).containsExactly(new VersionRange(1, 1, segment.path(), 128));
    }

    @Test
    void recordWhoseVersionDoesNotRise_isNoFrameOfAnAppendedSegment() throws IOException {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 1, 5);
        SegmentAppender appender = fixture.appender(header);
        LogFixture.set(appender, 5, 1, 10);
        LogFixture.set(appender, 5, 2, 10);
        appender.flush();
        SegmentScanner scanner = new SegmentScanner(appender.file(), "a segment", header, appender.end());

        assertThat(scanner.next()).isTrue();
        assertThat(scanner.next()).isFalse();
        assertThat(scanner.position()).isEqualTo(128 + 43);
        assertThat(scanner.mark()).isEmpty();
    }

    @Test
    void recordThatReachesPastTheEnd_isNoFrame() throws IOException {
        Segment segment = fixture.sealed(1, 1, 100);
        for (long end = 128; end < 128 + 65 + 133; end++) {
            SegmentScanner scanner = new SegmentScanner(
                    fixture.directory.files().openForReading(fixture.disk.path("0000000001.log")),
                    "a segment",
                    segment.header(),
                    end);
            assertThat(scanner.next()).isEqualTo(end >= 128 + 65);
            assertThat(scanner.next()).isFalse();
        }
    }

    @Test
    void tombstones_areListedAsSuch() throws IOException {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 1, 1);
        SegmentAppender appender = fixture.appender(header);
        appender.append(FrameHeader.ofRemove(1, 5), ByteBuffer.allocate(0));
        appender.finish();
        SegmentContents contents = scan(Segment.sealed(header, fixture.directory, appender.end()));

        assertThat(contents.records().row(0)).isEqualTo(new HintEntry(5, 1, 128, HintEntry.TOMBSTONE));
    }

    private SegmentContents scan(Segment segment) throws IOException {
        try (var file =
                fixture.directory.files().openForReading(fixture.disk.path("000000000" + segment.id() + ".log"))) {
            return SegmentContents.scan(file, segment);
        }
    }

    private static List<Long> keys(SegmentContents contents) {
        Long[] keys = new Long[contents.records().rows()];
        for (int row = 0; row < keys.length; row++) {
            keys[row] = contents.records().row(row).key();
        }
        return List.of(keys);
    }
}
