package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.SegmentHeader;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A store that was not closed, with five groups of a record each in one segment: copies of it are torn or damaged at
 * some place, opened, and held to what they have to say then.
 */
public final class TornTails implements AutoCloseable {

    static final String TAIL = "0000000001.log";
    static final int GROUPS = 5;
    static final int VALUE_BYTES = 20;
    static final int GROUP_BYTES = 65 + 33 + VALUE_BYTES;
    static final int LAST_GROUP = SegmentHeader.BYTES + (GROUPS - 1) * GROUP_BYTES;
    static final int END = LAST_GROUP + GROUP_BYTES;

    private final MemoryStore running = new MemoryStore();

    public TornTails() {
        running.open();
        for (int key = 1; key <= GROUPS; key++) {
            assertThat(running.set(key, VALUE_BYTES).version()).isEqualTo(key);
        }
        assertThat(running.disk.contents(running.file(TAIL))).hasSize(END);
    }

    /** The store, which still runs. */
    MemoryStore running() {
        return running;
    }

    /** One of each kind, somewhere. */
    public void checkAtRandom(SplittableRandom random) {
        checkCutAt(random.nextInt(LAST_GROUP, END + 1));
        checkZerosFrom(random.nextInt(LAST_GROUP, END - 1));
        checkBrokenAt(random.nextInt(LAST_GROUP, END));
        checkDamagedAt(random.nextInt(SegmentHeader.BYTES, LAST_GROUP));
        checkZerosAhead(random.nextInt(200_000));
        checkZeroedGroup(random.nextInt(GROUPS - 1));
    }

    /** The file was filled with zeros ahead of the log: nothing is torn. */
    void checkZerosAhead(int bytes) {
        checkTorn(image -> image.disk.overwrite(image.file(TAIL), END, new byte[bytes]), 0, bytes + " zeros ahead");
    }

    /** A group before the last durable mark was lost, as if the zeros that it was written over were still there. */
    void checkZeroedGroup(int group) {
        try (MemoryStore image = running.image()) {
            int at = SegmentHeader.BYTES + group * GROUP_BYTES;
            image.disk.overwrite(image.file(TAIL), at, new byte[GROUP_BYTES]);
            image.disk.overwrite(image.file(TAIL), END, new byte[100]);
            checkHides(image, "zeros in group " + group);
        }
    }

    /** The segment ends there, in its last group. */
    void checkCutAt(int size) {
        checkTorn(image -> image.disk.truncateFile(image.file(TAIL), size), size < END ? 1 : 0, "cut at " + size);
    }

    /** There are zeros from there on, in the last group, to behind it. */
    void checkZerosFrom(int offset) {
        byte[] zeros = new byte[END - offset + 100];
        checkTorn(image -> image.disk.overwrite(image.file(TAIL), offset, zeros), 1, "zeros from " + offset);
    }

    /** A bit of the last group is flipped. */
    void checkBrokenAt(int offset) {
        checkTorn(image -> image.disk.flipBit(image.file(TAIL), offset, offset % 8), 1, "byte " + offset);
    }

    private void checkTorn(Consumer<MemoryStore> tear, int lost, String what) {
        try (MemoryStore image = running.image()) {
            tear.accept(image);
            image.open();
            assertThat(image.store().statistics().state()).as(what).isEqualTo(StoreState.WRITABLE);
            for (int key = 1; key <= GROUPS - lost; key++) {
                assertValue(image, key, what);
            }
            assertThat(image.store().statistics().keys()).as(what).isEqualTo(GROUPS - lost);
            if (lost == 0) {
                assertThat(image.store().statistics().recovery().tornBytes())
                        .as(what)
                        .isZero();
            }
            assertThat(image.set(77, 5).version()).as("%s: versions rise", what).isGreaterThan(GROUPS);
            image.reopen();
            assertThat(image.store().statistics().keys()).isEqualTo(GROUPS - lost + 1);
            assertThat(image.store().statistics().recovery().clean()).isTrue();
        }
    }

    /** A bit before the last durable mark is flipped. */
    void checkDamagedAt(int at) {
        try (MemoryStore image = running.image()) {
            image.disk.flipBit(image.file(TAIL), at, at % 8);
            int inGroup = (at - SegmentHeader.BYTES) % GROUP_BYTES;
            if (inGroup < 33 || (inGroup >= 65 && inGroup < 65 + 33)) {
                checkHides(image, "byte " + at);
            } else {
                image.open();
                int damaged = damagedReads(image, "byte " + at);
                assertThat(image.store().statistics().state()).as("byte %d", at).isEqualTo(StoreState.WRITABLE);
                assertThat(damaged).as("byte %d", at).isEqualTo(inGroup < 65 ? 0 : 1);
                assertThat(image.get(99)).isNull();
            }
        }
    }

    /** Damage before the last durable mark hides keys: the store is read-only, and says so. */
    private static void checkHides(MemoryStore image, String what) {
        var before = image.contents();
        image.open();
        assertThat(image.store().statistics().state()).as(what).isEqualTo(StoreState.READ_ONLY);
        assertThat(damagedReads(image, what)).isLessThan(GROUPS);
        assertThatThrownBy(() -> image.store().get(99))
                .isInstanceOf(DamageException.class)
                .hasMessageContaining(TAIL);
        image.close();
        assertThat(image.contents()).as("%s: nothing was written", what).isEqualTo(before);
    }

    /** Each key has its value, or says that it is damaged; how many say so. */
    private static int damagedReads(MemoryStore image, String what) {
        int damaged = 0;
        for (int key = 1; key <= GROUPS; key++) {
            try {
                assertValue(image, key, what);
            } catch (DamageException e) {
                damaged++;
            }
        }
        return damaged;
    }

    private static void assertValue(MemoryStore image, long key, String what) {
        assertThat(image.store().get(key)).as("%s: key %d", what, key).hasValueSatisfying(entry -> {
            assertThat(entry.version()).isEqualTo(key);
            assertThat(entry.value()).isEqualTo(MemoryStore.value(key, VALUE_BYTES));
        });
    }

    @Override
    public void close() {
        running.close();
    }
}
