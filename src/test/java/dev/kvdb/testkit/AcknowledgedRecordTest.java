package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.AcknowledgedRecord.Write;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the scripts hold a server to: each finding is found, by the record that saw it all and by one read anew. */
class AcknowledgedRecordTest {

    private static final long KEY = -7;
    private static final long OTHER = 8;
    private static final long SEED = 5;
    private static final int VALUE_BYTES_MAX = 100;

    @TempDir
    Path directory;

    private AcknowledgedRecord record;

    @BeforeEach
    void begin() throws IOException {
        record = AcknowledgedRecord.open(file(), SEED, VALUE_BYTES_MAX);
    }

    @AfterEach
    void close() throws IOException {
        record.close();
    }

    private Path file() {
        return directory.resolve("record");
    }

    @Test
    void acknowledgedSet_isThere() throws IOException {
        Write set = acknowledgedSet(KEY);

        accepts(KEY, value(KEY, set), set);
    }

    @Test
    void acknowledgedSetThatIsMissing_isLost() throws IOException {
        acknowledgedSet(KEY);

        accuses(KEY, Optional.empty(), "LOST: key -7");
    }

    @Test
    void setThatACheckSaw_isLostWhereItIsMissingLater() throws IOException {
        Write unanswered = record.issue(KEY, false);
        record.observed(KEY, unanswered);

        accuses(KEY, Optional.empty(), "LOST: key -7");
    }

    @Test
    void removedKeyWithItsValue_isBack() throws IOException {
        Write set = acknowledgedSet(KEY);
        Write remove = record.issue(KEY, true);
        record.acknowledged(KEY, remove);

        accepts(KEY, Optional.empty(), remove);
        accuses(KEY, value(KEY, set), "BACK: key -7");
    }

    @Test
    void removeThatACheckSaw_isHeldToThat() throws IOException {
        Write set = acknowledgedSet(KEY);
        record.observed(KEY, record.issue(KEY, true));

        accuses(KEY, value(KEY, set), "BACK: key -7");
    }

    @Test
    void valueOfAnEarlierWrite_isOld() throws IOException {
        Write first = acknowledgedSet(KEY);
        Write second = acknowledgedSet(KEY);

        accepts(KEY, value(KEY, second), second);
        accuses(KEY, value(KEY, first), "OLD: key -7");
    }

    @Test
    void valueBeforeARemoveAndASet_isOld() throws IOException {
        Write first = acknowledgedSet(KEY);
        record.acknowledged(KEY, record.issue(KEY, true));
        acknowledgedSet(KEY);

        accuses(KEY, value(KEY, first), "OLD: key -7");
    }

    @Test
    void bytesThatAreNoWriteOfTheKey_wereNeverWritten() throws IOException {
        Write set = acknowledgedSet(KEY);
        Write others = acknowledgedSet(OTHER);
        byte[] whole = record.value(KEY, set.number());
        byte[] cut = Arrays.copyOf(whole, whole.length - 1);
        byte[] changed = whole.clone();
        changed[whole.length - 1] ^= 1;

        for (byte[] bytes : new byte[][] {{}, {1, 2, 3}, cut, changed, record.value(OTHER, others.number())}) {
            accuses(KEY, Optional.of(bytes), "NEVER WRITTEN: key -7");
        }
        accuses(KEY, Optional.of(record.value(KEY, others.number() + 1)), "NEVER WRITTEN: key -7");
    }

    @Test
    void valueOfAKeyThatNobodySet_isFound() throws IOException {
        accepts(KEY, Optional.empty(), Write.NONE);
        accuses(KEY, Optional.of(new byte[20]), "NEVER WRITTEN: key -7");
    }

    @Test
    void refusedSet_mustNotTakeEffect() throws IOException {
        Write first = acknowledgedSet(KEY);
        Write refused = record.issue(KEY, false);
        record.refused(KEY, refused);

        accepts(KEY, value(KEY, first), first);
        assertThat(explained(KEY, value(KEY, refused))).isEmpty();
    }

