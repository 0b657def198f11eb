package dev.kvdb.server.grpc;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Passes values between messages and the engine without copying them. Both sides treat the bytes as immutable. */
final class ValueBytes {

    private ValueBytes() {}

    /** A message's view of an array that no one changes any more. */
    static ByteString wrap(byte[] value) {
        return UnsafeByteOperations.unsafeWrap(value);
    }

    /** The array behind a value of a parsed request, where the value is all of it; else a copy. Must not be changed. */
    static byte[] unwrap(ByteString value) {
        WholeArray whole = new WholeArray();
        try {
            UnsafeByteOperations.unsafeWriteTo(value, whole);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] array = whole.array;
        return array != null && array.length == value.size() ? array : value.toByteArray();
    }

    /** Catches the one array that a value consists of. */
    private static final class WholeArray extends ByteOutput {

        private byte @Nullable [] array;
        private boolean inParts;

        @Override
        public void writeLazy(byte[] bytes, int offset, int length) {
            boolean whole = array == null && !inParts && offset == 0 && length == bytes.length;
            array = whole ? bytes : null;
            inParts = !whole;
        }

        @Override
        public void write(byte value) {
            inParts();
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            inParts();
        }

        @Override
        public void write(ByteBuffer buffer) {
            inParts();
        }

        @Override
        public void writeLazy(ByteBuffer buffer) {
            inParts();
        }

        private void inParts() {
            array = null;
            inParts = true;
        }
    }
}
