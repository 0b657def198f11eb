package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvdb.engine.error.DamageException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BareLogTest {

    private static final String FILE = "some.log";

    static Stream<ByteOrder> orders() {
        return Stream.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] sample(ByteOrder order) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BareLogWriter writer = new BareLogWriter(out, order);
        writer.writeSet(-2, new byte[] {1, 2, 3});
        writer.writeRemove(7);
        writer.writeSet(Long.MIN_VALUE, new byte[0]);
        assertThat(writer.position()).isEqualTo(out.size());
        return out.toByteArray();
    }

    private static BareLogReader reader(byte[] bytes, ByteOrder order) {
        return new BareLogReader(new ByteArrayInputStream(bytes), FILE, bytes.length, order);
    }

    private static BareLogSummary summarize(byte[] bytes, ByteOrder order) throws IOException {
        return BareLogReader.summarize(new ByteArrayInputStream(bytes), FILE, bytes.length, order);
    }

    @Test
    void written_bigEndian_isTheOriginalEntryFormat() throws IOException {
        assertThat(HexFormat.of().formatHex(sample(ByteOrder.BIG_ENDIAN)))
                .isEqualTo("00" + "fffffffffffffffe" + "0000000000000003" + "010203" + "01" + "0000000000000007" + "00"
                        + "8000000000000000" + "0000000000000000");
    }

    @Test
    void written_littleEndian_isTheOriginalEntryFormat() throws IOException {
        assertThat(HexFormat.of().formatHex(sample(ByteOrder.LITTLE_ENDIAN)))
                .isEqualTo("00" + "feffffffffffffff" + "0300000000000000" + "010203" + "01" + "0700000000000000" + "00"
                        + "0000000000000080" + "0000000000000000");
    }

    @ParameterizedTest
    @MethodSource("orders")
    void written_isReadBack(ByteOrder order) throws IOException {
        BareLogReader reader = reader(sample(order), order);
        BareLogEntry first = reader.next();
        assertThat(first.key()).isEqualTo(-2);
        assertThat(first.value()).containsExactly(1, 2, 3);
        assertThat(reader.position()).isEqualTo(20);
        BareLogEntry second = reader.next();
        assertThat(second.key()).isEqualTo(7);
        assertThat(second.value()).isNull();
        BareLogEntry third = reader.next();
        assertThat(third.key()).isEqualTo(Long.MIN_VALUE);
        assertThat(third.value()).isEmpty();
        assertThat(reader.next()).isNull();
        assertThat(reader.next()).isNull();
    }

    @ParameterizedTest
    @MethodSource("orders")
    void summary_countsEntriesAndFindsTheLargestValue(ByteOrder order) throws IOException {
        assertThat(summarize(sample(order), order)).isEqualTo(new BareLogSummary(2, 1, 3, 0));
        assertThat(summarize(new byte[0], order)).isEqualTo(new BareLogSummary(0, 0, 0, 0));
    }

    @ParameterizedTest
    @MethodSource("orders")
    void cutAnywhereInsideAnEntry_isDamageInThatEntry(ByteOrder order) throws IOException {
        byte[] whole = sample(order);
        Set<Integer> entryEnds = Set.of(0, 20, 29, whole.length);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            if (entryEnds.contains(length)) {
                summarize(cut, order);
                continue;
            }
            int entryStart = length < 20 ? 0 : length < 29 ? 20 : 29;
            DamageException e = catchThrowableOfType(DamageException.class, () -> summarize(cut, order));
            assertThat(e).as("cut to %d bytes", length).isNotNull();
            assertThat(e.offset()).isBetween((long) entryStart, (long) length);
            assertThatThrownBy(() -> readAll(cut, order))
                    .isInstanceOf(DamageException.class)
                    .hasMessage(e.getMessage());
        }
    }

    private static void readAll(byte[] bytes, ByteOrder order) throws IOException {
        BareLogReader reader = reader(bytes, order);
        while (reader.next() != null) {
            assertThat(reader.position()).isPositive();
        }
    }

    @Test
    void unknownOp_isDamageAtItsOffset() throws IOException {
        byte[] bytes = sample(ByteOrder.BIG_ENDIAN);
        bytes[20] = 2;
        assertThatThrownBy(() -> summarize(bytes, ByteOrder.BIG_ENDIAN))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("some.log at offset 20: expected op 0 or 1, found op 2");
    }

    @Test
    void sizeBeyondTheFile_isDamageBeforeAnythingIsAllocated() throws IOException {
        byte[] bytes = sample(ByteOrder.BIG_ENDIAN);
        bytes[9] = 0x7f;
        assertThatThrownBy(() -> reader(bytes, ByteOrder.BIG_ENDIAN).next())
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("at offset 9");
        bytes[9] = (byte) 0x80;
        assertThatThrownBy(() -> reader(bytes, ByteOrder.BIG_ENDIAN).next())
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("at offset 9");
    }

    @Test
    void fileThatBecameShorter_isDamage() throws IOException {
        byte[] whole = sample(ByteOrder.BIG_ENDIAN);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> BareLogReader.summarize(
                            new ByteArrayInputStream(cut), FILE, whole.length, ByteOrder.BIG_ENDIAN))
                    .isInstanceOf(DamageException.class);
        }
    }
}
