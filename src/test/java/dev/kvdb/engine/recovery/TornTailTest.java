package dev.kvdb.engine.recovery;

import static dev.kvdb.engine.recovery.TornTails.END;
import static dev.kvdb.engine.recovery.TornTails.GROUPS;
import static dev.kvdb.engine.recovery.TornTails.LAST_GROUP;
import static dev.kvdb.engine.recovery.TornTails.TAIL;
import static dev.kvdb.engine.recovery.TornTails.VALUE_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Damages and tears the segment of a store that was not closed. */
class TornTailTest {

    private final TornTails tails = new TornTails();
    private final MemoryStore running = tails.running();

    @Test
    void cutAtEachByteOfTheLastGroup_isTornAndLosesNothingElse() {
        for (int cut = LAST_GROUP; cut <= END; cut++) {
            tails.checkCutAt(cut);
        }
    }

    @Test
    void zerosFromEachByteOfTheLastGroup_areTornAndLoseNothingElse() {
        for (int from = LAST_GROUP; from < END - 1; from++) {
            tails.checkZerosFrom(from);
        }
    }

    @Test
    void eachByteOfTheLastGroupBroken_isTornAndLosesNothingElse() {
        for (int at = LAST_GROUP; at < END; at++) {
            tails.checkBrokenAt(at);
        }
    }

    @Test
    void eachByteBeforeTheLastDurableMarkBroken_isReportedAndNothingIsCutOff() {
        for (int at = SegmentHeader.BYTES; at < LAST_GROUP; at++) {
            tails.checkDamagedAt(at);
        }
    }

    @Test
    void zerosAheadOfTheLog_areNotTornAndNotSetAside() throws IOException {
        for (int bytes : new int[] {1, 100, 70_000}) {
            tails.checkZerosAhead(bytes);
            try (MemoryStore image = running.image()) {
                image.disk.overwrite(image.file(TAIL), END, new byte[bytes]);
                image.open();
                assertThat(image.store().statistics().recovery().tornBytes()).isZero();
                assertThat(image.disk.list(image.disk.root())).noneMatch(name -> name.endsWith(".torn"));
            }
        }
    }

    @Test
    void tornBytesBeforeZerosAhead_areSetAsideWithoutThem() throws IOException {
        try (MemoryStore image = running.image()) {
            image.disk.overwrite(image.file(TAIL), END, new byte[5000]);
            image.disk.overwrite(image.file(TAIL), END + 10, new byte[] {1, 2, 3});
            image.open();
            assertThat(image.store().statistics().recovery().tornBytes()).isEqualTo(13);
            assertThat(image.store().statistics().keys()).isEqualTo(GROUPS);
        }
    }

    @Test
    void groupsBeforeTheLastDurableMarkLostToZeros_areReportedAndNothingIsCutOff() {
        for (int group = 0; group < GROUPS - 1; group++) {
            tails.checkZeroedGroup(group);
        }
    }

    @Test
    void tornBytes_areSetAsideOfTheFourNewestTails() throws IOException {
        MemoryStore store = running.image();
        for (int crash = 0; crash < 6; crash++) {
            String tail = store.disk.list(store.disk.root()).stream()
                    .filter(name -> name.endsWith(".log"))
                    .reduce((first, second) -> second)
                    .orElseThrow();
            int size = store.disk.contents(store.file(tail)).length;
            store.disk.overwrite(store.file(tail), size, new byte[] {1, 2, 3});
            store.open();
            assertThat(store.store().statistics().recovery().tornBytes()).isEqualTo(3);
            store.set(100 + crash, 30);
            store = store.image();
        }
        assertThat(store.disk.list(store.disk.root()).stream().filter(name -> name.endsWith(".torn")))
                .hasSize(4);
    }

    @Test
    void recoveredTail_isNeverAppendedToAndItsUndurableEndIsWrittenAnew() throws IOException {
        try (MemoryStore image = running.image()) {
            byte[] before = image.disk.contents(image.file(TAIL));
            image.open();
            image.set(6, VALUE_BYTES);

            assertThat(image.disk.contents(image.file(TAIL))).isEqualTo(before);
            assertThat(image.disk.list(image.disk.root())).contains("0000000002.log", "0000000003.log");
            assertThat(image.store().statistics().recovery().clean()).isFalse();
            assertThat(image.store().statistics().lastVersion()).isGreaterThan(1_000_000);
        }
    }

