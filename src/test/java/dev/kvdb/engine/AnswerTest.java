package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.StoreClosedException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class AnswerTest {

    private static final SetResult RESULT = new SetResult(7, true);

    private final PendingWrite.Set answer = new PendingWrite.Set(1, new byte[0]);

    @Test
    void outsiders_cannotCompleteIt() {
        List<ThrowingCallable> attempts = List.of(
                () -> answer.complete(RESULT),
                () -> answer.completeExceptionally(new IllegalStateException()),
                () -> answer.cancel(true),
                () -> answer.obtrudeValue(RESULT),
                () -> answer.obtrudeException(new IllegalStateException()),
                () -> answer.completeAsync(() -> RESULT),
                () -> answer.completeAsync(() -> RESULT, Runnable::run),
                () -> answer.orTimeout(1, TimeUnit.HOURS),
                () -> answer.completeOnTimeout(RESULT, 1, TimeUnit.HOURS));
        for (ThrowingCallable attempt : attempts) {
            assertThatThrownBy(attempt).isInstanceOf(UnsupportedOperationException.class);
        }
        assertThat(answer).isNotDone();
    }

    @Test
    void futuresMadeOfIt_areTheirCallersOwn() {
        CompletableFuture<SetResult> cancelled = answer.toCompletableFuture();
        CompletableFuture<SetResult> kept = answer.toCompletableFuture();
        assertThat(cancelled.cancel(true)).isTrue();
        answer.answer(RESULT);
        assertThat(kept).isCompletedWithValue(RESULT);
        assertThat(answer.thenApply(SetResult::version).toCompletableFuture()).isCompletedWithValue(7L);
        assertThat(answer.toCompletableFuture()).isCompletedWithValue(RESULT);
    }

    @Test
    void refusedSet_keepsItsValueNoLonger() {
        PendingWrite.Set refused = new PendingWrite.Set(1, new byte[100]);
        assertThat(refused.queuedBytes()).isEqualTo(100);
        refused.fail(new StoreClosedException("/data"));

        assertThat(refused).isCompletedExceptionally();
        assertThat(refused.value).isEmpty();
    }
}
