package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReadAheadTest {

    private static final int FILE_BYTES = 700_000;

    @Test
    void readsAnywhereAndOfAnySize_giveTheBytesOfTheFile() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = new byte[FILE_BYTES];
            random.nextBytes(bytes);
            CrashingFileSystem disk = new CrashingFileSystem();
            disk.put(disk.path("file"), bytes);
            try (StoreFile file = disk.openForReading(disk.path("file"))) {
                StoreFile ahead = new ReadAhead(file);
                int position = 0;
                for (int i = 0; i < 2000; i++) {
                    int size = random.nextInt(i % 100 == 0 ? FILE_BYTES : 3000);
                    ByteBuffer target = ByteBuffer.allocate(size);
                    int end = Math.min(FILE_BYTES, position + size);
                    assertThat(ahead.read(target, position)).isEqualTo(end - position);
                    assertThat(Arrays.copyOf(target.array(), end - position))
                            .isEqualTo(Arrays.copyOfRange(bytes, position, end));
                    position = random.nextInt(20) == 0 || end == FILE_BYTES ? random.nextInt(FILE_BYTES) : end;
                }
            }
        });
    }

    @Test
    void readFails_nextOneGivesTheBytesOfTheFile() throws Exception {
        CrashingFileSystem disk = new CrashingFileSystem();
        FailingFileSystem files = new FailingFileSystem(disk);
        byte[] bytes = new byte[FILE_BYTES];
        new SplittableRandom(1).nextBytes(bytes);
        disk.put(disk.path("file"), bytes);
        try (StoreFile file = files.openForReading(disk.path("file"))) {
            StoreFile ahead = new ReadAhead(file);
            assertThat(ahead.read(ByteBuffer.allocate(100), 0)).isEqualTo(100);
            int elsewhere = FILE_BYTES / 2;
            files.inject(Fault.on(FileOperation.READ));
            assertThatThrownBy(() -> ahead.read(ByteBuffer.allocate(100), elsewhere))
                    .isInstanceOf(IOException.class);
            ByteBuffer target = ByteBuffer.allocate(100);
            assertThat(ahead.read(target, elsewhere)).isEqualTo(100);
            assertThat(target.array()).isEqualTo(Arrays.copyOfRange(bytes, elsewhere, elsewhere + 100));
        }
    }
}
