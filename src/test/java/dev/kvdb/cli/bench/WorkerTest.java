package dev.kvdb.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** When calls begin and from when they count, on a clock that only the test moves. */
class WorkerTest {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final int CONCURRENCY = 4;

    private final SimulatedServer server = new SimulatedServer(sent -> sent + MILLI);

    private static LoadSettings settings(String mix, double rate, long warmUpNanos, long durationNanos, long count) {
        return new LoadSettings(
                OperationMix.parse(mix),
                KeyDistribution.parse("uniform"),
                1,
                10,
                new ValueSizes(100, 100),
                CONCURRENCY,
                1,
                rate,
                warmUpNanos,
                durationNanos,
                count,
                30 * SECOND,
                42,
                false,
                false);
    }

    private static LoadSettings openLoop(long durationNanos) {
        return settings("get=1", 1_000, 0, durationNanos, LoadSettings.UNLIMITED);
    }

    private static LoadSettings counted(String mix, long count) {
        return settings(mix, 0, 0, LoadSettings.UNLIMITED, count);
    }

    private LoadResult run(LoadSettings settings) {
        return server.run(worker(settings), settings);
    }

    private Worker worker(LoadSettings settings) {
        return new Worker(settings, new KeyLedger(settings), server, () -> server.nowNanos, 0, 1);
    }

    private static long percentile(LoadResult result, double percentile) {
        return result.operations().get(Operation.GET).latency().getValueAtPercentile(percentile);
    }

    @Test
    void atARate_aStallShowsInThePercentilesOfAllCallsThatItHoldsUp() {
        server.answerAt = sent -> (sent >= 2 * SECOND && sent < 3 * SECOND ? 3 * SECOND : sent) + MILLI;

        LoadResult result = run(openLoop(10 * SECOND));

        OperationResult gets = result.operations().get(Operation.GET);
        assertThat(gets.ok()).isEqualTo(10_000);
        assertThat(result.notSent()).isZero();
        // A tenth of all calls was meant to begin within the second of the stall; few of them could be sent.
        assertThat(percentile(result, 99)).isBetween(800 * MILLI, 1_010 * MILLI);
        assertThat(percentile(result, 90)).isGreaterThan(100 * MILLI);
        assertThat(gets.service()).isNotNull();
        assertThat(gets.service().getValueAtPercentile(99)).isLessThan(2 * MILLI);
    }

    @Test
    void atARate_callsThatAStallKeepsFromBeingSentUntilTheEnd_countAsLongAsTheyHaveWaited() {
        server.answerAt = sent -> sent >= 5 * SECOND ? 20 * SECOND : sent + MILLI;

        LoadResult result = run(openLoop(10 * SECOND));

        OperationResult gets = result.operations().get(Operation.GET);
        assertThat(gets.ok()).isEqualTo(5_000 + CONCURRENCY);
        assertThat(result.notSent()).isEqualTo(5_000 - CONCURRENCY);
        assertThat(gets.latency().getTotalCount()).isEqualTo(10_000);
        assertThat(percentile(result, 75)).isGreaterThan(10 * SECOND);
        assertThat(gets.inTime()).isEqualTo(5_000);
        assertThat(result.callsPerSecond()).isEqualTo(500);
    }

    @Test
    void atARate_callsBeginWhenTheyAreMeantTo_howeverFastTheServerIs() {
        LoadResult result = run(openLoop(2 * SECOND));
        assertThat(server.sent).isEqualTo(2_000);
        assertThat(server.inFlightMax).isLessThanOrEqualTo(2);
        assertThat(result.callsPerSecond()).isBetween(999.0, 1_000.0);
        assertThat(percentile(result, 100)).isLessThan(2 * MILLI);
    }

    @Test
    void withoutARate_asManyCallsAsAllowedAreInFlight_andTheNextBeginsWhenOneHasEnded() {
        LoadResult result = run(settings("get=1", 0, 0, SECOND, LoadSettings.UNLIMITED));
        assertThat(server.inFlightMax).isEqualTo(CONCURRENCY);
        assertThat(result.ok()).isEqualTo(1_000 * CONCURRENCY);
        assertThat(result.operations().get(Operation.GET).service()).isNull();
    }

    @Test
    void warmUp_isNotCounted() {
        LoadResult result = run(settings("get=1", 0, SECOND, SECOND, LoadSettings.UNLIMITED));
        assertThat(server.sent).isEqualTo(2_000 * CONCURRENCY);
        assertThat(result.ok()).isEqualTo(1_000 * CONCURRENCY);
        assertThat(result.elapsedNanos()).isEqualTo(SECOND);
    }

    @Test
    void rate_isThatOfAllRepliesWithinTheMeasuredTime_alsoOfCallsThatBeganBefore() {
        server.answerAt = sent -> sent + 300 * MILLI;
        LoadResult result = run(settings("get=1", 0, SECOND, SECOND, LoadSettings.UNLIMITED));
        // Replies at 1.2, 1.5 and 1.8 s; at 2.1 s it is over.
        assertThat(result.callsPerSecond()).isEqualTo(3 * CONCURRENCY);
        assertThat(result.ok()).isEqualTo(3 * CONCURRENCY);
        assertThat(percentile(result, 0)).isGreaterThanOrEqualTo(299 * MILLI);
    }

    @Test
    void count_endsTheRunAfterSoManyCalls_whoseTimeIsThatOfTheLast() {
        LoadResult result = run(counted("get=1", 400));
        assertThat(result.ok()).isEqualTo(400);
        assertThat(result.elapsedNanos()).isEqualTo(100 * MILLI);
        assertThat(result.callsPerSecond()).isEqualTo(4_000);
    }

