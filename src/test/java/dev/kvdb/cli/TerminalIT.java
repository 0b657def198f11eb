package dev.kvdb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kvdb.engine.format.BareLogWriter;
import dev.kvdb.testkit.ServerProcess;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher where a person sits: in a pseudo-terminal, which util-linux' {@code script} makes, and in bash. */
class TerminalIT {

    private static final int ENTRIES = 2_000;

    @TempDir
    Path work;

    private Path log;
    private Path database;

    @BeforeEach
    void writeLog() throws IOException {
        log = work.resolve("bare.log");
        database = work.resolve("database");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(log))) {
            BareLogWriter writer = new BareLogWriter(out, ByteOrder.BIG_ENDIAN);
            for (int key = 0; key < ENTRIES; key++) {
                writer.writeSet(key, new byte[1_000]);
            }
        }
    }

    private static String run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = ServerProcess.launch();
        builder.environment().put("TERM", "xterm");
        Process process = builder.command(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /** What a terminal gets of a command line that begins with the launcher's name. */
    private static String inTerminal(String line) throws IOException, InterruptedException {
        require(
                isUtilLinuxScript(),
                "there is no util-linux 'script' to make a pseudo-terminal: install bsdutils on Debian and Ubuntu,"
                        + " util-linux elsewhere, and put 'script' on the PATH");
        return run("script", "-qec", "'" + ServerProcess.launcher().toAbsolutePath() + "' " + line, "/dev/null");
    }

    /** Skips the test where something is missing, and fails it where that could be installed: as root, by apt-get. */
    private static void require(boolean there, String missing) {
        boolean canInstall = Files.isExecutable(Path.of("/usr/bin/apt-get"))
                && System.getProperty("user.name").equals("root");
        if (canInstall) {
            assertThat(there).as(missing).isTrue();
        }
        assumeTrue(there, "SKIPPED: " + missing);
    }

    private static boolean isUtilLinuxScript() throws InterruptedException {
        try {
            Process process = new ProcessBuilder("script", "--version").start();
            String version = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 && version.contains("util-linux");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void importInATerminal_drawsABarThatEndsItsLineBeforeTheResult() throws Exception {
        String screen = inTerminal("import '" + log + "' '" + database + "'");
        assertThat(screen)
                .contains("import 100%")
                .matches("(?s).*import 100%[^\\n]*\\n[^\\n]*imported 2,000 sets .*\\r\\n");
    }

    @Test
    void exportToARedirectedStdout_drawsTheBarOnStderrAlone() throws Exception {
        run(ServerProcess.launcher().toString(), "import", log.toString(), database.toString());
        Path copy = work.resolve("copy.log");
        assertThat(inTerminal("export - '" + database + "' > '" + copy + "'")).contains("export 100%");
        assertThat(copy).hasSameBinaryContentAs(log);
    }

    @Test
    void verifyInATerminal_drawsABarThatEndsItsLineBeforeTheResult() throws Exception {
        run(ServerProcess.launcher().toString(), "import", log.toString(), database.toString());
        assertThat(inTerminal("verify '" + database + "'"))
                .contains("verify 100%")
                .matches("(?s).*verify 100%[^\\n]*\\n[^\\n]*database +.*");
    }

    @Test
    void stderrThatIsNoTerminal_getsNoBar() throws Exception {
        Path err = work.resolve("err");
        assertThat(inTerminal("import '" + log + "' '" + database + "' 2> '" + err + "'"))
                .startsWith("imported ");
        assertThat(err).isEmptyFile();
        assertThat(run(ServerProcess.launcher().toString(), "import", log.toString(), database.toString()))
                .startsWith("imported ")
                .hasLineCount(1);
    }

    @Test
    void benchInATerminal_drawsABarThatEndsItsLineBeforeTheResult() throws Exception {
        try (ServerProcess server =
                ServerProcess.start(database, "kvdb.storage.reserve-size=0").awaitReady()) {
            assertThat(inTerminal("bench --keys 100 --count 500 --warm-up 0 --server " + server.address()))
                    .contains("bench sets keys 8000000000000000000")
                    .containsPattern("bench 100% [^\\n]*p99")
                    .containsPattern("p99[^\\n]*\\n[^\\n]*server +kvdb ");
        }
    }

    @Test
    void completionInBash_offersCommandsOptionsAndValues() throws Exception {
        require(
                Stream.of("/bin/bash", "/usr/bin/bash").anyMatch(bash -> Files.isExecutable(Path.of(bash))),
                "there is no bash: install bash");
        assertThat(complete("ge")).containsExactly("get");
        assertThat(complete("be")).containsExactly("bench");
        assertThat(complete("bench", "--wa")).containsExactly("--warm-up");
        assertThat(complete("ex")).containsExactly("export");
        assertThat(complete("get", "--r")).containsExactly("--raw");
        assertThat(complete("export", "--by")).containsExactly("--byte-order");
        assertThat(complete("import", "--d")).containsExactly("--dry-run");
    }

    private static String[] complete(String... words) throws IOException, InterruptedException {
        // compopt works only where bash itself asks for a completion.
        String script = "compopt() { :; }; source <('" + ServerProcess.launcher()
                + "' completion); complete -p kvdb > /dev/null || exit 1; "
                + "COMP_WORDS=(kvdb " + String.join(" ", words) + "); COMP_CWORD=" + words.length
                + "; COMP_LINE=\"${COMP_WORDS[*]}\"; COMP_POINT=${#COMP_LINE}; _complete_kvdb; "
                + "printf '%s\\n' \"${COMPREPLY[@]}\"";
        return run("bash", "-c", script).strip().split("\\s+");
    }
}
