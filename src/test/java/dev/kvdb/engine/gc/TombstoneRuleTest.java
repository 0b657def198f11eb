package dev.kvdb.engine.gc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TombstoneRuleTest {

    private static final StoreDirectory DIRECTORY = directory();

    private static StoreDirectory directory() {
        CrashingFileSystem files = new CrashingFileSystem();
        return new StoreDirectory(files, files.root());
    }

    @Test
    void tombstone_mayGoWhereNoOtherSegmentIsLeft() {
        assertThat(TombstoneRule.mayGo(5, List.of())).isTrue();
    }

    @Test
    void tombstone_isHeldBackByAnOlderSegmentWithASupersededSet() {
        assertThat(TombstoneRule.mayGo(5, List.of(segment(1, 0, 2, 1)))).isFalse();
        assertThat(TombstoneRule.mayGo(5, List.of(segment(5, 0, 2, 1)))).isFalse();
    }

    @Test
    void segmentThatStartsAfterIt_doesNotHoldItBack() {
        assertThat(TombstoneRule.mayGo(5, List.of(segment(6, 0, 2, 1)))).isTrue();
    }

    @Test
    void segmentFoundLiveAsOfIt_doesNotHoldItBack() {
        assertThat(TombstoneRule.mayGo(5, List.of(segment(1, 5, 2, 1)))).isTrue();
        assertThat(TombstoneRule.mayGo(5, List.of(segment(1, 4, 2, 1)))).isFalse();
    }

    @Test
    void segmentWithoutASupersededSet_doesNotHoldItBackUnlessItIsDamaged() {
        Segment whole = segment(1, 0, 2, 2);
        assertThat(TombstoneRule.mayGo(5, List.of(whole))).isTrue();
        whole.markDamaged();
        assertThat(TombstoneRule.mayGo(5, List.of(whole))).isFalse();
        assertThat(TombstoneRule.mayGo(5, List.of(segment(1, 0, 2, 2), segment(1, 0, 2, 1))))
                .isFalse();
    }

    /** A segment with that many sets, of which so many are live. */
    static Segment segment(long firstVersion, long liveAsOf, int sets, int live) {
        return segment(Kind.APPENDED, 1, firstVersion, liveAsOf, 1000 * sets + 128, sets, live);
    }

    static Segment segment(Kind kind, int id, long firstVersion, long liveAsOf, long length, int sets, int live) {
        SegmentHeader header =
                new SegmentHeader(kind, new UUID(1, 1), id, firstVersion, liveAsOf, SegmentHeader.Previous.NONE, 1);
        Segment segment = Segment.sealed(header, DIRECTORY, length);
        for (int i = 0; i < sets; i++) {
            segment.counters().addSet();
        }
        for (int i = 0; i < live; i++) {
            segment.counters().becameLive(RecordLocation.of(id, 128, 960));
        }
        return segment;
    }
}
