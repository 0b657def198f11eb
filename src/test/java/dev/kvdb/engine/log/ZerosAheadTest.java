package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Small groups in a segment of 64 KiB, of which 4 KiB at a time may be zeros. */
class ZerosAheadTest {

    private static final int KIB = 1024;
    private static final int SEGMENT_BYTES = 64 * KIB;
    private static final int ZEROS_BYTES = 4 * KIB;
    private static final int VALUE_BYTES = 500;
    private static final int GROUP_BYTES = 65 + 33 + VALUE_BYTES;

    private final LogFixture fixture = new LogFixture();
    private final Segments segments = fixture.segments(8);
    private long roomBytes = Long.MAX_VALUE;
    private ActiveLog log = log(SEGMENT_BYTES);
    private long version = 1;

    @Test
    void smallGroups_areWrittenOverZerosOnceTheSegmentHoldsAsMuch() throws IOException {
        groups(6);
        assertThat(fileBytes()).as("less than 4 KiB").isEqualTo(length());
        groups(1);
        long filled = length() + ZEROS_BYTES;
        assertThat(fileBytes()).isEqualTo(filled);
        long written = fixture.directory.bytesWritten();
        groups(5);
        assertThat(fileBytes()).as("still the same zeros").isEqualTo(filled);
        assertThat(fixture.directory.bytesWritten() - written).isEqualTo(5L * GROUP_BYTES);
        groups(1);
        assertThat(fileBytes()).as("too few for the next group").isEqualTo(filled + ZEROS_BYTES);
        assertThat(fixture.directory.bytesWritten() - written)
                .as("zeros count as written")
                .isEqualTo(6L * GROUP_BYTES + ZEROS_BYTES);
    }

    @Test
    void zeros_areSyncedWithTheGroupThatTheyFollow() throws IOException {
        groups(7);
        assertThat(log.isDurable()).isTrue();
        fixture.files.resetCounts();
        groups(1);
        assertThat(fixture.files.count(FileOperation.SYNC)).isEqualTo(1);
    }

    @Test
    void seal_cutsTheZerosOffForGood() throws IOException {
        groups(8);
        log.seal(version);
        Segment segment = segments.all().get(0);
        assertThat(fileBytes())
                .isEqualTo(segment.length())
                .isEqualTo(fixture.manifest().segments().get(0).length());
        assertThat(fixture.disk.crashAt(fixture.disk.position(), 0).contents(file()))
                .hasSize((int) segment.length());
    }

    @Test
    void sealBehindAnIdleMark_cutsTheZerosOffForGood() throws IOException {
        groups(8);
        log.markIdle(true);
        log.seal(version);
        assertThat(fixture.disk.crashAt(fixture.disk.position(), 0).contents(file()))
                .hasSize((int) segments.all().get(0).length());
    }

    @Test
    void roll_leavesNoZerosInTheFullSegment() throws IOException {
        groups(2 * SEGMENT_BYTES / GROUP_BYTES);
        for (Segment segment : segments.all()) {
            if (segment.isSealed()) {
                assertThat(fixture.disk.contents(fixture.directory.file(StoreFileNames.segment(segment.id()))))
                        .hasSize((int) segment.length());
                assertThat(segment.length()).isLessThanOrEqualTo(SEGMENT_BYTES);
            }
        }
    }

    @Test
    void noRoomOnTheDisk_groupIsMadeAndTheZerosAreGivenBack() throws IOException {
        groups(6);
        fixture.disk.capacityBytes(Long.MAX_VALUE - fixture.disk.usableBytes(fixture.disk.root()) + GROUP_BYTES + 999);
        groups(1);
        assertThat(fileBytes()).isEqualTo(length());
        assertThat(fixture.disk.usableBytes(fixture.disk.root())).isEqualTo(999);
        fixture.disk.capacityBytes(Long.MAX_VALUE);
        groups(1);
        assertThat(fileBytes()).as("not tried again in this segment").isEqualTo(length());
        log.seal(version);
        groups(8);
        assertThat(fileBytes()).as("but in the next").isGreaterThan(length());
    }

    @Test
    void groupThatIsTakenBack_takesTheZerosWithIt() throws IOException {
        groups(8);
        log.begin(33 + VALUE_BYTES, version);
        append(VALUE_BYTES);
        log.flush();
        log.rollBack();
        assertThat(fileBytes()).isEqualTo(length());
        groups(1);
        assertThat(fileBytes()).isEqualTo(length() + ZEROS_BYTES);
    }

    @Test
    void growth_leavesOutWhatGoesOverZeros() throws IOException {
        groups(7);
        assertThat(log.growthBytes(ZEROS_BYTES)).isZero();
        assertThat(log.growthBytes(ZEROS_BYTES + 1)).isEqualTo(1);
        log.begin(33 + VALUE_BYTES, version);
        append(VALUE_BYTES);
        assertThat(log.growthBytes(ZEROS_BYTES)).isEqualTo(GROUP_BYTES);
    }

    @Test
    void littleRoom_orLargeGroups_getNoZeros() throws IOException {
        roomBytes = ZEROS_BYTES - 1;
        groups(10);
        assertThat(fileBytes()).isEqualTo(length());
        roomBytes = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            groups(3);
            group(17 * KIB);
            assertThat(fileBytes()).isEqualTo(length());
        }
    }

    @Test
    void smallGroupsOfAnySize_leaveNoMoreZerosThanTheSegmentHoldsOrHasRoomFor() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int segmentBytes = SEGMENT_BYTES; segmentBytes <= 16 * SEGMENT_BYTES; segmentBytes *= 2) {
                new ZerosAheadTest().checkGroupsOfAnySize(segmentBytes, random);
            }
        });
    }

    private void checkGroupsOfAnySize(int segmentBytesMax, SplittableRandom random) throws IOException {
        log = log(segmentBytesMax);
        boolean zeroed = false;
        while (segments.all().size() < 3) {
            group(random.nextInt(segmentBytesMax / 64));
            assertThat(fileBytes()).as("bytes of the file").isLessThanOrEqualTo(segmentBytesMax);
            assertThat(fileBytes() - length()).as("zeros").isLessThanOrEqualTo(length());
            zeroed |= fileBytes() > length();
        }
        assertThat(zeroed).as("any zeros").isTrue();
    }

    @Test
    void writeOfZerosFails_isAFailureOfTheLog() throws IOException {
        groups(6);
        fixture.files.inject(Fault.on(FileOperation.WRITE).nth(2));
        assertThatThrownBy(() -> groups(1)).isInstanceOf(IOException.class);
    }

    private ActiveLog log(int segmentBytesMax) {
        return new ActiveLog(segments, new SplittableRandom(1), segmentBytesMax, () -> roomBytes, segment -> {});
    }

    private void groups(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            group(VALUE_BYTES);
        }
    }

    private void group(int valueBytes) throws IOException {
        log.begin(33 + valueBytes, version);
        append(valueBytes);
        log.flush();
        log.sync();
        log.end();
    }

    private void append(int valueBytes) throws IOException {
        long location = log.appendSet(version, version, LogFixture.value(version, valueBytes));
        assertThat(location).isNotZero();
        version++;
    }

    private Segment newest() {
        return segments.all().get(segments.all().size() - 1);
    }

    private Path file() {
        return fixture.directory.file(StoreFileNames.segment(newest().id()));
    }

    private long length() {
        return newest().length();
    }

    private long fileBytes() throws IOException {
        return fixture.disk.size(file());
    }
}
