package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MeasuredFilesTest {

    private static final int OPERATIONS = 3_000;
    private static final List<String> NAMES = List.of(
            StoreFileNames.MANIFEST,
            StoreFileNames.SNAPSHOT,
            StoreFileNames.RESERVE,
            StoreFileNames.segment(1),
            StoreFileNames.hint(1),
            StoreFileNames.torn(1),
            StoreFileNames.temporary(StoreFileNames.MANIFEST),
            StoreFileNames.temporary(StoreFileNames.segment(2)));

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);

    @Test
    void anyOperations_totalIsThatOfTheDisk() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            MeasuredFiles measured = MeasuredFiles.of(files, disk.root());
            Map<StoreFile, Boolean> open = new HashMap<>();
            for (int i = 0; i < OPERATIONS; i++) {
                operate(measured, open, random);
                assertThat(measured.totalBytes()).as("after operation " + i).isEqualTo(onDisk());
            }
            assertThat(MeasuredFiles.of(files, disk.root()).totalBytes()).isEqualTo(onDisk());
        });
    }

    private void operate(MeasuredFiles measured, Map<StoreFile, Boolean> open, SplittableRandom random)
            throws IOException {
        String name = NAMES.get(random.nextInt(NAMES.size()));
        boolean exists = disk.exists(disk.path(name));
        switch (random.nextInt(8)) {
            case 0 -> {
                if (!exists) {
                    open.put(measured.create(disk.path(name)), true);
                }
            }
            case 1 -> {
                if (exists) {
                    measured.delete(disk.path(name));
                }
            }
            case 2 -> {
                if (exists) {
                    measured.rename(disk.path(name), disk.path(NAMES.get(random.nextInt(NAMES.size()))));
                }
            }
            default -> change(open, random);
        }
    }

    /** Writes to or cuts a file, which may have another name by now, or none. */
    private void change(Map<StoreFile, Boolean> open, SplittableRandom random) throws IOException {
        for (StoreFile file : open.keySet()) {
            if (random.nextInt(4) == 0) {
                file.truncate(random.nextInt(200));
            } else {
                boolean fails = random.nextInt(5) == 0;
                if (fails) {
                    files.inject(Fault.on(FileOperation.WRITE).as(Fault.Kind.SHORT_WRITE_NO_SPACE));
                }
                try {
                    file.write(ByteBuffer.allocate(random.nextInt(100)), random.nextInt(200));
                } catch (IOException e) {
                    assertThat(fails).isTrue();
                }
                files.heal();
            }
        }
    }

    @Test
    void filesThatAStoreDoesNotWrite_andOtherDirectories_areLeftOut() throws IOException {
        disk.put(disk.path("LOCK"), new byte[100]);
        disk.put(disk.path("notes.txt"), new byte[100]);
        disk.put(disk.path("0000000001.log"), new byte[7]);
        MeasuredFiles measured = MeasuredFiles.of(files, disk.root());

        try (StoreFile other = measured.create(disk.path("other"))) {
            other.write(ByteBuffer.allocate(10), 0);
        }

        assertThat(measured.totalBytes()).isEqualTo(7);
        assertThat(measured.size(disk.path("other"))).isEqualTo(10);
    }

    private long onDisk() throws IOException {
        long bytes = 0;
        for (String name : disk.list(disk.root())) {
            bytes += disk.size(disk.path(name));
        }
        return bytes;
    }
}
