package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Failures of what deals with failures: for as long as there is no memory, that is what comes next. */
class CommitterLastResortTest {

    private static final int LARGE_BYTES = 16 * 1024;

    private final CommitterHold committer = new CommitterHold();
    private final MemoryStore one = new MemoryStore().with(committer).open();

    @AfterEach
    void close() {
        committer.release();
        one.files.heal();
        Stages.await(CompletableFuture.runAsync(one::close));
    }

    /** Has no memory left for its own message, so often. */
    private static final class Unspeakable extends OutOfMemoryError {

        private static final long serialVersionUID = 1L;

        private final int times;

        Unspeakable(int times) {
            this.times = times;
        }

        @Override
        public String getMessage() {
            if (times > 0) {
                throw new Unspeakable(times - 1);
            }
            return "as if";
        }
    }

    @Test
    void failureCannotBeTold_allWhoWaitAreRefused() {
        CompletionStage<SetResult> held = holdCommitter();
        List<CompletionStage<?>> writes = new ArrayList<>();
        for (int key = 1; key < 10; key++) {
            writes.add(one.store().set(key, new byte[LARGE_BYTES]));
        }
        writes.add(one.store().remove(0));
        CompletableFuture<GarbageCollectionReport> collection =
                CompletableFuture.supplyAsync(() -> one.store().collectGarbage(GarbageCollectionRequest.EVERYTHING));
        await().until(() -> one.store().statistics().garbageCollection().running());
        committer.releaseWith(new Unspeakable(Integer.MAX_VALUE));

        assertThat(Stages.await(held).version()).isPositive();
        for (CompletionStage<?> write : writes) {
            assertThatThrownBy(() -> Stages.await(write)).isInstanceOf(StoreReadOnlyException.class);
        }
        assertThatThrownBy(() -> Stages.await(collection)).isInstanceOf(StoreException.class);
        assertThat(one.store().statistics().state()).isEqualTo(StoreState.READ_ONLY);
        assertThat(one.store().statistics().stateDetail()).isNotEmpty();
        assertThat(one.store().statistics().writes().failed()).isEqualTo(writes.size());
        assertThatThrownBy(() -> one.set(1, 1)).isInstanceOf(StoreReadOnlyException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void refusalsFailHalfWay_whoeverElseWaitsIsToldAndRoomIsMadeOnce(int times) {
        assumeThatHandlersCanFailAnAnswer();
        CompletionStage<SetResult> held = holdCommitter();
        List<Integer> waiting = new CopyOnWriteArrayList<>();
        CompletionStage<SetResult> first = one.store().set(1, new byte[1]);
        CompletionStage<?> toldLast = first.handle((result, failure) -> waiting.add(queued()));
        CompletionStage<?> unused = first.handle(unspeakable(times));
        List<CompletionStage<?>> behind = new ArrayList<>();
        for (int key = 2; key < 5; key++) {
            CompletionStage<SetResult> write = one.store().set(key, new byte[LARGE_BYTES]);
            behind.add(write.handle((result, failure) -> waiting.add(queued())));
            CompletionStage<?> unusedToo = write.handle(unspeakable(times));
        }
        one.files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
        committer.release();

        assertThat(Stages.await(held).version()).isPositive();
        Stages.await(toldLast);
        behind.forEach(Stages::await);
        assertThatThrownBy(() -> Stages.await(first)).isInstanceOf(StoreReadOnlyException.class);
        assertThat(waiting).containsExactly(0, 0, 0, 0);
        assertThat(one.store().statistics().writes().failed()).isEqualTo(4);
    }

    @Test
    void refusalFailsHalfWayOnAFullDisk_removesOfTheGroupAreAnswered() {
        assumeThatHandlersCanFailAnAnswer();
        holdCommitter();
        CompletionStage<SetResult> set = one.store().set(1, new byte[LARGE_BYTES]);
        CompletionStage<?> unused = set.handle(unspeakable(1));
        CompletionStage<RemoveResult> remove = one.store().remove(0);
        one.disk.capacityBytes(0);
        committer.release();

        assertThatThrownBy(() -> Stages.await(remove)).isInstanceOf(StoreReadOnlyException.class);
    }

    /** Fails whoever completes the stage that it depends on, in a JDK that then asks for the failure's message. */
    private static BiFunction<Object, Throwable, Object> unspeakable(int times) {
        return (result, failure) -> {
            throw new Unspeakable(times);
        };
    }

    /** JDK 17 lets the failure of a handler's failure out of the answer that it waits for; JDK 25 does not. */
    private static void assumeThatHandlersCanFailAnAnswer() {
        CompletableFuture<Object> answer = new CompletableFuture<>();
        CompletionStage<?> unused = answer.handle(unspeakable(1));
        boolean isLetOut = false;
        try {
            answer.complete(1);
        } catch (Unspeakable e) {
            isLetOut = true;
        }
        assumeTrue(
                isLetOut, "SKIPPED: no handler can make an answer fail on this JDK, so nothing says what would follow");
    }

    private int queued() {
        return (int) one.store().statistics().writes().queuedRequests();
    }

    /** Lets a first write through, and holds the committer with a second, which is what this answers. */
    private CompletionStage<SetResult> holdCommitter() {
        one.set(0, 1);
        one.remove(0);
        List<CompletionStage<SetResult>> held = new ArrayList<>();
        committer.hold(() -> held.add(one.store().set(0, new byte[LARGE_BYTES])));
        return held.get(0);
    }
}
