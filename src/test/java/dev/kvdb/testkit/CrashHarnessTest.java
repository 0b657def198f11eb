package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * Shows on a log of a few lines that a walk over all crashes passes a correct program, and catches each step that it
 * leaves out.
 *
 * <p>The log counts: record n holds n and a checksum. A {@code HEAD} file, replaced atomically, names the log's file.
 */
class CrashHarnessTest {

    private static final int RECORD_BYTES = 600;
    private static final int RECORDS = 6;
    private static final int VARIANTS = 20;
    private static final byte[] LOG_NAME = {'l', 'o', 'g'};

    private enum Mutant {
        NO_SYNC,
        NO_DIRECTORY_SYNC,
        SYNC_RETRIED_AFTER_FAILURE,
        HEAD_NOT_SYNCED_BEFORE_RENAME,
        ACKNOWLEDGED_BEFORE_SYNC,
        CHECKSUM_NOT_VERIFIED
    }

    @Test
    void correctLog_losesNothingAtAnyCrash() throws IOException {
        assertThat(checkAllCrashes(EnumSet.noneOf(Mutant.class))).isGreaterThan(200);
    }

    @Test
    void eachMutant_isCaught() {
        for (Mutant mutant : Mutant.values()) {
            assertThatThrownBy(() -> checkAllCrashes(EnumSet.of(mutant)))
                    .as("%s", mutant)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("after crash before");
        }
    }

    private static int checkAllCrashes(Set<Mutant> mutants) throws IOException {
        CrashingFileSystem files = new CrashingFileSystem();
        write(files, mutants);
        int checked = 0;
        CrashImages images = files.crashImages();
        do {
            int variants = images.pendingOperations() == 0 ? 1 : VARIANTS;
            for (long seed = 0; seed < variants; seed++) {
                CrashingFileSystem image = images.image(seed);
                assertThat(recover(image, image.root(), mutants))
                        .as("after crash before %s, seed %d", images.nextOperation(), seed)
                        .isBetween(images.notes().size(), RECORDS);
                checked++;
            }
        } while (images.advance());
        return checked;
    }

    private static void write(CrashingFileSystem files, Set<Mutant> mutants) throws IOException {
        try (StoreFile log = files.create(files.path("log"))) {
            writeHead(files, mutants);
            for (int n = 0; n < RECORDS; n++) {
                log.write(record(n), (long) n * RECORD_BYTES);
                if (mutants.contains(Mutant.ACKNOWLEDGED_BEFORE_SYNC)) {
                    files.note(n);
                }
                sync(files, log, n, mutants);
                if (!mutants.contains(Mutant.ACKNOWLEDGED_BEFORE_SYNC)) {
                    files.note(n);
                }
            }
        }
    }

    private static void writeHead(CrashingFileSystem files, Set<Mutant> mutants) throws IOException {
        try (StoreFile head = files.create(files.path("HEAD.tmp"))) {
            head.write(ByteBuffer.wrap(LOG_NAME), 0);
            if (!mutants.contains(Mutant.HEAD_NOT_SYNCED_BEFORE_RENAME)) {
                head.sync();
            }
        }
        files.rename(files.path("HEAD.tmp"), files.path("HEAD"));
        if (!mutants.contains(Mutant.NO_DIRECTORY_SYNC)) {
            files.syncDirectory(files.root());
        }
    }

    private static void sync(CrashingFileSystem files, StoreFile log, int n, Set<Mutant> mutants) throws IOException {
        if (mutants.contains(Mutant.NO_SYNC)) {
            return;
        }
        if (n == 2 && mutants.contains(Mutant.SYNC_RETRIED_AFTER_FAILURE)) {
            files.failNextSync();
            assertThatThrownBy(log::sync).isInstanceOf(IOException.class);
        }
        log.sync();
    }

    /** How many records there are. */
    private static int recover(FileSystem files, Path root, Set<Mutant> mutants) throws IOException {
        if (!files.exists(root.resolve("HEAD"))) {
            return 0;
        }
        ByteBuffer name = ByteBuffer.allocate(LOG_NAME.length);
        try (StoreFile head = files.openForReading(root.resolve("HEAD"))) {
            head.read(name, 0);
        }
        if (!name.flip().equals(ByteBuffer.wrap(LOG_NAME))) {
            return -1;
        }
        try (StoreFile log = files.openForReading(root.resolve("log"))) {
            int n = 0;
            ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
            while (log.read(record.clear(), (long) n * RECORD_BYTES) == RECORD_BYTES
                    && record.flip().getInt(0) == n) {
                if (!record.equals(record(n))) {
                    // Taking a torn record for a whole one is a wrong answer, whatever the count.
                    return mutants.contains(Mutant.CHECKSUM_NOT_VERIFIED) ? -1 : n;
                }
                n++;
            }
            return n;
        }
    }

    private static ByteBuffer record(int n) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
        record.putInt(0, n);
        CRC32C crc = new CRC32C();
        crc.update(record.array(), 0, RECORD_BYTES - 4);
        record.putInt(RECORD_BYTES - 4, (int) crc.getValue());
        return record;
    }
}
