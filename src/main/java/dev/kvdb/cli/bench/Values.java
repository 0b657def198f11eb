package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * Makes values that do not compress, and knows them again. The layout of one of at least
 * {@value #WITH_HEADER_BYTES_MIN} bytes:
 *
 * <pre>
 *   key    8 bytes   of the value
 *   stamp  8 bytes   tells one write of the key from another
 *   rest             bytes of a fixed pool of random ones, from a place that key and stamp give
 * </pre>
 *
 * A smaller one has only the rest, from a place that the key gives. The pool is the same in each run. Stateless.
 */
final class Values {

    private static final int HEADER_BYTES = 2 * Long.BYTES;
    /** The rest vouches for the header: what changes one of them is found by the other. */
    private static final int WITH_HEADER_BYTES_MIN = HEADER_BYTES + Long.BYTES;

    private static final int POOL_BYTES = 1 << 20;
    private static final long POOL_SEED = 0x6b76_6462;
    private static final byte[] POOL = new byte[POOL_BYTES];

    static {
        new SplittableRandom(POOL_SEED).nextBytes(POOL);
    }

    private Values() {}

    /** A value of a key. */
    static ByteString make(long key, long stamp, int bytes) {
        byte[] value = new byte[bytes];
        boolean hasHeader = bytes >= WITH_HEADER_BYTES_MIN;
        int filled = 0;
        if (hasHeader) {
            ByteBuffer.wrap(value).putLong(key).putLong(stamp);
            filled = HEADER_BYTES;
        }
        // Multiplied by an odd constant, so that neighbouring keys begin far apart.
        long mixed = (hasHeader ? key ^ stamp : key) * 0x9e37_79b9_7f4a_7c15L;
        int from = (int) (mixed >>> 40) % POOL_BYTES;
        while (filled < bytes) {
            int length = Math.min(bytes - filled, POOL_BYTES - from);
            System.arraycopy(POOL, from, value, filled, length);
            filled += length;
            from = 0;
        }
        return UnsafeByteOperations.unsafeWrap(value);
    }

    /** Whether the bytes are a value that {@link #make} made for the key. */
    static boolean isOf(long key, ByteString value) {
        long stamp = value.size() < WITH_HEADER_BYTES_MIN
                ? 0
                : value.asReadOnlyByteBuffer().getLong(Long.BYTES);
        return make(key, stamp, value.size()).equals(value);
    }
}
