package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class LogThreadTest {

    private static final Duration ENOUGH = Duration.ofHours(1);

    private final LogThread log = new LogThread();
    private final CountDownLatch released = new CountDownLatch(1);
    private final List<String> lines = new CopyOnWriteArrayList<>();

    @Test
    void stop_waitsForTheLinesThatWereHandedOver() throws InterruptedException {
        log.execute(() -> {
            await(released);
            lines.add("first");
        });
        log.execute(() -> lines.add("second"));
        Thread stop = new Thread(() -> log.stop(ENOUGH));
        stop.start();
        Awaitility.await().until(() -> stop.getState() == Thread.State.TIMED_WAITING);
        released.countDown();
        stop.join();

        assertThat(lines).containsExactly("first", "second");
    }

    @Test
    void stopWithoutTime_leavesALogThatHangs() {
        log.execute(() -> await(released));
        log.stop(Duration.ZERO);
        released.countDown();

        log.execute(() -> lines.add("later"));
        assertThat(lines).containsExactly("later");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
