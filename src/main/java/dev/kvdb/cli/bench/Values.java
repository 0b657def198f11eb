package dev.kvdb.cli.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * Makes values that do not compress, and knows them again. A key and a stamp, which tells one write of the key from
 * another, give all of a value, its size too. The layout of one of at least {@value #WITH_HEADER_BYTES_MIN} bytes:
 *
 * <pre>
 *   key    8 bytes   of the value
 *   stamp  8 bytes
 *   rest             bytes of a fixed pool of random ones, from a place that key and stamp give
 * </pre>
 *
 * A smaller one has only the rest, from a place that key and size give. The pool is the same in each run. Stateless.
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
    static ByteString make(long key, long stamp, ValueSizes sizes) {
        return make(key, stamp, sizes.of(stamp));
    }

    private static ByteString make(long key, long stamp, int bytes) {
        byte[] value = new byte[bytes];
        boolean hasHeader = bytes >= WITH_HEADER_BYTES_MIN;
        int filled = 0;
        if (hasHeader) {
            ByteBuffer.wrap(value).putLong(key).putLong(stamp);
            filled = HEADER_BYTES;
        }
        // Multiplied by odd constants, so that neighbours begin far apart.
        long place = hasHeader ? key ^ stamp : key + bytes * 0xbf58_476d_1ce4_e5b9L;
        int from = (int) ((place * 0x9e37_79b9_7f4a_7c15L) >>> 40) % POOL_BYTES;
        while (filled < bytes) {
            int length = Math.min(bytes - filled, POOL_BYTES - from);
            System.arraycopy(POOL, from, value, filled, length);
            filled += length;
            from = 0;
        }
        return UnsafeByteOperations.unsafeWrap(value);
    }

    /**
     * Whether the bytes are a value that {@link #make} gives the key with some stamp. A small value has no stamp: there
     * it is known only that one of this size is the key's.
     */
    static boolean isOf(long key, ValueSizes sizes, ByteString value) {
        int bytes = value.size();
        if (bytes < WITH_HEADER_BYTES_MIN) {
            return sizes.has(bytes) && make(key, 0, bytes).equals(value);
        }
        long stamp = value.asReadOnlyByteBuffer().getLong(Long.BYTES);
        return sizes.of(stamp) == bytes && make(key, stamp, bytes).equals(value);
    }
}
