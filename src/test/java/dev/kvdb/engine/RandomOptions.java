package dev.kvdb.engine;

import java.util.SplittableRandom;

/** Draws options for a small store whose limits are met soon. */
final class RandomOptions {

    private static final int KIB = 1024;

    private RandomOptions() {}

    static StoreOptions draw(SplittableRandom random) {
        int segmentBytesMax = KIB * (64 + random.nextInt(3) * 64);
        double deadShareMin = random.nextDouble(0.01, 0.9);
        int valueBytesMax = pick(random, 100, 2 * KIB, segmentBytesMax / 4);
        // Writes may wait for the collections of the store itself, and those then for no clock, which may stand still.
        boolean checkWhenSealed = random.nextBoolean();
        boolean paced = !checkWhenSealed && random.nextInt(3) == 0;
        return StoreOptions.DEFAULTS.toBuilder()
                .syncPolicy(pick(random, SyncPolicy.ALWAYS, SyncPolicy.ALWAYS, SyncPolicy.INTERVAL, SyncPolicy.OS))
                .syncIntervalMillis(1 + random.nextInt(1_000))
                .segmentBytesMax(segmentBytesMax)
                .valueBytesMax(valueBytesMax)
                .cacheBytesMax(pick(random, 0, 1, 10 * KIB, 1024 * KIB))
                .writeQueueBytesMax(64L * KIB * KIB)
                .openFilesMax(16)
                .reserveBytes(random.nextInt(3) == 0 ? 10_000 : 0)
                .snapshotLogBytes(1024L * KIB)
                .garbageCollection(new StoreOptions.GarbageCollection(
                        pick(random, 0, 64 * KIB, 1024 * KIB),
                        deadShareMin,
                        random.nextDouble(deadShareMin, 0.99),
                        paced ? 1 + random.nextInt(1_000_000) : 0,
                        0,
                        checkWhenSealed))
                .build();
    }

    /** Keys that collide often: dense ones, sparse ones, negative ones, and those at the ends. */
    static long[] keys(SplittableRandom random) {
        long[] keys = new long[1 + random.nextInt(200)];
        int kind = random.nextInt(4);
        for (int i = 0; i < keys.length; i++) {
            keys[i] = switch (kind) {
                case 0 -> i;
                case 1 -> random.nextLong();
                case 2 -> i - keys.length / 2L;
                default -> random.nextBoolean() ? Long.MIN_VALUE + i : Long.MAX_VALUE - i;
            };
        }
        if (random.nextBoolean()) {
            keys[0] = Long.MIN_VALUE;
            keys[keys.length - 1] = Long.MAX_VALUE;
        }
        return keys;
    }

    /** A value of any size that the options allow, most often a small one. */
    static byte[] value(SplittableRandom random, StoreOptions options) {
        int bytes = switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> options.valueBytesMax();
            case 2 -> random.nextInt(options.valueBytesMax() + 1);
            default -> random.nextInt(Math.min(options.valueBytesMax(), 600) + 1);
        };
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return value;
    }

    @SafeVarargs
    private static <T> T pick(SplittableRandom random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