    @Test
    void unansweredWrites_mayHaveTakenEffectOrNot() throws IOException {
        Write before = acknowledgedSet(KEY);
        Write set = record.issue(KEY, false);
        Write remove = record.issue(KEY, true);

        accepts(KEY, value(KEY, before), before);
        accepts(KEY, value(KEY, set), set);
        accepts(KEY, Optional.empty(), remove);
        assertThat(record.history(KEY).possible()).containsExactly(remove, set, before);
    }

    @Test
    void unansweredSetOfANewKey_mayBeMissing() throws IOException {
        Write set = record.issue(KEY, false);

        accepts(KEY, Optional.empty(), Write.NONE);
        accepts(KEY, value(KEY, set), set);
    }

    @Test
    void whatWasSeenOfUnansweredWrites_decidesThem() throws IOException {
        Write before = acknowledgedSet(KEY);
        Write first = record.issue(KEY, false);
        Write second = record.issue(KEY, false);
        record.observed(KEY, first);

        accepts(KEY, value(KEY, first), first);
        accuses(KEY, value(KEY, before), "OLD: key -7");
        assertThat(explained(KEY, value(KEY, second))).isEmpty();
        accuses(KEY, Optional.empty(), "LOST: key -7");
    }

    @Test
    void unansweredWrite_cannotComeAfterALaterOneThatWasAcknowledged() throws IOException {
        Write unanswered = record.issue(KEY, false);
        Write set = acknowledgedSet(KEY);

        accepts(KEY, value(KEY, set), set);
        accuses(KEY, value(KEY, unanswered), "OLD: key -7");
        accuses(KEY, Optional.empty(), "LOST: key -7");
    }

    @Test
    void writesOfOneKey_sayNothingOfAnother() throws IOException {
        Write set = acknowledgedSet(OTHER);
        acknowledgedSet(KEY);
        record.acknowledged(KEY, record.issue(KEY, true));

        accepts(OTHER, value(OTHER, set), set);
        accepts(KEY, Optional.empty(), new Write(set.number() + 2, true));
    }

    @Test
    void recordThatIsGoneOnWith_keepsItsSeedAndItsNumbers() throws IOException {
        Write first = acknowledgedSet(KEY);
        record.close();
        record = AcknowledgedRecord.open(file(), SEED + 1, VALUE_BYTES_MAX * 2);

        assertThat(record.seed()).isEqualTo(SEED);
        assertThat(record.issue(OTHER, false).number()).isEqualTo(first.number() + 1);
        accepts(KEY, value(KEY, first), first);
    }

    @Test
    void acknowledgementOfAWriteThatIsNotInTheRecord_isRefused() throws IOException {
        record.close();
        Files.writeString(file(), "load 5 100\ns 1 1\na 1 2\n");

        assertThatThrownBy(() -> AcknowledgedRecord.open(file(), SEED, VALUE_BYTES_MAX))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no open write 2");
    }

    private Write acknowledgedSet(long key) {
        Write set = record.issue(key, false);
        record.acknowledged(key, set);
        return set;
    }

    private Optional<byte[]> value(long key, Write write) {
        return Optional.of(record.value(key, write.number()));
    }

    private void accepts(long key, Optional<byte[]> found, Write as) throws IOException {
        assertThat(explained(key, found)).contains(as);
    }

    private void accuses(long key, Optional<byte[]> found, String finding) throws IOException {
        assertThat(explained(key, found)).isEmpty();
        assertThat(record.accuse(key, found)).startsWith(finding + ",");
        try (AcknowledgedRecord again = readAnew()) {
            assertThat(again.accuse(key, found)).isEqualTo(record.accuse(key, found));
        }
    }

    /** What explains it to the record, and to one that reads the same file. */
    private Optional<Write> explained(long key, Optional<byte[]> found) throws IOException {
        Optional<Write> write = record.explain(key, found);
        try (AcknowledgedRecord again = readAnew()) {
            assertThat(again.explain(key, found)).isEqualTo(write);
        }
        return write;
    }

    private AcknowledgedRecord readAnew() throws IOException {
        Path copy = directory.resolve("copy");
        Files.copy(file(), copy, StandardCopyOption.REPLACE_EXISTING);
        return AcknowledgedRecord.open(copy, SEED, VALUE_BYTES_MAX);
    }
}