    @Test
    void crashAfterACrashBeforeAnyWrite_doesNotGiveLostVersionsOutAgain() {
        try (MemoryStore first = running.image()) {
            first.open();
            try (MemoryStore second = first.image()) {
                second.open();
                assertThat(second.store().statistics().recovery().clean()).isTrue();
                assertThat(second.set(9, 1).version()).isGreaterThan(1_000_000);
            }
        }
    }

    @Test
    void noRoomForTornBytes_keepsTheStoreFromNothing() throws IOException {
        try (MemoryStore image = running.image()) {
            image.disk.overwrite(image.file(TAIL), END, new byte[] {1, 2, 3});
            image.files.inject(Fault.on(FileOperation.WRITE)
                    .named(".*torn")
                    .as(Fault.Kind.SHORT_WRITE_NO_SPACE)
                    .forEver());
            image.open();

            assertThat(image.store().statistics().keys()).isEqualTo(GROUPS);
            assertThat(image.disk.list(image.disk.root())).noneMatch(name -> name.endsWith(".torn"));
        }
    }

    @Test
    void firstGroupOfASegmentOnly_isWrittenAnewAndTheSegmentDropped() throws IOException {
        MemoryStore one = new MemoryStore().open();
        one.set(1, 10);
        try (MemoryStore image = one.image()) {
            image.open();
            assertThat(image.store().get(1)).isPresent();
            assertThat(image.disk.list(image.disk.root()))
                    .contains("0000000002.log")
                    .doesNotContain(TAIL);
        }
        try (MemoryStore image = one.image()) {
            image.disk.truncateFile(image.file(TAIL), 128);
            image.open();
            assertThat(image.store().get(1)).isEmpty();
            assertThat(image.disk.list(image.disk.root())).noneMatch(name -> name.endsWith(".log"));
        }
    }

    @Test
    void newerKindOfRecordInTheTail_isRefusedBeforeAnyWrite() {
        try (MemoryStore image = running.image()) {
            byte[] tail = image.disk.contents(image.file(TAIL));
            long salt = SegmentHeader.decode(ByteBuffer.wrap(tail), TAIL).salt();
            ByteBuffer frame = ByteBuffer.allocate(8 + 29);
            frame.putLong(salt).putLong(1000).putInt(0).put((byte) 3).putLong(5).putLong(0);
            byte[] appended = Arrays.copyOf(tail, END + 33);
            ByteBuffer.wrap(appended).putInt(END, Crc32c.of(frame.array())).put(END + 4, frame.array(), 8, 29);
            image.disk.put(image.file(TAIL), appended);
            var before = image.contents();

            assertThatThrownBy(image::open)
                    .isInstanceOf(UnsupportedFormatException.class)
                    .hasMessageContaining("a reference to a blob file");
            assertThat(image.contents()).isEqualTo(before);
        }
    }

    @Test
    void valueDamagedBeforeTheDurablePointAndTornBehindIt_isDamageOfThatKeyOnly() throws IOException {
        MemoryStore unsynced = new MemoryStore();
        unsynced.open().close();
        // Marks that lie behind the durable point come with interval and os: one each MiB.
        var files = unsynced.files;
        var directory = new StoreDirectory(files, unsynced.disk.root());
        SegmentHeader header =
                new SegmentHeader(SegmentHeader.Kind.APPENDED, new UUID(1, 1), 9, 1, 0, SegmentHeader.Previous.NONE, 5);
        var file = SegmentAppender.create(directory, "0000000009.log", header);
        var appender = new SegmentAppender(directory, header, file, ByteBuffer.allocate(1 << 18));
        appender.mark();
        appender.append(FrameHeader.ofSet(1, 1, new byte[10]), ByteBuffer.wrap(new byte[10]));
        appender.sync();
        long durableTo = appender.end();
        appender.append(FrameHeader.ofSet(2, 2, new byte[10]), ByteBuffer.wrap(new byte[10]));
        appender.mark();
        appender.flush();
        unsynced.disk.flipBit(unsynced.file("0000000009.log"), durableTo - 1, 0);
        unsynced.disk.flipBit(unsynced.file("0000000009.log"), durableTo + 40, 0);

        TailScan scan = TailScan.scan(file, Segment.active(header, directory, file));
        assertThat(scan.damagedValues()).isEqualTo(1);
        assertThat(scan.durableTo()).isEqualTo(durableTo);
        assertThat(scan.durable().rows()).isEqualTo(1);
        assertThat(scan.recovered().rows()).isZero();
    }
}
