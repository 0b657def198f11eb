package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.cli.CommandRun.Outcome;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepairTest {

    private static final StoreOptions OPTIONS =
            StoreOptions.DEFAULTS.toBuilder().reserveBytes(0).build();
    private static final int FIRST_RECORD = 128 + 65;
    private static final String SEGMENT = "0000000001.log";

    @TempDir
    Path directory;

    private Path database;

    @BeforeEach
    void writeStore() {
        database = directory.resolve("database");
        try (Store store = Store.open(database, OPTIONS)) {
            store.set(1, new byte[100]).toCompletableFuture().join();
            store.set(2, new byte[10]).toCompletableFuture().join();
            store.set(3, new byte[10]).toCompletableFuture().join();
        }
    }

    private Outcome repair(String... more) {
        return new CommandRun()
                .run(Stream.concat(Stream.of("repair", database.toString()), Stream.of(more))
                        .toArray(String[]::new));
    }

    private int verify() {
        return new CommandRun().run("verify", database.toString()).exitCode();
    }

    private void flip(String name, int offset) throws IOException {
        byte[] bytes = Files.readAllBytes(database.resolve(name));
        bytes[offset] ^= 1;
        Files.write(database.resolve(name), bytes);
    }

    private Map<String, String> files() throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.list(database)) {
            for (Path file : files.filter(each -> !each.endsWith("LOCK")).toList()) {
                all.put(file.getFileName().toString(), java.util.Arrays.toString(Files.readAllBytes(file)));
            }
        }
        return all;
    }

    @Test
    void wholeDatabase_exits0_andIsNotChanged() throws IOException {
        Map<String, String> before = files();
        Outcome outcome = repair("--accept-loss");
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.text())
                .contains("findings      none\n", "lost          nothing\n", "written anew  nothing\n")
                .endsWith("outcome       whole\n");
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void damageThatCostsNothing_isRepairedWithExit0() throws IOException {
        flip(SEGMENT, 100);
        flip(SEGMENT, FIRST_RECORD + 20);
        flip("SNAPSHOT", 50);
        Outcome outcome = repair();
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.text())
                .startsWith("damaged header: " + database.resolve(SEGMENT))
                .contains("written anew  1 damaged segment, the index snapshot\n")
                .contains("set aside     " + database.resolve("0000000001.damaged") + "\n")
                .endsWith("outcome       repaired\n");
        assertThat(verify()).isZero();
        try (Store store = Store.open(database, OPTIONS)) {
            assertThat(store.get(1)).isPresent();
            assertThat(store.statistics().keys()).isEqualTo(3);
        }
    }

    @Test
    void lostValue_exits1SayingWhatItCosts_andTheLogIsNotChanged_untilItIsAccepted() throws IOException {
        flip(SEGMENT, FIRST_RECORD + 33 + 5);
        Map<String, String> before = files();
        String lost = "lost key 1, version 1: " + database.resolve(SEGMENT) + " at offset " + FIRST_RECORD + "\n";

        for (String[] options : new String[][] {{}, {"--dry-run"}, {"--dry-run", "--accept-loss"}}) {
            Outcome asked = repair(options);
            assertThat(asked.exitCode()).isEqualTo(1);
            assertThat(asked.text())
                    .contains(lost, "lost          the newest value of 1 key\n", "written anew  nothing\n");
            assertThat(asked.err()).contains("would lose", "the newest value of 1 key");
            assertThat(asked.err().contains("--accept-loss")).isEqualTo(options.length < 2);
            assertThat(files()).isEqualTo(before);
        }

        Outcome accepted = repair("--accept-loss");
        assertThat(accepted.exitCode()).isEqualTo(1);
        assertThat(accepted.text()).contains(lost).endsWith("outcome       repaired-with-loss\n");
        assertThat(accepted.err())
                .startsWith(
                        "kvdb: " + database + " is whole again and takes writes. Lost: the newest value of 1 key\n");
        assertThat(verify()).isZero();
        assertThat(repair().exitCode()).isZero();
        try (Store store = Store.open(database, OPTIONS)) {
            assertThat(store.get(1)).isEmpty();
            assertThat(store.get(2)).isPresent();
            store.set(1, new byte[1]).toCompletableFuture().join();
        }
    }

    @Test
    void unknownKeys_areToldByTheirVersions() throws IOException {
        flip(SEGMENT, FIRST_RECORD + 33 + 100 + 65 + 20);
        Files.delete(database.resolve("SNAPSHOT"));
        Files.delete(database.resolve("0000000001.hint"));
        Outcome outcome = repair();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.text())
                .contains("lost records of unknown keys, versions 2 to 2: " + database.resolve(SEGMENT) + " at offset "
                        + (FIRST_RECORD + 33 + 100 + 65) + "\n")
                .contains("lost          records of unknown keys, newer than the values of 1 key\n");
        assertThat(repair("--json").text())
                .hasLineCount(1)
                .contains("\"outcome\":\"loss-not-accepted\"", "\"uncertainKeys\":1,")
                .contains("\"hidden\":[{\"fromVersion\":\"2\",\"toVersion\":\"2\",\"file\":\""
                        + database.resolve(SEGMENT) + "\",\"offset\":");
        assertThat(repair("--accept-loss").exitCode()).isEqualTo(1);
        assertThat(verify()).isZero();
    }

    @Test
    void lostManifest_isMadeAnew() throws IOException {
        Files.delete(database.resolve("MANIFEST"));
        assertThat(repair().text()).contains("written anew  the manifest, the index snapshot\n");
        assertThat(verify()).isZero();

        flip("MANIFEST", 3);
        Files.delete(database.resolve("SNAPSHOT"));
        Outcome outcome = repair();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).contains("which segments counted", "removed keys may come back");
        assertThat(repair("--accept-loss").text())
                .contains("set aside     " + database.resolve("MANIFEST.damaged") + "\n");
        assertThat(verify()).isZero();
    }

    @Test
    void json_hasTheLostKeys() throws IOException {
        flip(SEGMENT, FIRST_RECORD + 33 + 5);
        Outcome outcome = repair("--json");
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.text())
                .hasLineCount(1)
                .startsWith("{\"database\":\"" + database + "\",\"outcome\":\"loss-not-accepted\",\"acceptLoss\":false,"
                        + "\"dryRun\":false,\"durationMillis\":")
                .contains("\"findingsTotal\":1,\"findings\":[{\"kind\":\"value\",")
                .contains("\"lostKeysTotal\":1,\"lostKeys\":[{\"key\":\"1\",\"version\":\"1\",\"file\":\""
                        + database.resolve(SEGMENT) + "\",\"offset\":" + FIRST_RECORD + "}],\"hidden\":[],")
                .contains("\"manifestUncertain\":false,\"manifestRewritten\":false,\"segmentsRewritten\":0,")
                .contains("\"setAside\":[],\"leftTotal\":1,\"left\":[{");
    }

    @Test
    void openDatabase_orNone_isRefused() throws IOException {
        try (Store owner = Store.open(database, OPTIONS)) {
            assertThat(repair().err()).contains("is in use by");
            assertThat(repair("--dry-run").err()).contains("is in use by");
            assertThat(owner.statistics().keys()).isEqualTo(3);
        }
        Path letter = Files.writeString(
                Files.createDirectory(directory.resolve("other")).resolve("letter.txt"), "Dear");
        database = letter.getParent();
        assertThat(repair().exitCode()).isEqualTo(1);
        assertThat(repair().err()).contains("expected a kvdb store").hasLineCount(1);
        assertThat(database.toFile().list()).containsExactly("letter.txt");
        assertThat(repair("--force").exitCode()).isEqualTo(2);
    }
}
