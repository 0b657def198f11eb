package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import org.junit.jupiter.api.Test;

class StoreDirectoryTest {

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final StoreDirectory directory = new StoreDirectory(files, disk.root());

    @Test
    void syncFailed_noLaterOneIsMade() {
        files.inject(Fault.on(FileOperation.SYNC_DIRECTORY));
        assertThatThrownBy(directory::sync).isInstanceOf(SyncFailedException.class);
        assertThatThrownBy(directory::sync).isInstanceOf(SyncFailedException.class);
        assertThat(files.count(FileOperation.SYNC_DIRECTORY)).isEqualTo(1);
    }

    @Test
    void syncNotBegun_isTriedAgain() throws Exception {
        files.inject(Fault.on(FileOperation.SYNC_DIRECTORY).as(Fault.Kind.NO_DESCRIPTOR));
        assertThatThrownBy(directory::sync).isNotInstanceOf(SyncFailedException.class);
        directory.sync();
        assertThat(files.count(FileOperation.SYNC_DIRECTORY)).isEqualTo(2);
    }
}
