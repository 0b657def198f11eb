package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Damages and tears the segment of a store that was not closed: five groups of a record each. */
class TornTailTest {

    private static final String TAIL = "0000000001.log";
    private static final int GROUPS = 5;
    private static final int VALUE_BYTES = 20;
    private static final int GROUP_BYTES = 65 + 33 + VALUE_BYTES;
    private static final int LAST_GROUP = SegmentHeader.BYTES + (GROUPS - 1) * GROUP_BYTES;
    private static final int END = LAST_GROUP + GROUP_BYTES;

    private final MemoryStore running = new MemoryStore();

    @BeforeEach
    void writeGroups() {
        running.open();
        for (int key = 1; key <= GROUPS; key++) {
            assertThat(running.set(key, VALUE_BYTES).version()).isEqualTo(key);
        }
        assertThat(running.disk.contents(running.file(TAIL))).hasSize(END);
    }

    @Test
    void cutAtEachByteOfTheLastGroup_isTornAndLosesNothingElse() {
        for (int cut = LAST_GROUP; cut <= END; cut++) {
            int size = cut;
            int lost = cut < END ? 1 : 0;
            checkTorn(image -> image.disk.truncateFile(image.file(TAIL), size), lost, "cut at " + cut);
        }
    }

    @Test
    void zerosFromEachByteOfTheLastGroup_areTornAndLoseNothingElse() {
        for (int from = LAST_GROUP; from < END - 1; from++) {
            byte[] zeros = new byte[END - from + 100];
            int offset = from;
            checkTorn(image -> image.disk.overwrite(image.file(TAIL), offset, zeros), 1, "zeros from " + from);
        }
    }

    @Test
    void eachByteOfTheLastGroupBroken_isTornAndLosesNothingElse() {
        for (int at = LAST_GROUP; at < END; at++) {
            int offset = at;
            checkTorn(image -> image.disk.flipBit(image.file(TAIL), offset, offset % 8), 1, "byte " + at);
        }
    }

    private void checkTorn(Consumer<MemoryStore> tear, int lost, String what) {
        try (MemoryStore image = running.image()) {
            tear.accept(image);
            image.open();
            assertThat(image.store().statistics().state()).as(what).isEqualTo(StoreState.WRITABLE);
            for (int key = 1; key <= GROUPS - lost; key++) {
                assertValue(image, key, what);
            }
            assertThat(image.store().statistics().keys()).as(what).isEqualTo(GROUPS - lost);
            assertThat(image.set(77, 5).version()).as("%s: versions rise", what).isGreaterThan(GROUPS);
            image.reopen();
            assertThat(image.store().statistics().keys()).isEqualTo(GROUPS - lost + 1);
            assertThat(image.store().statistics().recovery().clean()).isTrue();
        }
    }

    @Test
    void eachByteBeforeTheLastDurableMarkBroken_isReportedAndNothingIsCutOff() {
        for (int at = SegmentHeader.BYTES; at < LAST_GROUP; at++) {
            try (MemoryStore image = running.image()) {
                image.disk.flipBit(image.file(TAIL), at, at % 8);
                var before = image.contents();
                image.open();
                int damaged = damagedReads(image, "byte " + at);
                boolean readOnly = image.store().statistics().state() == StoreState.READ_ONLY;
                int inGroup = (at - SegmentHeader.BYTES) % GROUP_BYTES;
                boolean hides = inGroup < 33 || (inGroup >= 65 && inGroup < 65 + 33);
                assertThat(readOnly).as("byte %d hides keys", at).isEqualTo(hides);
                if (hides) {
                    assertThatThrownBy(() -> image.store().get(99))
                            .isInstanceOf(DamageException.class)
                            .hasMessageContaining(TAIL);
                    image.close();
                    assertThat(image.contents())
                            .as("byte %d: nothing was written", at)
                            .isEqualTo(before);
                } else {
                    assertThat(damaged).as("byte %d", at).isEqualTo(inGroup < 65 ? 0 : 1);
                    assertThat(image.get(99)).isNull();
                }
            }
        }
    }

    /** Each key has its value, or says that it is damaged; how many say so. */
    private static int damagedReads(MemoryStore image, String what) {
        int damaged = 0;
        for (int key = 1; key <= GROUPS; key++) {
            try {
                assertValue(image, key, what);
            } catch (DamageException e) {
                damaged++;
            }
        }
        return damaged;
    }

    private static void assertValue(MemoryStore image, long key, String what) {
        assertThat(image.store().get(key)).as("%s: key %d", what, key).hasValueSatisfying(entry -> {
            assertThat(entry.version()).isEqualTo(key);
            assertThat(entry.value()).isEqualTo(MemoryStore.value(key, VALUE_BYTES));
        });
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
                .hasSize(4)
                .allSatisfy(name ->
                        assertThat(running.disk.root().resolve(name).toString()).isNotEmpty());
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
        var directory = new dev.kvdb.engine.log.StoreDirectory(files, unsynced.disk.root());
        SegmentHeader header = new SegmentHeader(
                SegmentHeader.Kind.APPENDED, new java.util.UUID(1, 1), 9, 1, 0, SegmentHeader.Previous.NONE, 5);
        var file = dev.kvdb.engine.log.SegmentAppender.create(directory, "0000000009.log", header);
        var appender = new dev.kvdb.engine.log.SegmentAppender(directory, header, file, ByteBuffer.allocate(1 << 18));
        appender.mark();
        appender.append(FrameHeader.ofSet(1, 1, new byte[10]), ByteBuffer.wrap(new byte[10]));
        appender.sync();
        long durableTo = appender.end();
        appender.append(FrameHeader.ofSet(2, 2, new byte[10]), ByteBuffer.wrap(new byte[10]));
        appender.mark();
        appender.flush();
        unsynced.disk.flipBit(unsynced.file("0000000009.log"), durableTo - 1, 0);
        unsynced.disk.flipBit(unsynced.file("0000000009.log"), durableTo + 40, 0);

        TailScan scan = TailScan.scan(file, dev.kvdb.engine.log.Segment.active(header, directory, file));
        assertThat(scan.damagedValues()).isEqualTo(1);
        assertThat(scan.durableTo()).isEqualTo(durableTo);
        assertThat(scan.durable().rows()).isEqualTo(1);
        assertThat(scan.recovered().rows()).isZero();
    }
}
