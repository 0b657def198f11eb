package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.testkit.ManualClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WriteQueueTest {

    private final WriteQueue queue = new WriteQueue("/data", new ManualClock(), 3, 100);
    private final List<PendingWrite> taken = new ArrayList<>();

    @Test
    void moreRequestsThanMayWait_areRefused() {
        for (int i = 0; i < 3; i++) {
            queue.offer(new PendingWrite.Remove(i));
        }
        assertThatThrownBy(() -> queue.offer(new PendingWrite.Remove(3)))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("3 requests");
        assertThat(queue.requests()).isEqualTo(3);
    }

    @Test
    void moreBytesThanMayWait_areRefused() {
        queue.offer(set(60));
        queue.offer(set(40));
        assertThat(queue.bytes()).isEqualTo(100);
        assertThatThrownBy(() -> queue.offer(set(1)))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("100 bytes");
        queue.offer(new PendingWrite.Remove(1));

        assertThat(queue.take(taken, 0)).isTrue();
        assertThat(taken).hasSize(3);
        assertThat(queue.bytes()).isEqualTo(100);
    }

    @Test
    void takenWrites_countUntilTheyAreReleased() {
        queue.offer(set(60));
        queue.offer(set(40));
        queue.take(taken, 0);
        assertThatThrownBy(() -> queue.offer(set(1)))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("100 bytes");
        queue.offer(new PendingWrite.Remove(1));
        assertThatThrownBy(() -> queue.offer(new PendingWrite.Remove(2)))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("3 requests");

        queue.release(taken.subList(0, 1));
        assertThat(queue.bytes()).isEqualTo(40);
        queue.offer(set(60));
        queue.release(taken.subList(1, 2));
        assertThat(queue.bytes()).isEqualTo(60);
        assertThat(queue.requests()).isEqualTo(2);
    }

    @Test
    void takeAnew_releasesWhatWasTakenBefore() {
        queue.offer(set(100));
        queue.take(taken, 0);
        queue.take(taken, 0);
        assertThat(queue.bytes()).isZero();
        assertThat(queue.requests()).isZero();
    }

    @Test
    void controls_alwaysFindRoom() {
        for (int i = 0; i < 10; i++) {
            queue.offer(new PendingWrite.Control(PendingWrite.Control.Action.SYNC));
        }
        assertThat(queue.requests()).isEqualTo(10);
    }

    @Test
    void closedQueue_refusesWritesAndGivesThoseThatWait() {
        queue.offer(set(1));
        queue.close();

        assertThatThrownBy(() -> queue.offer(set(1))).isInstanceOf(StoreClosedException.class);
        assertThat(queue.take(taken, Long.MAX_VALUE)).isTrue();
        assertThat(taken).hasSize(1);
        taken.clear();
        assertThat(queue.take(taken, Long.MAX_VALUE)).isFalse();
    }

    @Test
    void takeOfAnEmptyQueue_endsWithItsTime() {
        assertThat(queue.take(taken, 0)).isTrue();
        assertThat(taken).isEmpty();
    }

    @Test
    void waitingConsumer_isWokenByTheFirstWriteAndByTheEnd() throws Exception {
        FutureTask<Boolean> consumer = new FutureTask<>(() -> {
            List<PendingWrite> got = new ArrayList<>();
            while (got.isEmpty()) {
                queue.take(got, Long.MAX_VALUE);
            }
            return queue.take(new ArrayList<>(), Long.MAX_VALUE);
        });
        Thread thread = new Thread(consumer);
        thread.start();
        queue.offer(set(1));
        queue.close();

        assertThat(consumer.get(10, TimeUnit.SECONDS)).isFalse();
    }

    private static PendingWrite set(int bytes) {
        return new PendingWrite.Set(1, new byte[bytes]);
    }
}
