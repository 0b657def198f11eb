package dev.kvdb.engine.index;

import dev.kvdb.testkit.InterleavedOperations;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;

/**
 * The operations of an index, each by any thread: the committer and the collector write at the same time, and the lock
 * of the index keeps them apart. A scan is one of them as long as all keys are in one leaf; the size and the bytes are
 * not, since they may lag behind.
 *
 * <p>Lincheck 3.7 does not follow words of a byte array (a view of it by a VarHandle), so that its model checker
 * switches threads around each read and write of a word, and around a leaf's move of the entries behind one that comes
 * or goes, not inside of it. The stress mode has no such limit.
 */
@Param(name = "key", gen = IntGen.class, conf = "0:1")
@Param(name = "location", gen = IntGen.class, conf = "1:3")
public abstract class IndexOperations implements InterleavedOperations {

    private final OrderedIndex index;

    IndexOperations(OrderedIndex index) {
        this.index = index;
    }

    @Operation
    public long get(@Param(name = "key") int key) {
        return index.get(key);
    }

    @Operation
    public long put(@Param(name = "key") int key, @Param(name = "location") int location) {
        return index.put(key, location);
    }

    @Operation
    public long remove(@Param(name = "key") int key) {
        return index.remove(key);
    }

    @Operation
    public boolean replace(
            @Param(name = "key") int key,
            @Param(name = "location") int expected,
            @Param(name = "location") int location) {
        return index.replace(key, expected, location);
    }

    @Override
    public Class<?> specification() {
        return Specification.class;
    }

    @Override
    public List<ManagedStrategyGuarantee> guarantees() {
        return List.of(
                // The words, and what no other thread has yet.
                ManagedStrategyGuaranteeKt.forClasses(Leaf.class.getName())
                        .methods("key", "location", "storeBytes", "<init>", "capacity", "stride")
                        .treatAsAtomic(),
                // Made and read by one thread, or under a check of its own that nothing changed.
                ManagedStrategyGuaranteeKt.forClasses(
                                Entries.class.getName(), Frame.class.getName(), OrderedIndex.Builder.class.getName())
                        .allMethods()
                        .treatAsAtomic());
    }

    /** All keys in one small leaf. */
    public static final class OneLeaf extends IndexOperations {

        public OneLeaf() {
            super(new OrderedIndex());
        }

        /** The two keys' locations as a scan finds them. */
        @Operation
        public long scan() {
            Cursor cursor = super.index.cursor(0);
            long found = 0;
            while (cursor.next()) {
                found += cursor.location() << (8 * cursor.key());
            }
            return found;
        }
    }

    /** Leaves that are split by the keys, and merged when they go. */
    public static final class FullLeaf extends IndexOperations {

        public FullLeaf() {
            super(full());
        }

        private static OrderedIndex full() {
            OrderedIndex.Builder builder = OrderedIndex.builder();
            for (int key = 2; key <= Leaf.ENTRIES_MAX; key++) {
                builder.add(key, 1);
            }
            return builder.build();
        }
    }

    /** What the operations must do, one after another. */
    public static final class Specification {

        private final Map<Integer, Long> locations = new HashMap<>();

        public long get(int key) {
            return locations.getOrDefault(key, OrderedIndex.ABSENT);
        }

        public long put(int key, int location) {
            Long before = locations.put(key, (long) location);
            return before == null ? OrderedIndex.ABSENT : before;
        }

        public long remove(int key) {
            Long before = locations.remove(key);
            return before == null ? OrderedIndex.ABSENT : before;
        }

        public boolean replace(int key, int expected, int location) {
            return locations.replace(key, (long) expected, (long) location);
        }

        public long scan() {
            return get(0) + (get(1) << 8);
        }
    }
}
