package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DirectoryLockedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskLockTest {

    private final DiskFileSystem files = new DiskFileSystem();

    @TempDir
    private Path directory;

    /** Another process: takes the lock, says so, and holds it until its input ends. */
    static final class Holder {
        public static void main(String[] arguments) throws IOException {
            try (DirectoryLock lock = new DiskFileSystem().lock(Path.of(arguments[0]), arguments[1])) {
                System.out.println("locked");
                while (System.in.read() >= 0) {
                    // wait for the end of the input
                }
            } catch (DirectoryLockedException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void heldInThisProcess_isRefusedByAnyNameOfTheDirectory() throws IOException {
        Path link =
                Files.createSymbolicLink(directory.resolve("link"), Files.createDirectory(directory.resolve("real")));
        Path lock = directory.resolve("real/LOCK");
        try (DirectoryLock held = files.lock(lock, "PID 42 on here")) {
            for (Path other : new Path[] {lock, link.resolve("LOCK")}) {
                assertThatThrownBy(() -> new DiskFileSystem().lock(other, "someone else"))
                        .isInstanceOf(DirectoryLockedException.class)
                        .hasMessageContaining("PID 42 on here (this process)")
                        .hasMessageContaining(other.getParent().toString());
            }
        }
        files.lock(lock, "PID 42, again").close();
        assertThat(lock).hasContent("PID 42, again\n");
    }

    @Test
    void refusedInThisProcess_keepsOtherProcessesOut() throws Exception {
        Path link =
                Files.createSymbolicLink(directory.resolve("link"), Files.createDirectory(directory.resolve("real")));
        Path lock = directory.resolve("real/LOCK");
        try (DirectoryLock held = files.lock(lock, "the first")) {
            for (Path name : new Path[] {lock, link.resolve("LOCK")}) {
                assertThatThrownBy(() -> files.lock(name, "the second")).isInstanceOf(DirectoryLockedException.class);
            }

            assertThat(answerOf(holder(lock, "the third")))
                    .contains("the first")
                    .contains("in use");
            assertThat(lock).hasContent("the first\n");
        }
    }

    @Test
    void heldByAnotherProcess_isRefusedUntilThatIsKilled() throws Exception {
        Path lock = directory.resolve("LOCK");
        Process other = holder(lock, "a longer text of another process");
        try {
            assertThat(answerOf(other)).isEqualTo("locked");
            assertThatThrownBy(() -> files.lock(lock, "me"))
                    .isInstanceOf(DirectoryLockedException.class)
                    .hasMessageContaining("a longer text of another process");
            assertThatThrownBy(() -> files.lock(lock, "me")).isInstanceOf(DirectoryLockedException.class);
        } finally {
            other.destroyForcibly().waitFor();
        }
        files.lock(lock, "me").close();
        assertThat(lock).hasContent("me\n");
    }

    @Test
    void lockUnchanged_keepsOthersOutAndIsKeptOut_withoutAChange() throws Exception {
        Path lock = Files.writeString(directory.resolve("LOCK"), "PID 7, long gone\n");
        assertThat(lock.toFile().setReadOnly()).isTrue();
        try (DirectoryLock held = files.lockUnchanged(lock)) {
            assertThatThrownBy(() -> files.lock(lock, "me")).isInstanceOf(DirectoryLockedException.class);
            assertThatThrownBy(() -> files.lockUnchanged(lock)).isInstanceOf(DirectoryLockedException.class);
            assertThat(lock.toFile().setWritable(true)).isTrue();
            assertThat(answerOf(holder(lock, "another process")))
                    .contains("in use by someone who only reads it, as 'kvdb verify' does")
                    .doesNotContain("PID 7");
        }
        assertThat(lock).hasContent("PID 7, long gone\n");

        Process other = holder(lock, "another process");
        try {
            assertThat(answerOf(other)).isEqualTo("locked");
            assertThatThrownBy(() -> files.lockUnchanged(lock))
                    .isInstanceOf(DirectoryLockedException.class)
                    .hasMessageContaining("another process");
        } finally {
            other.destroyForcibly().waitFor();
        }
        files.lockUnchanged(lock).close();
        assertThat(lock).hasContent("another process\n");
        assertThatThrownBy(() -> files.lockUnchanged(directory.resolve("absent")))
                .isInstanceOf(NoSuchFileException.class);
        assertThat(directory.resolve("absent")).doesNotExist();
    }

    @Test
    void ownerWithAShorterText_leavesNothingOfTheOneBefore() throws Exception {
        Path lock = Files.writeString(directory.resolve("LOCK"), "PID 7, long gone\n");
        Process other = holder(lock, "PID 8");
        try {
            assertThat(answerOf(other)).isEqualTo("locked");
            assertThat(lock).hasContent("PID 8\n");
            assertThatThrownBy(() -> files.lockUnchanged(lock)).hasMessageContaining("in use by PID 8;");
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    private static Process holder(Path lock, String owner) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        lock.toString(),
                        owner)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String answerOf(Process process) throws IOException {
        BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
        return String.valueOf(reader.readLine());
    }
}
