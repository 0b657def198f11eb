package dev.kvdb.engine.index;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.fail;

import dev.kvdb.engine.format.LeafHeader;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderedIndexBuilderTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 256, 257, 512, 65_536, 65_537, 70_000})
    void keysInAscendingOrder_makeAnIndexThatHoldsAndTakesThem(int keys) {
        OrderedIndex index = build(keys);

        assertThat(index.size()).isEqualTo(keys);
        IndexInvariants.check(index);
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        for (int i = 0; i < keys; i++) {
            boolean found = cursor.next() && cursor.key() == 3L * i && cursor.location() == i + 1;
            found &= index.get(3L * i) == i + 1 && index.get(3L * i + 1) == OrderedIndex.ABSENT;
            if (!found) {
                fail("key %d", 3L * i);
            }
        }
        assertThat(cursor.next()).isFalse();
    }

    @Test
    void builtIndex_canBeChangedLikeAnyOther() {
        OrderedIndex index = build(70_000);
        for (long i = 0; i < 70_000; i += 7) {
            index.put(3 * i + 1, 9);
        }
        IndexInvariants.check(index);
        for (long i = 0; i < 70_000; i++) {
            index.remove(3 * i);
        }
        IndexInvariants.check(index);
        assertThat(index.size()).isEqualTo(10_000);
    }

    @Test
    void removalInDescendingOrder_unlinksInnerNodesThatBecomeEmpty() {
        OrderedIndex index = build(70_000);
        for (long i = 69_999; i >= 60_000; i--) {
            index.remove(3 * i);
            if (i % 1000 == 0) {
                IndexInvariants.check(index);
            }
        }
        assertThat(index.size()).isEqualTo(60_000);
        assertThat(index.get(3 * 59_999)).isEqualTo(60_000);
    }

    @Test
    void lastKeyBeforeTheGreatest_leavesRoomForTheGreatest() {
        OrderedIndex index = OrderedIndex.builder()
                .add(Long.MIN_VALUE, 1)
                .add(Long.MAX_VALUE - 1, 2)
                .build();
        index.put(Long.MAX_VALUE, 3);
        assertThat(index.get(Long.MIN_VALUE)).isEqualTo(1);
        assertThat(index.get(Long.MAX_VALUE)).isEqualTo(3);
    }

    @Test
    void keyThatDoesNotAscend_isRefused() {
        OrderedIndex.Builder builder =
                OrderedIndex.builder().add(Long.MIN_VALUE, 1).add(5, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(5, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.add(4, 1));
        assertThat(builder.build().size()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 256, 257, 70_000})
    void packedLeaves_makeTheSameIndex(int keys) {
        OrderedIndex index = build(keys);
        for (int i = 1; i < keys; i += 5) {
            index.put(3L * i + 1, 7);
        }
        OrderedIndex.Builder builder = OrderedIndex.builder();
        PackedLeaves leaves = index.packedLeaves();
        for (PackedLeaf leaf = leaves.next(); leaf != null; leaf = leaves.next()) {
            ByteBuffer bytes = ByteBuffer.allocate(leaf.bytes());
            leaf.write(bytes);
            assertThat(bytes.flip().limit()).isEqualTo(leaf.bytes());
            PackedLeaf read = PackedLeaf.read(LeafHeader.decode(bytes, "a snapshot", 0), bytes);
            assertThat(bytes.hasRemaining()).isFalse();
            assertThat(read.descendsAt()).isEqualTo(read.count());
            builder.addLeaf(read);
        }
        OrderedIndex copy = builder.build();

        IndexInvariants.check(copy);
        assertThat(entries(copy)).isEqualTo(entries(index));
        assertThat(copy.memoryBytes()).as("full leaves").isLessThanOrEqualTo(index.memoryBytes());
        for (int i = 0; i < keys; i += 2) {
            copy.put(3L * i + 2, 8);
            copy.remove(3L * i);
        }
        IndexInvariants.check(copy);
    }

    @Test
    void singleKeysBetweenPackedLeaves_makeNoLeavesOfAFew() {
        OrderedIndex.Builder builder = OrderedIndex.builder();
        TreeMap<Long, Long> expected = new TreeMap<>();
        SplittableRandom random = new SplittableRandom(9);
        long key = 0;
        for (int leaf = 0; leaf < 300; leaf++) {
            for (int single = random.nextInt(leaf % 3 == 0 ? 700 : 3); single > 0; single--) {
                key += 1 + random.nextInt(9);
                builder.add(key, leaf + 1);
                expected.put(key, leaf + 1L);
            }
            OrderedIndex.Builder full = OrderedIndex.builder();
            for (int i = 0; i < Leaf.ENTRIES_MAX; i++) {
                key += 1 + random.nextInt(9);
                full.add(key, i + 1);
                expected.put(key, i + 1L);
            }
            builder.addLeaf(requireNonNull(full.build().packedLeaves().next()));
        }
        OrderedIndex index = builder.build();

        IndexInvariants.check(index);
        assertThat(entries(index)).isEqualTo(expected);
        assertThat(smallestLeaf(index.tree().root())).isGreaterThanOrEqualTo(Leaf.ENTRIES_MAX / 3);
    }

    @Test
    void packedLeafThatDoesNotAscendFromWhatWasAdded_isRefused() {
        PackedLeaf leaf = requireNonNull(build(3).packedLeaves().next());
        OrderedIndex.Builder builder = OrderedIndex.builder().add(0, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.addLeaf(leaf));
    }

    private static int smallestLeaf(Node node) {
        int smallest = node.count();
        if (node instanceof Inner inner) {
            smallest = Integer.MAX_VALUE;
            for (int slot = 0; slot < inner.count(); slot++) {
                smallest = Math.min(smallest, smallestLeaf(inner.child(slot)));
            }
        }
        return smallest;
    }

    private static TreeMap<Long, Long> entries(OrderedIndex index) {
        TreeMap<Long, Long> entries = new TreeMap<>();
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        while (cursor.next()) {
            entries.put(cursor.key(), cursor.location());
        }
        return entries;
    }

    private static OrderedIndex build(int keys) {
        OrderedIndex.Builder builder = OrderedIndex.builder();
        for (int i = 0; i < keys; i++) {
            builder.add(3L * i, i + 1);
        }
        return builder.build();
    }
}
