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

    private static final long LAST_VERSION = 1_000;

    private final VictimChoice choice = choice(0.3, 0.3, 0);
    private final VictimChoice everything = new VictimChoice(SEGMENT_BYTES, CollectionGoal.EVERYTHING, LAST_VERSION);

    @Test
    void logWithNoMoreGarbageThanMayBeLeft_isLeftAlone() {
        List<Segment> segments = List.of(segment(1, 100, 100), segment(2, 100, 60), segment(3, 100, 80));

        assertThat(choice.candidates(segments)).isEmpty();
        assertThat(ids(everything.candidates(segments))).containsExactly(2, 3);
        assertThat(ids(everything.candidates(List.of(segment(1, 100, 100), segment(2, 100, 99)))))
                .containsExactly(2);
    }

    @Test
    void logWithMoreGarbage_givesBackTheBestUntilNoMoreThanMayBeIsLeft() {
        List<Segment> segments =
                List.of(segment(1, 100, 65), segment(2, 100, 60), segment(3, 100, 100), segment(4, 100, 10));

        assertThat(ids(choice.candidates(segments))).containsExactly(4);
        assertThat(ids(choice(0.3, 0.2, 0).candidates(segments))).containsExactly(4, 2);
    }

    @Test
    void segmentThatWouldGiveBackTooLittle_isLeftAloneHoweverMuchOfTheLogIsGarbage() {
        assertThat(choice(0.3, 0.2, 0).candidates(List.of(segment(1, 100, 75), segment(2, 100, 75))))
                .isEmpty();
    }

    @Test
    void growthAhead_isTakenForGarbage() {
        List<Segment> segments = List.of(segment(1, 100, 60), segment(2, 100, 90));

        assertThat(choice(0.3, 0.3, 0).candidates(segments)).isEmpty();
        assertThat(choice(0.3, 0.3, 10_000).candidates(segments)).isEmpty();
        assertThat(ids(choice(0.3, 0.3, 20_000).candidates(segments))).containsExactly(1);
    }

    @Test
    void underLoad_asManyGoAsFillASegment() {
        List<Segment> segments = new ArrayList<>();
        for (int id = 1; id <= 6; id++) {
            segments.add(segment(id, 100, 30));
        }
        for (int id = 7; id <= 20; id++) {
            segments.add(segment(id, 100, 80));
        }
        assertThat(choice(0.3, 0.34, 0).candidates(segments)).hasSize(1);
        assertThat(choice(0.3, 0.34, 1).candidates(segments)).hasSize(4);
    }

    @Test
    void underLoad_theOlderOneGoesThoughItGivesBackSomewhatLess() {
        Segment young = TombstoneRuleTest.segment(Kind.REWRITTEN, 1, 1, 900, 128 + 96_000, 100, 50);
        Segment old = TombstoneRuleTest.segment(Kind.REWRITTEN, 2, 1, 100, 128 + 96_000, 100, 60);
        Segment oldButLive = TombstoneRuleTest.segment(Kind.REWRITTEN, 3, 1, 0, 128 + 96_000, 100, 80);
        Segment oldAppended = TombstoneRuleTest.segment(Kind.APPENDED, 4, 50, 0, 128 + 96_000, 100, 60);
        List<Segment> segments = List.of(young, old, oldButLive, oldAppended);

        assertThat(ids(choice(0.01, 0.01, 1).candidates(segments))).containsExactly(4, 2, 1, 3);
        assertThat(ids(choice(0.01, 0.01, 0).candidates(segments)).get(0)).isEqualTo(1);
    }

    @Test
    void underLoad_anAppendedSegmentIsAsOldAsItsFirstWrite() {
        Segment young = TombstoneRuleTest.segment(Kind.APPENDED, 1, 900, 0, 128 + 96_000, 100, 60);
        Segment older = TombstoneRuleTest.segment(Kind.REWRITTEN, 2, 1, 100, 128 + 96_000, 100, 62);

        assertThat(ids(choice(0.01, 0.01, 1).candidates(List.of(young, older)))).containsExactly(2, 1);
    }

    @Test
    void underLoad_segmentsOfNow_goByWhatTheyGiveBack() {
        List<Segment> segments = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            segments.add(TombstoneRuleTest.segment(
                    Kind.REWRITTEN, id, 1, LAST_VERSION, 128 + 96_000, 100, id == 2 ? 50 : 60));
        }
        assertThat(ids(choice(0.01, 0.01, 1).candidates(segments)).get(0)).isEqualTo(2);
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
        assertThat(choice.candidates(List.of(damaged, segment(2, 100, 65), segment(3, 100, 80))))
                .as("what damage keeps is not taken from others")
                .isEmpty();
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
        assertThat(choice.candidates(List.of(holder))).isEmpty();
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

    private static VictimChoice choice(double victimShareMin, double logShareMax, long growthBytes) {
        return new VictimChoice(
                SEGMENT_BYTES, new CollectionGoal(victimShareMin, logShareMax, growthBytes), LAST_VERSION);
    }

    private static Segment segment(int id, int sets, int live) {
        return TombstoneRuleTest.segment(Kind.REWRITTEN, id, 1, 0, 128 + 960L * sets, sets, live);
    }

    private static List<Integer> ids(List<Candidate> candidates) {
        return candidates.stream().map(candidate -> candidate.segment().id()).toList();
    }
}