    @Test
    void mix_isDrawnByWeight_andHitsAreCounted() {
        LoadResult result = run(counted("get=50,set=45,remove=5", 10_000));
        assertThat(result.operations().get(Operation.GET).ok()).isBetween(4_800L, 5_200L);
        assertThat(result.operations().get(Operation.SET).ok()).isBetween(4_300L, 4_700L);
        assertThat(result.operations().get(Operation.REMOVE).ok()).isBetween(400L, 600L);
        long found = result.operations().get(Operation.GET).hits();
        assertThat(found).isBetween(4_000L, 5_000L);
        assertThat(result.bytesRead()).isEqualTo(100 * found);
        assertThat(result.bytesWritten())
                .isEqualTo(100 * result.operations().get(Operation.SET).ok());
    }

    @Test
    void refusal_isCountedByItsReason_notInTheLatencies_andItsPlaceIsNotUsedForAWhile() {
        server.refusals.putAll(Map.of(1L, "OVERLOADED", 2L, "DISK_FULL"));
        LoadResult result = run(counted("get=1", 1_000));
        OperationResult gets = result.operations().get(Operation.GET);
        assertThat(gets.errors()).containsOnlyKeys("OVERLOADED", "DISK_FULL");
        assertThat(gets.ok() + gets.failed()).isEqualTo(1_000);
        assertThat(gets.latency().getTotalCount()).isEqualTo(gets.ok());
        assertThat(server.nowNanos).isGreaterThan(gets.failed() / CONCURRENCY * 100 * MILLI);
    }

    @Test
    void failureThatWasWaitedFor_countsInTheLatencies_oneThatCameAtOnceDoesNot() {
        server.failAfterNanos = 5 * SECOND;
        server.refusals.putAll(Map.of(1L, "DISK_FULL", 2L, "DAMAGED"));
        LoadResult slow = run(counted("get=1", 1_000));
        assertThat(slow.failed()).isPositive();
        assertThat(slow.operations().get(Operation.GET).latency().getTotalCount())
                .isEqualTo(1_000);
        assertThat(percentile(slow, 100)).isGreaterThan(4 * SECOND);
        server.failAfterNanos = 99 * MILLI;
        LoadResult fast = run(counted("get=1", 1_000));
        assertThat(fast.operations().get(Operation.GET).latency().getTotalCount())
                .isEqualTo(fast.ok())
                .isLessThan(1_000);
    }

    @Test
    void defect_endsTheRunWithItsCause() {
        Error defect = new AssertionError("planned");
        server.answerAt = sent -> {
            throw defect;
        };
        Worker worker = worker(counted("get=1", 10));
        worker.start();
        assertThat(worker.result()).isCompletedExceptionally();
        assertThatThrownBy(() -> worker.result().join()).hasCause(defect);
        assertThat(server.sent).isEqualTo(1);
    }

    @Test
    void callWithoutReply_isGivenUpAndCountsInTheLatencies() {
        server.answerAt = sent -> SimulatedServer.NEVER;
        LoadResult result = run(counted("get=1", CONCURRENCY));
        OperationResult gets = result.operations().get(Operation.GET);
        assertThat(gets.errors()).containsExactly(Map.entry("TIMED_OUT", (long) CONCURRENCY));
        assertThat(gets.latency().getTotalCount()).isEqualTo(CONCURRENCY);
        assertThat(percentile(result, 50)).isGreaterThan(29 * SECOND);
    }

    @Test
    void stop_endsTheRunWithWhatThereIs_andGivesUpWhatIsUnderWaySoonAfter() {
        LoadSettings settings = settings("get=1", 0, 0, 3_600 * SECOND, LoadSettings.UNLIMITED);
        server.answerAt = sent -> sent < SECOND ? sent + MILLI : SimulatedServer.NEVER;
        Worker worker = worker(settings);
        server.at(2 * SECOND, worker::stop);

        LoadResult result = server.run(worker, settings);

        assertThat(result.isInterrupted()).isTrue();
        assertThat(result.elapsedNanos()).isEqualTo(2 * SECOND);
        assertThat(result.ok()).isEqualTo(1_000 * CONCURRENCY);
        assertThat(result.errors()).containsExactly(Map.entry("INTERRUPTED", (long) CONCURRENCY));
        assertThat(server.nowNanos).isLessThan(4 * SECOND);
        Histogram latency = result.operations().get(Operation.GET).latency();
        assertThat(latency.getTotalCount()).isEqualTo(result.ok() + CONCURRENCY);
        assertThat(percentile(result, 100)).isGreaterThan(SECOND);
    }

    @Test
    void sameSeed_makesTheSameCalls() {
        LoadResult first = run(counted("get=50,set=45,remove=5", 1_000));
        SimulatedServer other = new SimulatedServer(sent -> sent + MILLI);
        LoadSettings settings = counted("get=50,set=45,remove=5", 1_000);
        Worker worker = new Worker(settings, new KeyLedger(settings), other, () -> other.nowNanos, 0, 1);
        LoadResult second = other.run(worker, settings);
        assertThat(second.operations()).allSatisfy((operation, part) -> {
            assertThat(part.ok()).isEqualTo(first.operations().get(operation).ok());
            assertThat(part.hits()).isEqualTo(first.operations().get(operation).hits());
        });
    }
}
