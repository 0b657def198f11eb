package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.ClientNote.Acknowledged;
import dev.kvdb.engine.ClientNote.Served;
import dev.kvdb.engine.WriteHistory.Expected;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.StandingClock;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Opens the store on what a crash left, compares it with what clients were told, goes on writing, and opens it again.
 *
 * @param options the store's options
 * @param history the run before the crash
 */
record CrashCheck(StoreOptions options, WriteHistory history) {

    /** A key that no workload uses. */
    static final long PROBE_KEY = -1;

    private static final int PROBE_ID = Integer.MAX_VALUE;
    private static final int PROBE_BYTES = 700;
    private static final long WAIT_SECONDS = 60;

    /** The clock of a check stands still, so its collections must not be paced. */
    CrashCheck {
        options = options.toBuilder()
                .garbageCollection(new StoreOptions.GarbageCollection(
                        0, options.garbageCollection().deadShareMin(), 0, 0))
                .build();
    }

    /**
     * Checks one image. What the recovery served, and whether its own write was acknowledged, is noted in the image's
     * journal, for crashes while all of this goes on.
     *
     * @param before what was noted in the image's journal before a second crash; empty for a first one
     */
    void check(CrashingFileSystem image, Expected expected, Collection<?> before, long seed) {
        boolean probeMustBeThere =
                options.syncPolicy() == SyncPolicy.ALWAYS && before.stream().anyMatch(Acknowledged.class::isInstance);
        long prefix;
        try (Store store = open(image, seed)) {
            Map<Long, Entry> entries = entries(store);
            checkProbe(entries, probeMustBeThere);
            prefix = history.prefixOf(entries, expected);
            image.note(new Served(prefix));
            goOn(store, image, Math.max(expected.seen(), prefix));
            if (seed % 3 == 0) {
                store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            }
        }
        checkReleased(image);
        try (Store store = open(image, seed + 1)) {
            Map<Long, Entry> entries = entries(store);
            checkProbe(entries, true);
            history.prefixOf(entries, new Expected(prefix, prefix, expected.seen(), expected.gone()));
            assertThat(store.statistics().recovery().clean())
                    .as("clean open after a close")
                    .isTrue();
        }
        checkReleased(image);
    }

    private Store open(CrashingFileSystem image, long seed) {
        return Store.open(
                image.path("db"), options, TestEnvironment.of(image, new StandingClock(), seed), StoreListener.NONE);
    }

    /** All entries, after a check that each way to read tells the same. */
    static Map<Long, Entry> entries(Store store) {
        Map<Long, Entry> entries = new HashMap<>();
        long keyBefore = Long.MIN_VALUE;
        for (Iterator<Entry> each = store.entries(); each.hasNext(); ) {
            Entry entry = each.next();
            if (entry.key() < keyBefore || entries.put(entry.key(), entry) != null) {
                throw new AssertionError("entries() has " + entry + " after key " + keyBefore);
            }
            keyBefore = entry.key();
            Optional<Entry> got = store.get(entry.key());
            if (got.isEmpty()
                    || got.get().version() != entry.version()
                    || got.get().value().length != entry.value().length) {
                throw new AssertionError("entries() has " + entry + ", get() has " + got);
            }
        }
        StoreStatistics statistics = store.statistics();
        assertThat(statistics.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(statistics.keys()).as("keys").isEqualTo(entries.size());
        assertThat(statistics.log().liveBytes() + statistics.log().deadBytes())
                .isEqualTo(statistics.log().bytes());
        assertThat(statistics.log().deadBytes()).isNotNegative();
        return entries;
    }

    private static void checkProbe(Map<Long, Entry> entries, boolean mustBeThere) {
        Entry probe = entries.remove(PROBE_KEY);
        if (probe != null) {
            assertThat(probe.value()).isEqualTo(WriteHistory.valueOf(PROBE_ID, PROBE_BYTES));
        } else {
            assertThat(mustBeThere).as("write after the recovery is lost").isFalse();
        }
    }

    private static void goOn(Store store, CrashingFileSystem image, long versionSeen) {
        try {
            SetResult result = store.set(PROBE_KEY, WriteHistory.valueOf(PROBE_ID, PROBE_BYTES))
                    .toCompletableFuture()
                    .get(WAIT_SECONDS, TimeUnit.SECONDS);
            assertThat(result.version()).as("next version").isGreaterThan(versionSeen);
            image.note(new Acknowledged(PROBE_ID, result.version(), true));
        } catch (ExecutionException e) {
            throw new AssertionError("the first write after the recovery failed", e.getCause());
        } catch (TimeoutException | InterruptedException e) {
            throw new AssertionError("the first write after the recovery was not answered", e);
        }
    }

    /** Nothing is left behind a segment that was sealed properly: no zeros, above all. */
    static void checkSealedSegmentsEndWithTheirFiles(CrashingFileSystem files) {
        Path directory = files.path("db");
        Manifest manifest = Manifest.decode(ByteBuffer.wrap(files.contents(directory.resolve("MANIFEST"))), "MANIFEST");
        for (Manifest.SegmentEntry entry : manifest.segments()) {
            Path segment = directory.resolve(String.format("%010d.log", entry.id()));
            assertThat(files.contents(segment)).as("%s", segment).hasSize((int) entry.length());
        }
    }

    private static void checkReleased(CrashingFileSystem image) {
        assertThat(image.openHandles()).as("files open after close").isEmpty();
        assertThat(image.bytesHeldByDeletedFiles()).isZero();
    }
}
