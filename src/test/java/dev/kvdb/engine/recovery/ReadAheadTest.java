package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.Seeds;
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
}
