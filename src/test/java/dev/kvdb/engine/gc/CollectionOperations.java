package dev.kvdb.engine.gc;

import dev.kvdb.engine.cache.ValueCache;
import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.testkit.InterleavedOperations;
import dev.kvdb.testkit.ManualClock;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;

/**
 * A collection beside a writer and readers, on the real collector, segments, index and cache. As in the store, one
 * thread applies writes and one collects, and any thread reads: the index first, then the cache, then the segment. What
 * is written was put into a segment beforehand, since nobody looks there before the index says so.
 */
@Param(name = "key", gen = IntGen.class, conf = "0:1")
@Param(name = "value", gen = IntGen.class, conf = "1:2")
public final class CollectionOperations implements InterleavedOperations {

    /** Classes of the log that the threads of a scenario share. */
    private static final Pattern SHARED = Pattern.compile("(Segment|Segments|SegmentCounters)([$].*)?");

    private static final CollectionImage IMAGE = CollectionImage.make();

    private final Segments segments;
    private final OrderedIndex index = new OrderedIndex();
    private final ValueCache cache = new ValueCache(1 << 20);
    private final GarbageCollector collector;

    public CollectionOperations() {
        segments = IMAGE.segments();
        for (int key = 0; key < CollectionImage.KEYS; key++) {
            long location = IMAGE.location(key, CollectionImage.FIRST_VALUE);
            segments.of(location).counters().addSet();
            segments.of(location).counters().becameLive(location);
            index.put(key, location);
        }
        collector = new GarbageCollector(
                segments, index, new Writes(), () -> 7, new ManualClock(), new GarbageCollector.Limits(1 << 20, 0));
    }

    /** The key's value, or 0, as the store reads it. */
    @Operation
    public int get(@Param(name = "key") int key) {
        while (true) {
            long location = index.get(key);
            if (location == OrderedIndex.ABSENT) {
                return 0;
            }
            ValueCache.CachedValue cached = cache.get(key, location);
            if (cached != null) {
                return cached.value()[0];
            }
            Segment segment = segments.pin(RecordLocation.segmentId(location));
            if (segment != null) {
                return readPinned(segment, location, key);
            }
        }
    }

    private int readPinned(Segment segment, long location, int key) {
        try {
            SegmentReads.StoredRecord stored = SegmentReads.readSet(segment, location, key);
            cache.read(key, location, stored.header().version(), stored.bytes());
            return stored.bytes()[0];
        } finally {
            segment.unpin();
        }
    }

    /** Applies a write as the committer does. Returns whether the key was there. */
    @Operation(nonParallelGroup = "committer")
    public boolean set(@Param(name = "key") int key, @Param(name = "value") int value) {
        long location = IMAGE.location(key, value);
        segments.of(location).counters().addSet();
        segments.of(location).counters().becameLive(location);
        long before = index.put(key, location);
        cache.written(key, location, CollectionImage.version(key, value), new byte[] {(byte) value});
        return superseded(before);
    }

    @Operation(nonParallelGroup = "committer")
    public boolean remove(@Param(name = "key") int key) {
        long before = index.remove(key);
        cache.remove(key);
        return superseded(before);
    }

    private boolean superseded(long before) {
        Segment segment = segments.find(RecordLocation.segmentId(before));
        if (before != OrderedIndex.ABSENT && segment != null) {
            segment.counters().becameDead(before);
        }
        return before != OrderedIndex.ABSENT;
    }

    /** Moves what is live out of the segments that are not written to, and deletes these. */
    @Operation(nonParallelGroup = "collector")
    public void collect() throws IOException {
        List<Segment> victims = segments.all().stream()
                .filter(segment -> segment.id() != CollectionImage.WRITTEN_SEGMENT)
                .toList();
        if (!victims.isEmpty()) {
            collector.swap(victims, new Pace(new ManualClock(), 0, () -> false), () -> false);
        }
    }

    /** At the end of each scenario. */
    @Validate
    public void eachSegmentKnowsItsLiveSets() {
        Map<Integer, Long> live = new HashMap<>();
        for (int key = 0; key < CollectionImage.KEYS; key++) {
            long location = index.get(key);
            if (location != OrderedIndex.ABSENT) {
                live.merge(RecordLocation.segmentId(location), 1L, Long::sum);
            }
        }
        for (Segment segment : segments.all()) {
            long expected = live.getOrDefault(segment.id(), 0L);
            if (segment.counters().liveSets() != expected) {
                throw new IllegalStateException("segment " + segment.id() + " counts "
                        + segment.counters().liveSets() + " live sets, the index has " + expected);
            }
        }
    }

    @Override
    public Class<?> specification() {
        return Specification.class;
    }

    /**
     * The index is checked by itself, the cache is one map, files are below all this, and no thread sees the lists and
     * streams of another before they are done.
     */
    @Override
    public List<ManagedStrategyGuarantee> guarantees() {
        return List.of(
                ManagedStrategyGuaranteeKt.forClasses(CollectionOperations::isOneStep)
                        .allMethods()
                        .treatAsAtomic(),
                // Lincheck takes what they ask a path for access to a file.
                ManagedStrategyGuaranteeKt.forClasses(Segment.class.getName())
                        .methods("<init>", "sealed")
                        .treatAsAtomic());
    }

    private static boolean isOneStep(String name) {
        String log = Segment.class.getPackageName() + ".";
        return name.startsWith("java.util.") && !name.startsWith("java.util.concurrent.")
                || name.startsWith("dev.kvdb.testkit.")
                || name.startsWith("dev.kvdb.engine.format.")
                || name.startsWith("dev.kvdb.engine.env.")
                || name.startsWith(log)
                        && !SHARED.matcher(name.substring(log.length())).matches()
                || name.equals(OrderedIndex.class.getName())
                || name.equals(ValueCache.class.getName())
                || name.equals(CollectionImage.class.getName());
    }

    /** The writes beside the collection: in the index and durable as soon as they are applied. */
    private final class Writes implements AppliedWrites {

        @Override
        public long lastVersion() {
            return CollectionImage.LAST_VERSION;
        }

        @Override
        public long nextVersion() {
            return CollectionImage.LAST_VERSION + 1;
        }

        @Override
        public void sync() {}

        @Override
        public void moved(long key, long from, long to) {
            cache.relocate(key, from, to);
        }
    }

    /** What the operations must do, one after another. */
    public static final class Specification {

        private final Map<Integer, Integer> values = new HashMap<>();

        public Specification() {
            for (int key = 0; key < CollectionImage.KEYS; key++) {
                values.put(key, CollectionImage.FIRST_VALUE);
            }
        }

        public int get(int key) {
            return values.getOrDefault(key, 0);
        }

        public boolean set(int key, int value) {
            return values.put(key, value) != null;
        }

        public boolean remove(int key) {
            return values.remove(key) != null;
        }

        public void collect() {}
    }
}
