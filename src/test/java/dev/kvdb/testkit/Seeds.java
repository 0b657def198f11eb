package dev.kvdb.testkit;

import java.security.SecureRandom;

/** Gives random tests their seed: the one in the system property {@code kvdb.seed}, or else a new one each time. */
public final class Seeds {

    /** The system property with the seed to replay, in decimal. */
    public static final String PROPERTY = "kvdb.seed";

    private static final SecureRandom NEW_SEEDS = new SecureRandom();

    private Seeds() {}

    /** A test that takes all its randomness from a seed. */
    public interface SeededTest {
        /** Runs the test; the same seed must give the same run. */
        void run(long seed) throws Exception;
    }

    /** Runs a test with a seed. A failure says how to replay it, and keeps the original as its cause. */
    public static void run(SeededTest test) throws Exception {
        long seed = seed();
        try {
            test.run(seed);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(describe(seed) + ": " + e, e);
        }
    }

    /** The seed for a test that describes it in its assertions with {@link #describe}. */
    public static long seed() {
        Long given = Long.getLong(PROPERTY);
        return given != null ? given : NEW_SEEDS.nextLong();
    }

    /** How to replay a seed, for an assertion's description. */
    public static String describe(long seed) {
        return "replay with -D" + PROPERTY + "=" + seed;
    }
}
