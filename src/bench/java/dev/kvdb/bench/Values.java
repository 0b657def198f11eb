package dev.kvdb.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The values that are written: incompressible, and each told by its key and its generation, so that any wrong byte of a
 * value that was read is noticed.
 *
 * <pre>
 * tag   8 bytes   hash of seed, key and generation
 * rest            the pool of random bytes from a place on that the tag chooses
 * </pre>
 *
 * Both making and checking a value cost about one copy of it. Immutable.
 */
final class Values {

    static final int BYTES_MIN = Long.BYTES;

    private static final int POOL_BYTES = 1 << 20;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long seed;
    private final int bytes;
    private final byte[] pool;

    Values(long seed, int bytes) {
        if (bytes < BYTES_MIN || bytes > POOL_BYTES / 2) {
            throw new IllegalArgumentException(
                    "a value of " + bytes + " bytes; it can have " + BYTES_MIN + " to " + POOL_BYTES / 2);
        }
        this.seed = seed;
        this.bytes = bytes;
        this.pool = new byte[POOL_BYTES];
        new SplittableRandom(seed).nextBytes(pool);
    }

    int bytes() {
        return bytes;
    }

    byte[] make(long key, int generation) {
        long tag = tag(key, generation);
        int from = from(tag);
        byte[] value = Arrays.copyOfRange(pool, from, from + bytes);
        LONG.set(value, 0, tag);
        return value;
    }

    /** Whether this is the key's value of that generation, to the last byte. */
    boolean matches(long key, int generation, byte @Nullable [] value) {
        if (value == null || value.length != bytes) {
            return false;
        }
        long tag = tag(key, generation);
        int from = from(tag);
        return (long) LONG.get(value, 0) == tag
                && Arrays.equals(value, Long.BYTES, bytes, pool, from + Long.BYTES, from + bytes);
    }

    /** @throws WrongValueException where this is not the key's value of that generation */
    void check(long key, int generation, byte @Nullable [] value) {
        if (!matches(key, generation, value)) {
            throw WrongValueException.read(key, value);
        }
    }

    private long tag(long key, int generation) {
        return Keys.mix(Keys.mix(seed + generation) ^ key);
    }

    private int from(long tag) {
        return (int) Math.floorMod(tag >>> 16, (long) (POOL_BYTES - bytes));
    }
}
