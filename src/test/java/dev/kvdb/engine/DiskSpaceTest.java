package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DiskSpaceTest {

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final Availability availability = new Availability("dir", StoreListener.NONE);
    private final DiskSpace space = new DiskSpace(
            new DiskReserve(new StoreDirectory(files, disk.root()), 10_000),
            availability,
            new Quota("dir", 0, () -> 0));

    @Test
    void diskIsFullAgainWhileTheReserveIsTaken_storeIsNotWritableWithoutIt() throws Exception {
        for (int round = 0; round < 1_000; round++) {
            space.isFull("as if");
            files.inject(Fault.on(FileOperation.SYNC).named("RESERVE").as(Fault.Kind.HOLD));
            CompletableFuture<Void> taking = CompletableFuture.runAsync(this::isThere);
            await().pollInterval(1, TimeUnit.MILLISECONDS).until(() -> files.held() == 1);
            CompletableFuture<Void> fullAgain = CompletableFuture.runAsync(() -> space.isFull("as if"));
            files.heal();
            CompletableFuture.allOf(taking, fullAgain).get(60, TimeUnit.SECONDS);

            assertThat(availability.state() == StoreState.WRITABLE)
                    .as("writable")
                    .isEqualTo(disk.exists(disk.path("RESERVE")));
        }
    }

    @Test
    void spaceForTheReserveIsThere_storeIsWritableAgainAndHasIt() throws Exception {
        space.isFull("as if");
        assertThat(availability.state()).isEqualTo(StoreState.DISK_FULL);
        space.isThere();

        assertThat(availability.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(disk.exists(disk.path("RESERVE"))).isTrue();
    }

    @Test
    void noSpaceForTheReserve_storeStaysFullAndUsesNoneForIt() throws Exception {
        space.isFull("as if");
        disk.capacityBytes(5_000);
        space.isThere();

        assertThat(availability.state()).isEqualTo(StoreState.DISK_FULL);
        assertThat(disk.exists(disk.path("RESERVE"))).isFalse();
    }

    private void isThere() {
        try {
            space.isThere();
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
