package dev.kvdb.engine;

import static dev.kvdb.engine.VerificationScenario.kinds;
import static dev.kvdb.engine.VerificationScenario.verify;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.recovery.Finding.Kind;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashingFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What released versions wrote is no finding, and damage does not pass for it. */
class EarlierFormatVerificationTest {

    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden");

    @ParameterizedTest
    @ValueSource(strings = {"format-1", "format-1-unclean", "snapshot-2", "snapshot-2-unclean"})
    void storeOfAnEarlierVersion_isVerifiedWithoutAFinding(String fixture) {
        VerificationReport report =
                new StoreVerification(Environment.system()).run(GOLDEN.resolve(fixture), VerificationListener.NONE);
        assertThat(report.findings()).isEmpty();
        assertThat(report.liveRecords()).isPositive();
    }

    @Test
    void snapshotOfAnEarlierFormat_isNoted_andFoundWhereItsHeaderIsDamaged() throws IOException {
        CrashingFileSystem disk = earlierStore();
        byte[] snapshot = disk.contents(disk.path("SNAPSHOT"));
        assertThat(verify(disk).findings()).isEmpty();
        assertThat(verify(disk).notes()).anyMatch(note -> note.contains("snapshot is of an earlier format"));
        int headerBytes = 48 + 40 * ByteBuffer.wrap(snapshot).getInt(12) + 4;
        for (int offset = 0; offset < headerBytes; offset++) {
            CrashingFileSystem damaged = earlierStore();
            damaged.flipBit(damaged.path("SNAPSHOT"), offset, offset % 8);
            assertThat(kinds(verify(damaged))).as("byte %d", offset).containsExactly(Kind.SNAPSHOT);
        }
    }

    @Test
    void snapshotThatDamageMakesOneOfAnEarlierFormat_isFound() {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        Path snapshot = disk.path("SNAPSHOT");
        assertThat(disk.contents(snapshot)[9]).as("its format").isEqualTo((byte) 2);
        disk.flipBit(snapshot, 9, 0);
        disk.flipBit(snapshot, 9, 1);
        assertThat(kinds(verify(disk))).containsExactly(Kind.SNAPSHOT);
    }

    private static CrashingFileSystem earlierStore() throws IOException {
        FileSystem files = Environment.system().files();
        Path golden = GOLDEN.resolve("format-1");
        CrashingFileSystem disk = new CrashingFileSystem();
        for (String name : files.list(golden)) {
            try (StoreFile file = files.openForReading(golden.resolve(name))) {
                ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
                file.read(bytes, 0);
                disk.put(disk.path(name), bytes.array());
            }
        }
        return disk;
    }
}
