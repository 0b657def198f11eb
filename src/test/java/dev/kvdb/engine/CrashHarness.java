package dev.kvdb.engine;

import dev.kvdb.engine.WriteHistory.Expected;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Crashes a recorded run at its every file operation, in several variants each, and some of the recoveries again at
 * operations of theirs. Counts the states that it tried, each of them once: variants of a crash that leave the same
 * files, with the same promises made, are one state.
 */
final class CrashHarness {

    private static final int BATCH = 64;
    private static final int FIXED_VARIANTS = 4;

    /** Of each so many images, one is crashed again while it recovers. */
    private static final int DEEPER_EVERY = 25;

    private static final int DEEPER_PLACES = 10;

    private final CrashCheck check;
    private final CrashingFileSystem files;
    private final WriteHistory history;
    private final SyncPolicy policy;
    private final SplittableRandom random;
    private final AtomicInteger states = new AtomicInteger();
    private final List<State> batch = new ArrayList<>();
    private final Set<Left> seen = new HashSet<>();

    /** What a crash leaves, and what may be left: where both are equal, so is the check. */
    private record Left(Map<Path, Long> checksums, Expected expected) {}

    /** A crash to be checked. */
    private record State(CrashingFileSystem image, Expected expected, String place, long seed, boolean deeper) {}

    /**
     * @param files a finished run and its journal
     * @param options the options of the store in it
     * @param seed chooses variants
     */
    CrashHarness(CrashingFileSystem files, StoreOptions options, long seed) {
        this.files = files;
        this.history = WriteHistory.of(files.notesBefore(files.position()));
        this.policy = options.syncPolicy();
        this.check = new CrashCheck(options, history);
        this.random = new SplittableRandom(seed);
    }

    /**
     * Checks crashes at every place, or at some.
     *
     * @param variants images of each place at which more than one is possible
     * @param placesSkippedMax how many places may be left out after each; 0 for none
     * @param statesMax where to stop
     * @return different states, each of which was checked
     */
    int run(int variants, int placesSkippedMax, int statesMax) {
        CrashImages images = files.crashImages();
        do {
            Expected expected = history.at(images.notes(), policy);
            int here = images.pendingOperations() == 0 ? 1 : variants;
            for (int i = 0; i < here; i++) {
                long seed = i < FIXED_VARIANTS ? i : random.nextLong(1L << 40);
                boolean deeper = random.nextInt(DEEPER_EVERY) == 0;
                CrashingFileSystem image = images.image(seed);
                if (!seen.add(new Left(image.checksums(), expected))) {
                    continue;
                }
                String place = "crash after " + images.position() + " operations, before " + images.nextOperation()
                        + ", variant seed " + seed;
                batch.add(new State(image, expected, place, seed, deeper));
            }
            if (batch.size() >= BATCH) {
                checkBatch();
            }
        } while (states.get() < statesMax && skip(images, placesSkippedMax) && images.advance());
        checkBatch();
        return states.get();
    }

    private boolean skip(CrashImages images, int placesMax) {
        for (int i = placesMax == 0 ? 0 : random.nextInt(placesMax + 1); i > 0; i--) {
            if (!images.advance()) {
                return false;
            }
        }
        return true;
    }

    private void checkBatch() {
        batch.parallelStream().forEach(this::checkState);
        batch.clear();
    }

    private void checkState(State state) {
        states.incrementAndGet();
        try {
            check.check(state.image(), state.expected(), List.of(), state.seed());
            if (state.deeper()) {
                crashAgain(state);
            }
        } catch (Exception | AssertionError e) {
            throw new AssertionError(state.place() + ": " + e + "\nafter these operations:\n" + traceBefore(state), e);
        }
    }

    /** Crashes the recovery, and what {@link CrashCheck} did after it, at places of its own. */
    private void crashAgain(State state) {
        SplittableRandom own = new SplittableRandom(state.seed());
        CrashImages images = state.image().crashImages();
        int skipMax = Math.max(1, 2 * state.image().position() / DEEPER_PLACES);
        Set<Left> seenHere = new HashSet<>();
        do {
            long seed = own.nextLong(1L << 40);
            Expected expected = WriteHistory.narrowed(state.expected(), images.notes());
            CrashingFileSystem image = images.image(seed);
            if (seenHere.add(new Left(image.checksums(), expected))) {
                states.incrementAndGet();
                try {
                    check.check(image, expected, images.notes(), seed);
                } catch (Exception | AssertionError e) {
                    throw new AssertionError(
                            "second crash after " + images.position() + " operations of the recovery, before "
                                    + images.nextOperation() + ", variant seed " + seed + ": " + e
                                    + "\nof the recovery:\n" + state.image().trace(),
                            e);
                }
            }
            for (int i = own.nextInt(skipMax); i > 0; i--) {
                images.advance();
            }
        } while (images.advance());
    }

    private String traceBefore(State state) {
        int end = Integer.parseInt(state.place().split(" ")[2]);
        List<String> lines = files.trace().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, end - 40), Math.min(lines.size(), end)));
    }
}
