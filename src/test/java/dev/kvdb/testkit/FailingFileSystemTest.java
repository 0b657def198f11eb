package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class FailingFileSystemTest {

    private final CrashingFileSystem crashing = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(crashing);
    private final Path log = crashing.path("a.log");
    private final Path hint = crashing.path("a.hint");

    @Test
    void nthOfAKind_failsOnce() throws IOException {
        StoreFile file = files.create(log);
        files.inject(Fault.on(FileOperation.WRITE).nth(2));

        write(file, 0, "one");
        assertThatThrownBy(() -> write(file, 3, "two"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("WRITE")
                .hasMessageContaining("a.log");
        write(file, 3, "three");
        assertThat(crashing.contents(log)).asString().isEqualTo("onethree");
    }

    @Test
    void forEver_failsUntilHealed() throws IOException {
        files.inject(Fault.on(FileOperation.CREATE).as(Fault.Kind.NO_SPACE).forEver());

        assertThatThrownBy(() -> files.create(log)).isInstanceOf(NoSpaceException.class);
        assertThatThrownBy(() -> files.create(log)).isInstanceOf(NoSpaceException.class);
        files.heal();
        files.create(log).close();
    }

    @Test
    void named_failsOnlyMatchingFiles() throws IOException {
        files.inject(Fault.onAnything().named(".*\\.hint").forEver());

        files.create(log).close();
        files.rename(log, crashing.path("b.log"));
        assertThatThrownBy(() -> files.create(hint)).isInstanceOf(IOException.class);
        assertThat(crashing.list(crashing.root())).containsExactly("b.log");
    }

    @Test
    void held_waitsUntilHealed_andThenDoesWhatItShould() throws IOException {
        StoreFile file = files.create(log);
        files.inject(Fault.on(FileOperation.WRITE).as(Fault.Kind.HOLD));
        CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
            try {
                write(file, 0, "late");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Awaitility.await().until(() -> files.held() == 1);
        assertThat(crashing.contents(log)).isEmpty();

        files.heal();

        written.join();
        assertThat(files.held()).isZero();
        assertThat(crashing.contents(log)).asString().isEqualTo("late");
    }

    @Test
    void shortWrite_writesTheFirstHalf() throws IOException {
        StoreFile file = files.create(log);
        files.inject(Fault.on(FileOperation.WRITE).as(Fault.Kind.SHORT_WRITE_NO_SPACE));

        assertThatThrownBy(() -> write(file, 0, "12345678")).isInstanceOf(NoSpaceException.class);
        assertThat(crashing.contents(log)).asString().isEqualTo("1234");
    }

    @Test
    void failedSync_isNeverMadeUpForByALaterOne() throws IOException {
        StoreFile file = files.create(log);
        files.syncDirectory(crashing.root());
        write(file, 0, "lost");
        files.inject(Fault.on(FileOperation.SYNC));

        assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
        file.sync();
        assertThat(crashing.contents(log)).asString().isEqualTo("lost");
        CrashingFileSystem image = crashing.crashAt(crashing.position(), CrashVariant.EVERYTHING, 0);
        assertThat(image.contents(log)).isEmpty();
    }

    @Test
    void everyKind_canBeFailedAndIsCounted() throws IOException {
        crashing.put(hint, new byte[] {1});
        StoreFile file = files.create(log);
        files.resetCounts();
        files.inject(Fault.onAnything().forEver());
        ByteBuffer buffer = ByteBuffer.allocate(1);

        assertThatThrownBy(() -> file.read(buffer, 0)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> file.write(buffer, 0)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(IOException.class);
        assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.create(log)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.openForReading(log)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.rename(log, hint)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.delete(log)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.syncDirectory(crashing.root())).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.list(crashing.root())).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.createDirectories(crashing.root())).isInstanceOf(IOException.class);

        for (FileOperation operation : FileOperation.values()) {
            assertThat(files.count(operation)).as("%s", operation).isEqualTo(1);
        }
        assertThat(files.count()).isEqualTo(FileOperation.values().length);
    }

    @Test
    void reads_areCountedForOneDiskAccessARead() throws IOException {
        crashing.put(log, new byte[100]);
        StoreFile file = files.openForReading(log);
        files.resetCounts();
        file.read(ByteBuffer.allocate(10), 0);

        assertThat(files.count(FileOperation.READ)).isEqualTo(1);
        assertThat(files.count()).isEqualTo(1);
    }

    private static void write(StoreFile file, long position, String text) throws IOException {
        file.write(ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII)), position);
    }
}
