package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class FreeSpaceTest {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final ManualClock clock = new ManualClock();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private volatile Answer answer = this::usableBytes;

    /** What the file system does when it is asked for its free space. */
    private interface Answer {
        long give() throws IOException, InterruptedException;
    }

    @AfterEach
    void release() {
        released.countDown();
    }

    @Test
    void spaceBecomesLess_statisticsTellWithinASecond() {
        disk.capacityBytes(1 << 30);
        try (Store store = open()) {
            assertThat(freeBytes(store)).isEqualTo(usableBytes());
            disk.capacityBytes(1 << 20);
            clock.advance(PERIOD);
            Awaitility.await().until(() -> freeBytes(store) == usableBytes());
        }
    }

    @Test
    void askedFileSystemHangs_statisticsReturn_andACloseDoesNotWaitForIt() throws Exception {
        disk.capacityBytes(1 << 30);
        Store store = open();
        long before = freeBytes(store);
        answer = () -> {
            asked.countDown();
            released.await();
            return 7;
        };
        clock.advance(PERIOD);
        assertThat(asked.await(1, TimeUnit.MINUTES)).isTrue();

        assertThat(freeBytes(store)).isEqualTo(before);
        store.set(1, new byte[10]).toCompletableFuture().get(1, TimeUnit.MINUTES);
        assertThat(store.statistics().keys()).isEqualTo(1);

        // The close asks too, for its snapshot; what hung before still does, and would keep it from returning.
        answer = this::usableBytes;
        store.close();
        assertThat(disk.exists(disk.path("SNAPSHOT"))).isTrue();
    }

    @Test
    void fileSystemDoesNotSay_figureIsUnknownUntilItDoes() {
        try (Store store = open()) {
            answer = () -> {
                throw new IOException("as if");
            };
            clock.advance(PERIOD);
            Awaitility.await().until(() -> freeBytes(store) == FreeSpace.UNKNOWN);
            answer = () -> 5;
            clock.advance(PERIOD);
            Awaitility.await().until(() -> freeBytes(store) == 5);
        }
    }

    private long usableBytes() {
        return disk.usableBytes(disk.root());
    }

    private static long freeBytes(Store store) {
        return store.statistics().diskFreeBytes();
    }

    private Store open() {
        FileSystem files = (FileSystem) Proxy.newProxyInstance(
                FileSystem.class.getClassLoader(), new Class<?>[] {FileSystem.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("usableBytes")) {
                        return answer.give();
                    }
                    try {
                        return method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return Store.open(disk.root(), MemoryStore.SMALL, TestEnvironment.of(files, clock, 1), StoreListener.NONE);
    }
}
