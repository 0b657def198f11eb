package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.format.BareLogWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ImportExportTest {

    @TempDir
    Path directory;

    private Path log;
    private Path database;

    @BeforeEach
    void name() {
        log = directory.resolve("bare.log");
        database = directory.resolve("database");
    }

    /** Sets -1, 1 and 2, removes 1, sets 2 anew. */
    private static byte[] sample(ByteOrder order) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BareLogWriter writer = new BareLogWriter(out, order);
        writer.writeSet(-1, new byte[] {0, -1, 127});
        writer.writeSet(1, "gone".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        writer.writeSet(2, new byte[0]);
        writer.writeRemove(1);
        writer.writeSet(2, new byte[100]);
        return out.toByteArray();
    }

    private Outcome importing(String... more) {
        return run("import", more);
    }

    private Outcome exporting(String... more) {
        return run("export", more);
    }

    private Outcome run(String command, String... more) {
        return new CommandRun()
                .run(Stream.concat(Stream.of(command, log.toString(), database.toString()), Stream.of(more))
                        .toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource(ByteOrderChoice.class)
    void imported_inEitherByteOrder_isDetectedAndExportedAlike(ByteOrderChoice order) throws IOException {
        Files.write(log, sample(order.order()));
        Outcome imported = importing();
        assertThat(imported.exitCode()).as(imported.err()).isZero();
        assertThat(imported.text())
                .startsWith("imported 4 sets and 1 remove (184 bytes, " + order + "-endian)")
                .endsWith("which has 2 keys now\n");
        assertThat(database.resolve("RESERVE")).as("the server's").doesNotExist();

        log = directory.resolve("exported.log");
        Outcome exported = exporting("--byte-order", order.toString());
        assertThat(exported.exitCode()).as(exported.err()).isZero();
        assertThat(exported.text()).startsWith("exported 2 keys (137 bytes, " + order + "-endian)");
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        BareLogWriter writer = new BareLogWriter(expected, order.order());
        writer.writeSet(-1, new byte[] {0, -1, 127});
        writer.writeSet(2, new byte[100]);
        assertThat(log).hasBinaryContent(expected.toByteArray());
        assertThat(filesBesideTheDatabase()).containsExactly("bare.log", "exported.log");
    }

    private List<String> filesBesideTheDatabase() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @EnumSource(ByteOrderChoice.class)
    void truncatedInsideAnEntry_isRefusedWithTheOffset_andNothingIsWritten(ByteOrderChoice order) throws IOException {
        byte[] whole = sample(order.order());
        List<Integer> entryEnds = List.of(0, 20, 41, 58, 67);
        for (int length = 1; length < whole.length; length++) {
            if (entryEnds.contains(length)) {
                continue;
            }
            Files.write(log, java.util.Arrays.copyOf(whole, length));
            Outcome outcome = importing();
            assertThat(outcome.exitCode()).as("cut to %d bytes", length).isEqualTo(1);
            assertThat(outcome.err()).contains("is not a bare log").contains("offset ");
            assertThat(database).doesNotExist();
        }
    }

    @Test
    void ambiguousByteOrder_isAskedFor() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BareLogWriter writer = new BareLogWriter(out, ByteOrder.LITTLE_ENDIAN);
        writer.writeRemove(1);
        writer.writeSet(2, new byte[0]);
        Files.write(log, out.toByteArray());

        Outcome asked = importing();
        assertThat(asked.exitCode()).isEqualTo(2);
        assertThat(asked.err()).contains("--byte-order big").contains("--byte-order little");
        assertThat(database).doesNotExist();

        assertThat(importing("--byte-order", "little").exitCode()).isZero();
        try (Store store = Store.open(database, StoreOptions.DEFAULTS)) {
            assertThat(store.get(2)).isPresent();
        }
    }

    @Test
    void wrongByteOrder_isRefusedWithTheOffset() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Outcome outcome = importing("--byte-order", "LITTLE");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("little-endian").contains("at offset 9");
        assertThat(database).doesNotExist();
    }

    @Test
    void emptyFile_importsNothing() throws IOException {
        Files.write(log, new byte[0]);
        assertThat(importing("--json").text())
                .isEqualTo("{\"file\":\"" + log + "\",\"byteOrder\":\"big\",\"bytes\":0,\"sets\":0,\"removes\":0,"
                        + "\"dryRun\":false,\"keys\":0}\n");
    }

    @Test
    void dryRun_onlyChecks() throws IOException {
        Files.write(log, sample(ByteOrder.LITTLE_ENDIAN));
        Outcome outcome = importing("--dry-run");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.text()).contains("is complete: 4 sets and 1 remove").contains("little-endian");
        assertThat(database).doesNotExist();
    }

    @Test
    void valueOverTheLimit_isRefusedBeforeAnythingIsWritten() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Outcome outcome = importing("--value-bytes-max", "99");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err())
                .contains("the value at offset 67 has 100 bytes")
                .contains("--value-bytes-max");
        assertThat(database).doesNotExist();
        assertThat(importing("--value-bytes-max", "100").exitCode()).isZero();
    }

    @Test
    void missingFileOrDirectory_exits1() {
        assertThat(importing().err()).contains("there is no such file");
        Outcome outcome = exporting();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("there is no database in " + database);
        assertThat(database).doesNotExist();
        assertThat(new CommandRun().run("import", directory.toString()).err()).contains("not a regular file");
    }

    @Test
    void lockedDirectory_isRefusedNamingItsOwner() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        try (Store owner = Store.open(database, StoreOptions.DEFAULTS)) {
            Outcome outcome = importing();
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.err())
                    .contains("is in use by")
                    .contains(Long.toString(ProcessHandle.current().pid()));
            assertThat(owner.statistics().keys()).isZero();
        }
    }

    @Test
    void existingExport_isKeptUnlessForced() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        importing();
        Outcome refused = exporting();
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("--force");
        assertThat(log).hasBinaryContent(sample(ByteOrder.BIG_ENDIAN));
        assertThat(exporting("--force", "--json").text())
                .isEqualTo("{\"file\":\"" + log + "\",\"byteOrder\":\"big\",\"bytes\":137,\"keys\":2}\n");
        assertThat(log).hasSize(137);
    }

    @Test
    void exportToStdout_isTheFileAlone() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        importing();
        Outcome outcome = new CommandRun().run("export", "-", database.toString());
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).hasSize(137);
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void exportIntoMissingDirectory_exits1() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        importing();
        log = directory.resolve("absent").resolve("file");
        Outcome outcome = exporting();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("there is no directory " + directory.resolve("absent"));
    }

    @Test
    void exportOverWhatIsNoRegularFile_isRefusedThoughForced() throws Exception {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        importing();
        Path subdirectory = Files.createDirectory(directory.resolve("subdirectory"));
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        for (String target : List.of(subdirectory.toString(), subdirectory + "/", directory + "/absent/", "", "/")) {
            Outcome outcome = new CommandRun().run("export", target, database.toString(), "--force");
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.err()).isEqualTo("kvdb: '" + target + "' is a directory; name a file in it\n");
        }
        Outcome outcome = new CommandRun().run("export", pipe.toString(), database.toString(), "--force");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("is not a regular file");
        assertThat(Files.readAttributes(pipe, BasicFileAttributes.class).isOther())
                .isTrue();
        assertThat(subdirectory).isEmptyDirectory();
    }

    @Test
    void databaseThatIsAFile_isNamed() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Path file = Files.write(directory.resolve("file"), new byte[1]);
        for (String command : List.of("import", "export")) {
            String target = command.equals("import")
                    ? log.toString()
                    : directory.resolve("new.log").toString();
            Outcome outcome = new CommandRun().run(command, target, file.toString());
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.err()).isEqualTo("kvdb: '" + file + "' is a file, DB_PATH must be a directory\n");
        }
        assertThat(file).hasSize(1);
    }

    @Test
    void directoryOfSomethingElse_isLeftAlone() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Files.createDirectory(database);
        Path other = Files.writeString(database.resolve("letter.txt"), "Dear");
        for (Outcome outcome :
                List.of(importing(), new CommandRun().run("export", directory + "/new.log", database.toString()))) {
            assertThat(outcome.exitCode()).isEqualTo(1);
            assertThat(outcome.err()).contains(database.toString()).contains("letter.txt");
        }
        assertThat(database).isDirectoryContaining(other::equals);
        assertThat(database.toFile().list()).hasSize(1);
    }

    @Test
    void importOfStandardInput_isRefusedWithTheReason() {
        assertThat(new CommandRun().run("import", "-", database.toString()))
                .extracting(Outcome::exitCode, Outcome::err)
                .containsExactly(
                        1,
                        "kvdb: cannot read '-': an import reads twice, so not from the standard input; "
                                + "save that to a file\n");
    }

    @Test
    void emptyDatabasePath_isAUsageError() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Outcome outcome = new CommandRun().run("import", log.toString(), "");
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.err()).contains("DB_PATH is empty");
    }

    @Test
    void directory_comesFromTheVariable() throws IOException {
        Files.write(log, sample(ByteOrder.BIG_ENDIAN));
        Outcome outcome = new CommandRun()
                .environment("KVDB_DATA_DIRECTORY", database.toString())
                .run("import", log.toString());
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(database).isDirectory();
    }
}
