package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.testkit.ManualClock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WriteQueueTest {

    private final WriteQueue queue = new WriteQueue("/data", new ManualClock(), 3, 100);
    private final List<PendingWrite<?>> taken = new ArrayList<>();

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

        assertThat(take(0)).isTrue();
        assertThat(taken).hasSize(3);
        assertThat(queue.bytes()).isEqualTo(100);
    }

    @Test
    void takenWrites_countUntilTheyAreReleased() {
        queue.offer(set(60));
        queue.offer(set(40));
        take(0);
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
        take(0);
        take(0);
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
        assertThat(take(Long.MAX_VALUE)).isTrue();
        assertThat(taken).hasSize(1);
        taken.clear();
        assertThat(take(Long.MAX_VALUE)).isFalse();
    }

    @Test
    void takeOfAnEmptyQueue_endsWithItsTime() {
        assertThat(take(0)).isTrue();
        assertThat(taken).isEmpty();
    }

    @Test
    void waitingConsumer_isWokenByTheFirstWriteAndByTheEnd() throws Exception {
        SleepingClock clock = new SleepingClock();
        WriteQueue waitedFor = new WriteQueue("/data", clock, 3, 100);
        FutureTask<Boolean> consumer = new FutureTask<>(() -> {
            do {
                waitedFor.take(Long.MAX_VALUE);
            } while (waitedFor.next() == null);
            return waitedFor.take(Long.MAX_VALUE);
        });
        Thread thread = new Thread(consumer);
        thread.setDaemon(true);
        thread.start();
        awaitAsleep(thread, clock, 0);
        int before = clock.parks.get();
        waitedFor.offer(set(1));
        awaitAsleep(thread, clock, before);
        waitedFor.close();

        assertThat(consumer.get(1, TimeUnit.MINUTES)).isFalse();
    }

    private static void awaitAsleep(Thread thread, SleepingClock clock, int parksBefore) {
        await().atMost(1, TimeUnit.MINUTES)
                .until(() -> clock.parks.get() > parksBefore && thread.getState() == Thread.State.WAITING);
    }

    /** Wakes nobody by itself. */
    private static final class SleepingClock implements Clock {

        private final ManualClock time = new ManualClock();
        private final AtomicInteger parks = new AtomicInteger();

        @Override
        public Instant now() {
            return time.now();
        }

        @Override
        public long nanoTime() {
            return time.nanoTime();
        }

        @Override
        public void parkNanos(long nanos) {
            parks.incrementAndGet();
            LockSupport.park(this);
        }
    }

    /** Takes all that wait. */
    private boolean take(long nanosMax) {
        boolean goOn = queue.take(nanosMax);
        for (PendingWrite<?> write = queue.next(); write != null; write = queue.next()) {
            taken.add(write);
        }
        return goOn;
    }

    private static PendingWrite<?> set(int bytes) {
        return new PendingWrite.Set(1, new byte[bytes]);
    }
}
