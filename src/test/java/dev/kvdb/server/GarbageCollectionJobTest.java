package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.StoreReadOnlyException.Reason;
import dev.kvdb.testkit.LoggedLines;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run of the schedule asks of the store, and which of its results an operator is told. */
class GarbageCollectionJobTest {

    private final Queue<Supplier<GarbageCollectionReport>> runs = new ArrayDeque<>();
    private final Store store = (Store) Proxy.newProxyInstance(
            Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                assertThat(method.getName()).isEqualTo("collectGarbage");
                assertThat(arguments).containsExactly(GarbageCollectionRequest.WORTHWHILE);
                return runs.remove().get();
            });
    private final GarbageCollectionJob job = new GarbageCollectionJob(new ServedStore(store));
    private final LoggedLines log = new LoggedLines(GarbageCollectionJob.class.getName());

    @AfterEach
    void leaveLog() {
        log.close();
    }

    private void run(Supplier<GarbageCollectionReport> result) {
        runs.add(result);
        job.run();
        assertThat(runs).isEmpty();
    }

    private static GarbageCollectionReport report(boolean skipped, int segments) {
        return new GarbageCollectionReport(skipped, segments, 2 << 10, 3 << 10, 4);
    }

    private static GarbageCollectionReport fail() {
        throw new StoreIoException("read", "/d/7", new IOException("Input/output error"));
    }

    @Test
    void collection_isLoggedWithItsFigures() {
        run(() -> report(false, 1));

        assertThat(log.lines).containsExactly("collected garbage: 1 segment, 2 KiB copied, 3 KiB reclaimed, 4 ms");
    }

    @ParameterizedTest
    @CsvSource({"true, 1", "false, 0"})
    void runThatCollectedNothing_isNotLogged(boolean skipped, int segments) {
        run(() -> report(skipped, segments));

        assertThat(log.lines).isEmpty();
    }

    @Test
    void failure_isLoggedOnce_andAgainWhereARunSucceededSince() {
        run(GarbageCollectionJobTest::fail);
        run(GarbageCollectionJobTest::fail);

        assertThat(log.lines)
                .singleElement()
                .asString()
                .startsWith("garbage collection failed, and is tried again: ")
                .contains("/d/7", "Input/output error");

        run(() -> report(false, 0));
        run(GarbageCollectionJobTest::fail);

        assertThat(log.lines).hasSize(2);
    }

    @Test
    void defect_isLogged_andDoesNotEndTheSchedule() {
        run(() -> {
            throw new AssertionError("a defect");
        });

        assertThat(log.lines)
                .containsExactly("garbage collection failed because of a defect of kvdb, and is tried again");
    }

    @Test
    void storeThatClosesOrHasSaidThatItOnlyReads_isNoFailure() {
        run(() -> {
            throw new StoreClosedException("/d");
        });
        run(() -> {
            throw new StoreReadOnlyException("/d", Reason.IO_FAILED, "sync");
        });

        assertThat(log.lines).isEmpty();
    }

    @Test
    void storeThatIsNotOpen_isLeftAlone() {
        new GarbageCollectionJob(new StoreLifecycle(null, null, null, null, null, null)).run();

        assertThat(log.lines).isEmpty();
    }
}
