package dev.kvdb.engine.gc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.gc.VictimChoice.Candidate;
import dev.kvdb.engine.log.Segment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Segments here are of 960 bytes a record, and full where they have a hundred. */
class VictimChoiceTest {

    private static final int SEGMENT_BYTES = 100_000;

    private final VictimChoice choice = new VictimChoice(SEGMENT_BYTES, 0.3);
    private final VictimChoice everything = new VictimChoice(SEGMENT_BYTES, 0);

    @Test
    void segmentWithEnoughDeadBytes_isWorthIt() {
        assertThat(ids(choice.candidates(List.of(segment(1, 100, 100), segment(2, 100, 60), segment(3, 100, 80)))))
                .containsExactly(2);
        assertThat(ids(everything.candidates(List.of(segment(1, 100, 100), segment(2, 100, 60), segment(3, 100, 99)))))
                .containsExactly(2, 3);
    }

    @Test
    void candidates_areSortedByTheShareTheyGiveBack() {
        assertThat(ids(choice.candidates(List.of(segment(1, 100, 60), segment(2, 100, 10), segment(3, 100, 30)))))
                .containsExactly(2, 3, 1);
    }

    @Test
    void emptySegment_isAlwaysWorthIt() {
        assertThat(ids(choice.candidates(List.of(segment(1, 0, 0))))).containsExactly(1);
    }

    @Test
    void damagedAndActiveSegments_areLeftAlone() {
        Segment damaged = segment(1, 100, 10);
        damaged.markDamaged();

        assertThat(choice.candidates(List.of(damaged))).isEmpty();
    }

    @Test
    void tombstones_countAsGarbageOnlyWhereTheyMayGo() {
        Segment tombs = TombstoneRuleTest.segment(Kind.REWRITTEN, 2, 1, 0, 128 + 990 * 25, 0, 0);
        for (int version = 10; version < 1000; version++) {
            tombs.counters().addTombstone(version);
        }
        Segment older = segment(1, 100, 99);

        assertThat(choice.candidates(List.of(older, tombs))).isEmpty();
        assertThat(ids(everything.candidates(List.of(older, tombs)))).containsExactly(1);
        assertThat(ids(choice.candidates(List.of(segment(1, 100, 100), tombs)))).containsExactly(2);
    }

    @Test
    void segmentThatHoldsBackMoreTombstonesThanItHasLiveBytes_isWorthIt() {
        Segment tombs = segment(2, 10, 10);
        for (int version = 10; version < 4000; version++) {
            tombs.counters().addTombstone(version);
        }
        Segment holder = segment(1, 100, 95);

        assertThat(ids(choice.candidates(List.of(holder, tombs)))).contains(1);
        assertThat(ids(choice.candidates(List.of(holder)))).isEmpty();
    }

    @Test
    void manySmallSegments_areWorthMergingTogether() {
        List<Segment> small = new ArrayList<>();
        for (int id = 1; id <= 7; id++) {
            small.add(segment(id, 5, 5));
        }
        assertThat(choice.candidates(small)).isEmpty();
        small.add(segment(8, 5, 5));
        assertThat(choice.candidates(small)).hasSize(8);
        assertThat(choice.victims(choice.candidates(small))).hasSize(8);
    }

    @Test
    void victims_areAsManyAsFitIntoOneSegment() {
        List<Segment> segments = List.of(segment(1, 100, 60), segment(2, 100, 30), segment(3, 100, 50));

        assertThat(ids(choice.victims(choice.candidates(segments)))).containsExactly(2, 3);
        assertThat(choice.victims(List.of())).isEmpty();
        assertThat(ids(choice.victims(choice.candidates(List.of(segment(1, 200, 120))))))
                .as("one that is larger than a segment goes alone")
                .containsExactly(1);
    }

    @Test
    void appendedSegmentOfWhichMarksTakeMuch_isWorthIt() {
        Segment marks = TombstoneRuleTest.segment(Kind.APPENDED, 1, 1, 0, 200_000, 100, 100);
        Segment rewritten = TombstoneRuleTest.segment(Kind.REWRITTEN, 2, 1, 0, 200_000, 100, 100);

        assertThat(ids(choice.candidates(List.of(marks, rewritten)))).containsExactly(1);
    }

    private static Segment segment(int id, int sets, int live) {
        return TombstoneRuleTest.segment(Kind.REWRITTEN, id, 1, 0, 128 + 960L * sets, sets, live);
    }

    private static List<Integer> ids(List<Candidate> candidates) {
        return candidates.stream().map(candidate -> candidate.segment().id()).toList();
    }
}
