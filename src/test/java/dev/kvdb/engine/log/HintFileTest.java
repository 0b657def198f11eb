package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HintFileTest {

    private final LogFixture fixture = new LogFixture();

    @Test
    void hintsOfAnySize_areReadSortedAsWritten() throws IOException {
        Segment segment = segment();
        for (int rows : new int[] {0, 1, 63, 64, 65, 1023, 1024, 1025, 5000}) {
            RecordTable table = table(rows, rows);
            HintFile.write(fixture.directory, segment, table);

            List<HintEntry> read = read(segment);
            assertThat(read)
                    .hasSize(rows)
                    .isSortedAccordingTo((a, b) -> a.key() != b.key()
                            ? Long.compare(a.key(), b.key())
                            : Long.compare(a.version(), b.version()));
        }
        assertThat(fixture.disk.openHandles()).hasSize(0);
    }

    @Test
    void eachBitFlip_isDamageBeforeTheEndIsReached() throws IOException {
        Segment segment = segment();
        HintFile.write(fixture.directory, segment, table(20, 1));
        var path = fixture.disk.path("0000000001.hint");
        int bits = fixture.disk.contents(path).length * Byte.SIZE;
        for (int bit = 0; bit < bits; bit++) {
            fixture.disk.flipBit(path, bit / 8, bit % 8);
            assertThatThrownBy(() -> read(segment)).as("bit %d", bit).isInstanceOf(DamageException.class);
            fixture.disk.flipBit(path, bit / 8, bit % 8);
        }
        assertThat(read(segment)).hasSize(20);
    }

    @Test
    void eachTruncation_isDamage() throws IOException {
        Segment segment = segment();
        HintFile.write(fixture.directory, segment, table(20, 1));
        var path = fixture.disk.path("0000000001.hint");
        for (int size = fixture.disk.contents(path).length - 1; size >= 0; size--) {
            fixture.disk.truncateFile(path, size);
            assertThatThrownBy(() -> read(segment)).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void hintOfAnotherStoreSegmentOrLength_isDamage() throws IOException {
        Segment segment = segment();
        for (HintHeader other : new HintHeader[] {
            new HintHeader(new UUID(0, 0), 1, segment.length(), 0),
            new HintHeader(LogFixture.STORE, 2, segment.length(), 0),
            new HintHeader(LogFixture.STORE, 1, segment.length() - 1, 0)
        }) {
            fixture.disk.put(
                    fixture.disk.path("0000000001.hint"), other.encode().array());
            assertThatThrownBy(() -> read(segment)).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void numberOfEntriesThatTheFileDoesNotHold_isDamageBeforeAnythingIsAllocated() throws IOException {
        Segment segment = segment();
        for (long entries :
                new long[] {-1, Long.MIN_VALUE, 1, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE / 24}) {
            HintHeader header = new HintHeader(LogFixture.STORE, 1, segment.length(), entries);
            fixture.disk.put(
                    fixture.disk.path("0000000001.hint"), header.encode().array());

            assertThatThrownBy(() -> read(segment)).isInstanceOf(DamageException.class);
        }
    }

    @Test
    void blockThatEndsEarly_isDamage() throws IOException {
        Segment segment = segment();
        HintFile.write(fixture.directory, segment, table(2000, 1));
        try (HintFile hint = HintFile.open(fixture.directory, segment)) {
            for (int i = 0; i < 1024; i++) {
                assertThat(hint.next()).isNotNull();
            }
            fixture.disk.truncateFile(fixture.disk.path("0000000001.hint"), 64 + 1024 * 24 + 4 + 100);
            assertThatThrownBy(hint::next).isInstanceOf(DamageException.class).hasMessageContaining("a whole block");
        }
    }

    @Test
    void blockWriter_countsTheBytesItWrites() throws IOException {
        long before = fixture.directory.bytesWritten();
        try (var file = fixture.directory.files().create(fixture.disk.path("blocks"))) {
            BlockWriter writer = new BlockWriter(fixture.directory, file, 0, 8);
            for (int i = 0; i < 1024; i++) {
                long number = i;
                writer.add((ByteBuffer block) -> block.putLong(number));
            }
            writer.finish();
            assertThat(file.size()).isEqualTo(1024 * 8 + 4).isEqualTo(fixture.directory.bytesWritten() - before);
        }
    }

    /** One that the records of any table here fit into. */
    private Segment segment() {
        SegmentHeader header = LogFixture.header(SegmentHeader.Kind.APPENDED, 1, 1);
        return Segment.sealed(header, fixture.directory, 1 << 20);
    }

    private List<HintEntry> read(Segment segment) throws IOException {
        try (HintFile hint = HintFile.open(fixture.directory, segment)) {
            List<HintEntry> all = new ArrayList<>();
            for (HintEntry entry = hint.next(); entry != null; entry = hint.next()) {
                all.add(entry);
            }
            return all;
        }
    }

    static RecordTable table(int rows, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RecordTable table = new RecordTable();
        for (int i = 0; i < rows; i++) {
            table.add(
                    new HintEntry(random.nextLong(-50, 50), i, SegmentHeader.BYTES + i * 25, random.nextInt(-1, 100)));
        }
        return table;
    }
}
