package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.FakeServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the load of the scripts says of a server that breaks its promises, and of one that keeps them. */
class AcknowledgedLoadTest {

    /** Among the keys of a small load. */
    private static final long NO_FILE_KEY = 30;

    @TempDir
    Path directory;

    private final List<String> findings = Collections.synchronizedList(new ArrayList<>());

    @AutoClose
    private final FakeServer server = new FakeServer();

    @Test
    void serverThatKeepsWhatItAcknowledged_isFoundToBeRight() throws Exception {
        load("write", "threads=2", "keys=20", "acks=200", "millis=600000");
        load("check");

        assertThat(findings).isEmpty();
    }

    @Test
    void acknowledgedSetThatIsForgotten_isLost() throws Exception {
        try (AcknowledgedRecord record = record()) {
            record.acknowledged(FakeServer.FORGOTTEN_KEY, record.issue(FakeServer.FORGOTTEN_KEY, false));
        }
        load("check");

        assertThat(findings).singleElement().asString().startsWith("LOST: key " + FakeServer.FORGOTTEN_KEY + ",");
    }

    @Test
    void keysThatNobodySet_areFoundWithOrWithoutAWriteInTheRecord() throws Exception {
        try (AcknowledgedRecord record = record()) {
            record.acknowledged(1, record.issue(1, true));
        }
        server.put(1, "something");
        server.put(2, "something else");
        load("check");

        assertThat(findings)
                .satisfiesExactly(
                        finding -> assertThat(finding).startsWith("NEVER WRITTEN: key 1,"),
                        finding -> assertThat(finding).startsWith("NEVER WRITTEN: the server counts 2 keys"));
    }

    @Test
    void valueThatCannotBeRead_isAFinding() throws Exception {
        try (AcknowledgedRecord record = record()) {
            record.issue(FakeServer.DAMAGED_KEY, false);
        }
        load("check");

        assertThat(findings).singleElement().asString().startsWith("UNREADABLE: key " + FakeServer.DAMAGED_KEY);
    }

    @Test
    void writeThatIsAcknowledgedAfterTheStoreIsReadOnly_isLate() throws Exception {
        // One of the keys finds the store read-only, the others do not.
        load(
                "write",
                "threads=1",
                "keys=" + (FakeServer.READ_ONLY_KEY + 1),
                "reads=0",
                "timeout=2000",
                "until=READ_ONLY",
                "millis=600000");

        assertThat(findings)
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding)
                        .startsWith("LATE: write ")
                        .endsWith("was acknowledged after the store was read-only"));
    }

    @Test
    void removeThatIsRefused_isAFindingWhereRemovesMustWork() throws Exception {
        try (AcknowledgedRecord record = record()) {
            record.acknowledged(FakeServer.READ_ONLY_KEY, record.issue(FakeServer.READ_ONLY_KEY, false));
        }
        load("remove", "share=100");

        assertThat(findings)
                .singleElement()
                .asString()
                .startsWith("REFUSED: remove of key " + FakeServer.READ_ONLY_KEY);
    }

    @Test
    void writeThatFailsAlone_isAFindingUnlessTheDiskIsToGo() throws Exception {
        server.failSetsOf(NO_FILE_KEY);
        String[] keysWithThatOne = {"threads=1", "keys=" + (NO_FILE_KEY + 1), "acks=1000", "millis=600000"};
        load(
                "write",
                Stream.concat(Stream.of(keysWithThatOne), Stream.of("until=READ_ONLY"))
                        .toArray(String[]::new));
        assertThat(findings).isEmpty();

        load("write", keysWithThatOne);
        assertThat(findings)
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding)
                        .startsWith("UNEXPECTED: write ")
                        .contains("of key " + NO_FILE_KEY + ": IO_FAILED"));
    }

    private AcknowledgedRecord record() throws IOException {
        return AcknowledgedRecord.open(directory.resolve("record"), 1, 100);
    }

    /** Runs a load on the record; what it finds is added to the findings. */
    private void load(String mode, String... settings) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(
                List.of(mode, server.address(), directory.resolve("record").toString(), "value-max=100"));
        words.addAll(Arrays.asList(settings));
        assertThat(AcknowledgedLoad.run(words, findings::add) > 0).isEqualTo(!findings.isEmpty());
    }
}
