package dev.kvdb.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientFailures;
import dev.kvdb.v1.Entry;
import dev.kvdb.v1.GetResponse;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyLedgerTest {

    private static final long FIRST_KEY = 1_000;
    private static final ValueSizes SIZES = new ValueSizes(0, 100);
    /** Gives a size of 90 bytes. */
    private static final long STAMP = 0xe666_6666_0000_0007L;

    private final KeyLedger ledger = new KeyLedger(new LoadSettings(
            OperationMix.parse("get=1"),
            KeyDistribution.parse("uniform"),
            FIRST_KEY,
            100,
            SIZES,
            1,
            1,
            0,
            0,
            1,
            1,
            1,
            1,
            true,
            true));

    private static GetResponse reply(long version, ByteString value) {
        return GetResponse.newBuilder()
                .setEntry(Entry.newBuilder().setVersion(version).setValue(value))
                .build();
    }

    private static ByteString value(int index, long stamp) {
        return Values.make(FIRST_KEY + index, stamp, SIZES);
    }

    private static ByteString value(int index) {
        return value(index, STAMP);
    }

    @Test
    void readOfWhatWasAcknowledgedOrLater_isRight() {
        ledger.setAcknowledged(3, 10, STAMP);
        assertThat(ledger.expectedVersion(3)).isEqualTo(10);
        assertThat(ledger.wrong(3, 10, reply(10, value(3)))).isNull();
        assertThat(ledger.wrong(3, 10, reply(12, value(3, 8L << 60)))).isNull();
    }

    @Test
    void valueOfAnotherSet_underTheVersionOfTheNewest_isWrong() {
        ledger.setAcknowledged(3, 10, STAMP);
        assertThat(ledger.wrong(3, 10, reply(10, value(3, STAMP + 1)))).contains("key 1003, version 10", "not set");
        assertThat(ledger.wrong(3, 9, reply(9, value(3, STAMP + 1)))).isNull();
    }

    @Test
    void readOfAnOlderVersion_ofNothing_orOfAnotherValue_isWrongAndNamed() {
        ledger.setAcknowledged(3, 10, STAMP);
        assertThat(ledger.wrong(3, 10, reply(9, value(3)))).contains("key 1003", "version 9", "version 10");
        assertThat(ledger.wrong(3, 10, GetResponse.getDefaultInstance())).contains("key 1003", "no value");
        assertThat(ledger.wrong(3, 10, reply(10, value(4)))).contains("key 1003", "not set");
        assertThat(ledger.wrong(3, 10, reply(10, value(3).substring(1)))).contains("not set");
    }

    @Test
    void valueThatIsCutAtItsEnd_isWrong() {
        ledger.setAcknowledged(3, 10, STAMP);
        for (int left = 0; left < value(3).size(); left++) {
            assertThat(ledger.wrong(3, 10, reply(10, value(3).substring(0, left))))
                    .as("%s bytes left", left)
                    .contains("key 1003", "not set");
            // Of a set that is not acknowledged yet the size is known by the value's own stamp.
            if (left > 0) {
                assertThat(ledger.wrong(3, 10, reply(11, value(3).substring(0, left))))
                        .as("%s bytes left, newer", left)
                        .contains("key 1003", "not set");
            }
        }
    }

    @Test
    void acknowledgementsOutOfOrder_keepTheNewest() {
        ledger.setAcknowledged(3, 10, STAMP);
        ledger.setAcknowledged(3, 8, STAMP);
        assertThat(ledger.expectedVersion(3)).isEqualTo(10);
    }

    @Test
    void keyThatWasNotSet_orWhoseRemoveWasSent_isNotChecked() {
        assertThat(ledger.expectedVersion(3)).isZero();
        assertThat(ledger.wrong(3, 0, reply(1, ByteString.EMPTY))).isNull();
        ledger.setAcknowledged(3, 10, STAMP);
        ledger.removeSent(3);
        ledger.setAcknowledged(3, 11, STAMP);
        assertThat(ledger.wrong(3, 10, GetResponse.getDefaultInstance())).isNull();
        assertThat(ledger.expectedVersion(3)).isNegative();
    }

    @Test
    void keysThatWereSet_areSharedOutAmongTheWorkers() {
        int[] set = {0, 31, 32, 33, 98, 99};
        for (int index : set) {
            ledger.setAcknowledged(index, 1, STAMP);
        }
        int[] both = IntStream.concat(written(0), written(1)).sorted().toArray();
        assertThat(both).containsExactly(set);
        assertThat(written(0).toArray()).containsExactly(0, 32, 98);
    }

    @Test
    void setThatMayHaveBeenApplied_isWritten_oneThatWasRefusedOrNeverSentIsNot() {
        ledger.setFailed(1, ClientFailures.refused("OVERLOADED"));
        ledger.setFailed(2, ClientFailures.of(ClientException.Kind.UNREACHABLE));
        assertThat(ledger.hasWritten()).isFalse();
        ledger.setFailed(4, ClientFailures.timedOut());
        ledger.setFailed(6, ClientFailures.of(ClientException.Kind.CONNECTION_LOST));
        ledger.setFailed(8, ClientFailures.of(ClientException.Kind.FAILED));
        assertThat(ledger.hasWritten()).isTrue();
        assertThat(written(0).toArray()).containsExactly(4, 6, 8);
        assertThat(written(1)).isEmpty();
        assertThat(ledger.hasUncertain()).isTrue();
        assertThat(ledger.uncertainKeys(0, 1)).toIterable().containsExactly(4, 6, 8);
    }

    private IntStream written(int worker) {
        Iterable<Integer> indices = () -> ledger.writtenKeys(worker, 2);
        return StreamSupport.stream(indices.spliterator(), false).mapToInt(Integer::intValue);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 23, 24, 25, 100, 2_000_000})
    void value_isKnownAgain_andNoOtherIs(int bytes) {
        ValueSizes sizes = new ValueSizes(bytes, bytes);
        ByteString value = Values.make(-5, 9, sizes);
        assertThat(value.size()).isEqualTo(bytes);
        assertThat(Values.isOf(-5, sizes, value)).isTrue();
        for (int changedByte : bytes == 0 ? new int[0] : new int[] {0, bytes / 2, bytes - 1}) {
            byte[] changed = value.toByteArray();
            changed[changedByte] ^= 1;
            assertThat(Values.isOf(-5, sizes, ByteString.copyFrom(changed))).isFalse();
        }
        assertThat(Values.isOf(-5, new ValueSizes(bytes + 1, bytes + 1), value)).isFalse();
        if (bytes >= 15) {
            assertThat(Values.isOf(-4, sizes, value)).isFalse();
            assertThat(Values.make(-5, 9, sizes)).isEqualTo(value);
        }
        if (bytes >= 24) {
            assertThat(Values.make(-5, 10, sizes)).isNotEqualTo(value);
        }
    }
}
