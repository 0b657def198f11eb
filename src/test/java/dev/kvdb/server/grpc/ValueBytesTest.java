package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.kvdb.v1.SetRequest;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ValueBytesTest {

    @Test
    void unwrapOfWholeArray_isThatArray() {
        byte[] array = {1, 2, 3};

        assertThat(ValueBytes.unwrap(UnsafeByteOperations.unsafeWrap(array))).isSameAs(array);
    }

    @Test
    void unwrapOfPartsOrParsedMessages_hasTheSameBytes() throws Exception {
        ByteString rope = ByteString.copyFrom(new byte[1_000]).concat(ByteString.copyFrom(new byte[] {1, 2}));
        ByteString part = ByteString.copyFromUtf8("abcdef").substring(2, 4);
        ByteString buffer = UnsafeByteOperations.unsafeWrap(ByteBuffer.allocateDirect(3));
        ByteString parsed = SetRequest.parseFrom(SetRequest.newBuilder()
                        .setValue(ByteString.copyFromUtf8("parsed"))
                        .build()
                        .toByteArray())
                .getValue();

        for (ByteString value : new ByteString[] {rope, part, buffer, parsed, ByteString.EMPTY}) {
            assertThat(ValueBytes.unwrap(value)).isEqualTo(value.toByteArray());
        }
    }
}
