package dev.kvdb.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The bytes of a file in memory, copied only when one of several sharers changes them.
 *
 * <p>Everything behind the end reads as zeros, so a write past the end leaves a hole of zeros. Not safe for use by
 * several threads, but copies made by {@link #share()} may each go to a thread of their own.
 */
final class FileContent {

    private static final byte[] NO_BYTES = {};

    private byte[] bytes;
    private int size;
    private boolean shared;

    private FileContent(byte[] bytes, int size, boolean shared) {
        this.bytes = bytes;
        this.size = size;
        this.shared = shared;
    }

    static FileContent empty() {
        return new FileContent(NO_BYTES, 0, false);
    }

    /** A copy that costs nothing until one of the two is changed. */
    FileContent share() {
        shared = true;
        return new FileContent(bytes, size, true);
    }

    int size() {
        return size;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    /** The size in the upper half, a CRC-32C of the bytes in the lower one. */
    long checksum() {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, size);
        return (long) size << Integer.SIZE | crc.getValue();
    }

    /** Fills {@code target} as far as there are bytes, and answers how many that were. */
    int read(ByteBuffer target, long position) {
        if (position >= size) {
            return 0;
        }
        int length = (int) Math.min(target.remaining(), size - position);
        target.put(bytes, (int) position, length);
        return length;
    }

    void write(long position, byte[] source, int from, int length) {
        if (length == 0) {
            return;
        }
        int end = Math.toIntExact(position + length);
        makeWritable(Math.max(end, size));
        System.arraycopy(source, from, bytes, (int) position, length);
        size = Math.max(size, end);
    }

    /** Cuts the content, or lengthens it with zeros. */
    void resize(long newSize) {
        int target = Math.toIntExact(newSize);
        if (target == size) {
            return;
        }
        makeWritable(Math.max(target, size));
        if (target < size) {
            Arrays.fill(bytes, target, size, (byte) 0);
        }
        size = target;
    }

    private void makeWritable(int capacity) {
        if (capacity > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(capacity, bytes.length + (bytes.length >> 1)));
        } else if (shared) {
            bytes = bytes.clone();
        }
        shared = false;
    }
}
