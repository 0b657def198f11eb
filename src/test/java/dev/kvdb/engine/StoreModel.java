package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.CrashVariant;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.PassingClock;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * One random history of a store, held step by step against a {@link TreeMap}, while the wall clock jumps. The same
 * random numbers give the same history. Belongs to one thread.
 */
final class StoreModel {

    /** Bytes that an emptied store may still take: the header and marks of a segment or two. */
    private static final long EMPTY_BYTES_MAX = 1000;

    /** The store's own threads may have files pinned while others make room. */
    private static final int OPEN_SLACK = 2;

    private static final List<Duration> JUMPS =
            List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ofDays(3652), Duration.ofDays(-3652));

    private final SplittableRandom random;
    private final StoreOptions options;
    private final PassingClock clock = new PassingClock();
    private final long[] keys;

    private final TreeMap<Long, Entry> model = new TreeMap<>();

    /** Writes since the last open, oldest first, and the hash of the model before them. */
    private final List<Write> sinceOpen = new ArrayList<>();

    private long hashAtOpen;
    private long lastVersion;

    /** Collections of the open store that were asked for, and those of all stores so far that were not. */
    private long askedCollections;

    private long ownCollections;

    private CrashingFileSystem files = new CrashingFileSystem();
    private Store store;

    /** A write that was acknowledged, and the entry that it replaced or removed. */
    private record Write(
            long key, @Nullable Entry before, @Nullable Entry after) {}

    StoreModel(SplittableRandom random) {
        this.random = random;
        this.options = RandomOptions.draw(random);
        this.keys = RandomOptions.keys(random);
        this.store = open();
    }

    /**
     * Goes through so many operations.
     *
     * @return collections that the store made by itself
     */
    long run(int operations) {
        for (int done = 0; done < operations; done++) {
            int dice = random.nextInt(1000);
            if (dice < 450) {
                done += write(1 + random.nextInt(random.nextBoolean() ? 1 : 40)) - 1;
            } else if (dice < 850) {
                checkGet(randomKey());
            } else if (dice < 940) {
                checkLookup(randomKey());
            } else if (dice < 950) {
                checkAll();
            } else if (dice < 960) {
                clock.advance(Duration.ofMillis(random.nextInt(300)));
            } else if (dice < 965) {
                jump();
            } else if (dice < 990) {
                collect();
            } else {
                do {
                    reopen();
                } while (random.nextInt(4) == 0);
            }
        }
        checkAll();
        emptyAndCollect();
        countOwnCollections();
        close();
        return ownCollections;
    }

    private void jump() {
        clock.jump(JUMPS.get(random.nextInt(JUMPS.size())));
    }

    /** Accepts several writes at once, so that they share groups, and checks each result in order. */
    private int write(int writes) {
        List<Runnable> checks = new ArrayList<>();
        for (int i = 0; i < writes; i++) {
            long key = randomKey();
            if (random.nextInt(3) > 0) {
                byte[] value = RandomOptions.value(random, options);
                CompletionStage<SetResult> stage = store.set(key, value);
                checks.add(() -> wasSet(key, value, Stages.await(stage)));
            } else {
                CompletionStage<RemoveResult> stage = store.remove(key);
                checks.add(() -> wasRemoved(key, Stages.await(stage)));
            }
        }
        checks.forEach(Runnable::run);
        return writes;
    }

    private void wasSet(long key, byte[] value, SetResult result) {
        assertThat(result.version()).as("version of set %s", key).isGreaterThan(lastVersion);
        assertThat(result.replaced()).as("replaced %s", key).isEqualTo(model.containsKey(key));
        lastVersion = result.version();
        Entry after = new Entry(key, lastVersion, value);
        sinceOpen.add(new Write(key, model.put(key, after), after));
    }

    private void wasRemoved(long key, RemoveResult result) {
        assertThat(result.removed()).as("removed %s", key).isEqualTo(model.containsKey(key));
        if (result.removed()) {
            assertThat(result.version()).as("version of remove %s", key).isGreaterThan(lastVersion);
            lastVersion = result.version();
            sinceOpen.add(new Write(key, model.remove(key), null));
        } else {
            assertThat(result.version()).as("version of no-op remove %s", key).isGreaterThanOrEqualTo(lastVersion);
        }
    }

    private void checkGet(long key) {
        Optional<Entry> found = store.get(key);
        assertSame(key, found.orElse(null), model.get(key));
    }

    private void checkLookup(long key) {
        Lookup found = store.lookup(key);
        Entry expected = model.get(key);
        if (found instanceof Lookup.Cached cached) {
            assertSame(key, cached.entry(), expected);
        } else {
            assertThat(found instanceof Lookup.Absent).as("%s absent", key).isEqualTo(expected == null);
        }
        if (options.cacheBytesMax() == 0) {
            assertThat(found).isNotInstanceOf(Lookup.Cached.class);
        }
    }

    private void checkAll() {
        Iterator<Entry> found = store.entries();
        for (Map.Entry<Long, Entry> expected : model.entrySet()) {
            assertThat(found.hasNext()).as("an entry of %s", expected.getKey()).isTrue();
            assertSame(expected.getKey(), found.next(), expected.getValue());
        }
        assertThat(found.hasNext()).as("an entry past the last").isFalse();
        StoreStatistics statistics = store.statistics();
        assertThat(statistics.keys()).isEqualTo(model.size());
        assertThat(statistics.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(statistics.openFiles()).as("open files").isLessThanOrEqualTo(options.openFilesMax() + OPEN_SLACK);
        assertThat(statistics.log().liveBytes())
                .isLessThanOrEqualTo(statistics.log().bytes());
    }

    private void collect() {
        switch (random.nextInt(3)) {
            case 0 -> {
                StoreStatistics before = store.statistics();
                store.collectGarbage(new GarbageCollectionRequest(true, random.nextBoolean()));
                StoreStatistics after = store.statistics();
                if (!options.garbageCollection().checkWhenSealed()) {
                    assertThat(after.log().segments())
                            .as("segments after a dry run")
                            .isEqualTo(before.log().segments());
                    assertThat(after.garbageCollection()).as("of a dry run").isEqualTo(before.garbageCollection());
                }
            }
            case 1 -> collect(GarbageCollectionRequest.WORTHWHILE);
            default -> {
                collect(GarbageCollectionRequest.EVERYTHING);
                GarbageCollectionReport again = collect(GarbageCollectionRequest.EVERYTHING);
                assertThat(again.segmentsCollected())
                        .as("segments collected twice in a row")
                        .isZero();
            }
        }
    }

    /** Asks again where a collection of the store's own is in the way. */
    private GarbageCollectionReport collect(GarbageCollectionRequest request) {
        GarbageCollectionReport report = store.collectGarbage(request);
        if (report.skipped() && options.garbageCollection().checkWhenSealed()) {
            report = Awaitility.with()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .await()
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> store.collectGarbage(request), again -> !again.skipped());
        }
        assertThat(report.skipped()).isFalse();
        askedCollections += report.segmentsCollected() > 0 ? 1 : 0;
        return report;
    }

    private void countOwnCollections() {
        ownCollections += store.statistics().garbageCollection().runs() - askedCollections;
        askedCollections = 0;
    }

    private void reopen() {
        countOwnCollections();
        CrashingFileSystem next = files;
        boolean lossy = false;
        switch (random.nextInt(3)) {
            case 0 -> store.close();
            case 1 -> {
                next = files.copy();
                store.close();
            }
            default -> {
                next = files.crashAt(files.position(), CrashVariant.NOTHING_UNSYNCED, random.nextLong());
                lossy = options.syncPolicy() != SyncPolicy.ALWAYS;
                store.close();
            }
        }
        checkReleased();
        files = next;
        if (random.nextBoolean()) {
            jump();
        }
        store = open();
        if (lossy) {
            takeBackWhatWasLost();
        }
        checkAll();
        sinceOpen.clear();
        hashAtOpen = hash(model.values().iterator());
    }

    /** A crash keeps a prefix of the writes; the versions that it took with it are never given out again. */
    private void takeBackWhatWasLost() {
        long found = hash(store.entries());
        long hash = hash(model.values().iterator());
        int kept = sinceOpen.size();
        while (hash != found && kept > 0) {
            kept--;
            Write lost = sinceOpen.get(kept);
            if (lost.after() != null) {
                hash -= hash(lost.after());
            }
            if (lost.before() != null) {
                model.put(lost.key(), lost.before());
                hash += hash(lost.before());
            } else {
                model.remove(lost.key());
            }
        }
        assertThat(kept > 0 || hash == hashAtOpen)
                .as("the walk back ends at the open")
                .isTrue();
    }

    private static long hash(Iterator<Entry> entries) {
        long hash = 0;
        while (entries.hasNext()) {
            hash += hash(entries.next());
        }
        return hash;
    }

    private static long hash(Entry entry) {
        return new SplittableRandom(entry.key() * 31 + entry.version()).nextLong();
    }

    /** In the end everything goes, and hardly a byte stays. */
    private void emptyAndCollect() {
        for (Long key : List.copyOf(model.keySet())) {
            wasRemoved(key, Stages.await(store.remove(key)));
        }
        collect(GarbageCollectionRequest.EVERYTHING);
        StoreStatistics.Log log = store.statistics().log();
        assertThat(log.bytes()).as("bytes of an empty log: %s", log).isLessThanOrEqualTo(EMPTY_BYTES_MAX);
        assertThat(fileBytes()).as("bytes of segments and hints").isLessThanOrEqualTo(EMPTY_BYTES_MAX);
    }

    private long fileBytes() {
        long bytes = 0;
        for (String name : names()) {
            if (name.matches(".*\\.(log|hint)(\\.tmp)?")) {
                bytes += files.contents(files.path(name)).length;
            }
        }
        return bytes;
    }

    private List<String> names() {
        try {
            return files.list(files.root());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void close() {
        store.close();
        checkReleased();
    }

    private void checkReleased() {
        assertThat(files.openHandles()).as("files left open").isEmpty();
        assertThat(files.bytesHeldByDeletedFiles()).isZero();
    }

    private Store open() {
        Environment environment = TestEnvironment.of(files, clock, random.nextLong());
        return Store.open(files.root(), options, environment, StoreListener.NONE);
    }

    private long randomKey() {
        return keys[random.nextInt(keys.length)];
    }

    private static void assertSame(long key, @Nullable Entry found, @Nullable Entry expected) {
        if (found == null || expected == null) {
            assertThat(found).as("entry of %s", key).isEqualTo(expected);
        } else {
            assertThat(found.key()).isEqualTo(key);
            assertThat(found.version()).as("version of %s", key).isEqualTo(expected.version());
            assertThat(found.value()).as("value of %s", key).isEqualTo(expected.value());
        }
    }
}
