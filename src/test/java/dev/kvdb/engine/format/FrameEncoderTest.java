package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrameEncoderTest {

    @Test
    void headersOfSetsAndRemoves_areThoseThatFrameHeaderEncodes() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            long salt = random.nextLong();
            FrameEncoder encoder = new FrameEncoder(salt);
            ByteBuffer expected = ByteBuffer.allocate(200);
            ByteBuffer actual = ByteBuffer.allocateDirect(200);
            for (int frame = 0; frame < 4; frame++) {
                long version = random.nextLong(FrameHeader.VERSION_MAX);
                long key = random.nextLong();
                if (random.nextBoolean()) {
                    byte[] value = new byte[random.nextInt(100)];
                    random.nextBytes(value);
                    FrameHeader.ofSet(version, key, value).encode(expected, salt);
                    encoder.encodeSet(actual, version, key, value);
                } else {
                    FrameHeader.ofRemove(version, key).encode(expected, salt);
                    encoder.encodeRemove(actual, version, key);
                }
            }
            assertThat(actual.flip()).isEqualTo(expected.flip());
        }
    }
}
