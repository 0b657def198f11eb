package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.error.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerifyTest {

    private static final int FIRST_VALUE = 128 + 65 + 33;

    @TempDir
    Path directory;

    private Path database;

    @BeforeEach
    void writeStore() {
        database = directory.resolve("database");
        StoreOptions options = StoreOptions.DEFAULTS.toBuilder().reserveBytes(0).build();
        try (Store store = Store.open(database, options)) {
            store.set(1, new byte[100]).toCompletableFuture().join();
            store.set(2, new byte[10]).toCompletableFuture().join();
            store.remove(2).toCompletableFuture().join();
        }
    }

    private Outcome verify(String... more) {
        return new CommandRun()
                .run(Stream.concat(Stream.of("verify", database.toString()), Stream.of(more))
                        .toArray(String[]::new));
    }

    private void flip(String name, int offset) throws IOException {
        byte[] bytes = Files.readAllBytes(database.resolve(name));
        bytes[offset] ^= 1;
        Files.write(database.resolve(name), bytes);
    }

    /** Name to contents and time of the last change. */
    private Map<String, String> files() throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.list(database)) {
            for (Path file : files.toList()) {
                all.put(
                        file.getFileName().toString(),
                        Arrays.toString(Files.readAllBytes(file)) + Files.getLastModifiedTime(file));
            }
        }
        return all;
    }

    @Test
    void wholeDatabase_exits0WithItsFigures_andIsNotChanged() throws IOException {
        Map<String, String> before = files();

        Outcome outcome = verify();

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.text())
                .contains("database      " + database)
                .contains("records       3 records, 1 key\n")
                .contains("findings      none\n");
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void wholeDatabase_asJson() {
        assertThat(verify("--json").text())
                .startsWith("{\"database\":\"" + database + "\",\"clean\":true,\"files\":4,\"bytes\":")
                .contains("\"records\":3,\"liveRecords\":1,\"durationMillis\":")
                .endsWith("\"findingsTotal\":0,\"findings\":[],\"notesTotal\":0,\"notes\":[]}\n");
    }

    @Test
    void damagedValue_exits1NamingFileAndOffset_andWhatToDo() throws IOException {
        flip("0000000001.log", FIRST_VALUE + 99);
        Map<String, String> before = files();
        String message = "the value of key 1, version 1, 100 bytes, fails its checksum";

        Outcome outcome = verify();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.text())
                .startsWith("damaged value: " + database.resolve("0000000001.log") + " at offset " + FIRST_VALUE + ": "
                        + message + "\n")
                .contains("findings      1\n");
        assertThat(outcome.err())
                .startsWith("kvdb: 1 finding in " + database + "\n")
                .contains("The log is damaged")
                .doesNotContain("caches");
        Outcome json = verify("--json");
        assertThat(json.exitCode()).isEqualTo(1);
        assertThat(json.text())
                .hasLineCount(1)
                .contains("\"clean\":false")
                .contains("\"findings\":[{\"kind\":\"value\",\"file\":\"" + database.resolve("0000000001.log")
                        + "\",\"offset\":" + FIRST_VALUE + ",\"message\":\"" + message + "\"}]");
        assertThat(files()).isEqualTo(before);
    }

    /** Where a file of a backup may be put in, where only all of it, and whether the store opens meanwhile. */
    @ParameterizedTest
    @CsvSource({
        "manifest, The manifest is damaged, Never a MANIFEST alone, false",
        "missing, The log is damaged, restore the whole directory from a backup, true",
        "header, The log is damaged, restore the whole directory from a backup, true",
        "length, The log is damaged, restore the whole directory from a backup, true",
        "frame, The log is damaged, restore the whole directory from a backup, true",
        "value, The log is damaged, restore the whole directory from a backup, true",
    })
    void damagedFile_isAnsweredWithWhatRestoresIt_andWhetherTheStoreOpens(
            String kind, String what, String remedy, boolean opens) throws IOException {
        damage(kind);

        Outcome outcome = verify();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(verify("--json").text()).contains("\"kind\":\"" + kind + "\"");
        assertThat(outcome.err())
                .contains(what, remedy, "'kvdb repair'")
                .doesNotContain("files named above")
                .contains(opens ? "can still be read" : "the database does not open")
                .doesNotContain(opens ? "does not open" : "can still be read");
        assertThat(opens()).isEqualTo(opens);
    }

    private void damage(String kind) throws IOException {
        Path segment = database.resolve("0000000001.log");
        switch (kind) {
            case "manifest" -> flip("MANIFEST", 20);
            case "missing" -> Files.delete(segment);
            case "header" -> flip("0000000001.log", 20);
            case "length" -> Files.write(segment, Arrays.copyOf(Files.readAllBytes(segment), FIRST_VALUE + 50));
            case "frame" -> flip("0000000001.log", FIRST_VALUE - 1);
            case "value" -> flip("0000000001.log", FIRST_VALUE + 1);
            default -> throw new AssertionError(kind);
        }
    }

    private boolean opens() {
        try (Store store = Store.open(database, StoreOptions.DEFAULTS)) {
            return store.statistics().log().segments() > 0;
        } catch (StoreException e) {
            return false;
        }
    }

    @Test
    void missingSegment_isSaidToBeMissing_atNoOffset() throws IOException {
        Path segment = database.resolve("0000000001.log");
        Files.delete(segment);
        assertThat(verify().text()).startsWith("missing: " + segment + ": the manifest lists this segment");
    }

    @Test
    void damagedCache_exits1_andMayBeDeleted() throws IOException {
        flip("SNAPSHOT", 50);
        Outcome outcome = verify();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.text()).startsWith("damaged snapshot: " + database.resolve("SNAPSHOT") + " at offset ");
        assertThat(outcome.err()).contains("caches of the log").doesNotContain("The log is damaged");

        Files.delete(database.resolve("SNAPSHOT"));
        assertThat(verify().exitCode()).isZero();
        assertThat(verify().text()).startsWith("note: there is no index snapshot");
    }

    @Test
    void openDatabase_isRefusedNamingItsOwner() {
        try (Store owner = Store.open(database, StoreOptions.DEFAULTS)) {
            Outcome outcome = verify();
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.out()).isEmpty();
            assertThat(outcome.err())
                    .contains("is in use by")
                    .contains(Long.toString(ProcessHandle.current().pid()));
            assertThat(owner.statistics().keys()).isEqualTo(1);
        }
    }

    @Test
    void whatIsNoDatabase_isRefusedAndLeftAlone() throws IOException {
        Path letter = Files.writeString(
                Files.createDirectory(directory.resolve("other")).resolve("letter.txt"), "Dear");
        database = letter.getParent();
        assertThat(verify().exitCode()).isEqualTo(1);
        assertThat(verify().err()).contains("expected a kvdb store").hasLineCount(1);
        assertThat(database.toFile().list()).containsExactly("letter.txt");
        database = letter;
        assertThat(verify().err()).isEqualTo("kvdb: '" + letter + "' is a file, DB_PATH must be a directory\n");
        database = directory.resolve("absent");
        assertThat(verify().err()).isEqualTo("kvdb: there is no database in " + database + "\n");
        assertThat(database).doesNotExist();
    }

    @Test
    void directory_comesFromTheVariable() {
        Outcome outcome = new CommandRun()
                .environment("KVDB_DATA_DIRECTORY", database.toString())
                .run("verify");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }
}
