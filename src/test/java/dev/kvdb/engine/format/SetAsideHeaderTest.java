package dev.kvdb.engine.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.SetAsideHeader.Range;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SetAsideHeaderTest {

    private static final SetAsideHeader HEADER =
            new SetAsideHeader(new UUID(3, 4), 12, List.of(new Range(0, 128), new Range(226, 5_000_000_000L)));

    @Test
    void header_isAsDocumentedAndReadBack() {
        ByteBuffer bytes = HEADER.encode();
        assertThat(bytes.remaining()).isEqualTo(HEADER.headerBytes()).isEqualTo(40 + 2 * 16 + 4);
        assertThat(bytes.getInt(12)).isEqualTo(2);
        assertThat(bytes.getLong(32)).isEqualTo(12);
        assertThat(bytes.getLong(56)).isEqualTo(226);
        assertThat(SetAsideHeader.decode(bytes, "1.damaged")).isEqualTo(HEADER);
    }

    @Test
    void eachFlippedBitAndEachTruncation_isDamage() {
        byte[] bytes = HEADER.encode().array();
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> SetAsideHeader.decode(ByteBuffer.wrap(flipped), "1.damaged"))
                    .isInstanceOf(DamageException.class);
        }
        for (int length = 0; length < bytes.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length).slice();
            assertThatThrownBy(() -> SetAsideHeader.decode(cut, "1.damaged")).isInstanceOf(DamageException.class);
        }
    }
}
