package dev.kvdb.engine.gc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Against the rule itself, asked for each segment and each other one. */
class HeldTombstonesTest {

    private static final int ROUNDS = 2000;

    @Test
    void anySegments_holdBackWhatTheRuleSays() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            int heldBack = 0;
            int free = 0;
            for (int round = 0; round < ROUNDS; round++) {
                List<Segment> segments = segments(random);
                HeldTombstones held = new HeldTombstones(segments);
                for (Segment segment : segments) {
                    boolean mayGo = mayGo(segment, segments);
                    assertThat(held.mayGo(segment)).isEqualTo(mayGo);
                    assertThat(held.bytesHeldBackBy(segment)).isEqualTo(bytesHeldBackBy(segment, segments));
                    heldBack += mayGo ? 0 : 1;
                    free += mayGo && segment.counters().tombstones() > 0 ? 1 : 0;
                }
            }
            assertThat(heldBack).as("segments with tombstones that may not go").isPositive();
            assertThat(free).as("segments with tombstones that may go").isPositive();
        });
    }

    private static boolean mayGo(Segment segment, List<Segment> all) {
        return segment.counters().tombstones() == 0
                || all.stream()
                        .noneMatch(other -> other != segment
                                && TombstoneRule.holdsBack(
                                        other, segment.counters().tombstoneVersionMax()));
    }

    private static long bytesHeldBackBy(Segment segment, List<Segment> all) {
        return all.stream()
                .filter(other -> other != segment && other.counters().tombstones() > 0)
                .filter(other ->
                        TombstoneRule.holdsBack(segment, other.counters().tombstoneVersionMax()))
                .mapToLong(other -> other.counters().tombstoneBytes())
                .sum();
    }

    /** Few versions, so that many are alike. */
    private static List<Segment> segments(SplittableRandom random) {
        int versions = random.nextInt(1, 30);
        int count = random.nextInt(12);
        List<Segment> segments = new ArrayList<>();
        for (int id = 1; id <= count; id++) {
            int sets = random.nextInt(3);
            Segment segment = TombstoneRuleTest.segment(
                    random.nextBoolean() ? Kind.APPENDED : Kind.REWRITTEN,
                    id,
                    random.nextInt(versions),
                    random.nextInt(versions),
                    5000,
                    sets,
                    random.nextInt(sets + 1));
            for (int tombstones = random.nextInt(4); tombstones > 0; tombstones--) {
                segment.counters().addTombstone(random.nextInt(versions));
            }
            if (random.nextInt(8) == 0) {
                segment.markDamaged();
            }
            segments.add(segment);
        }
        return segments;
    }
}
