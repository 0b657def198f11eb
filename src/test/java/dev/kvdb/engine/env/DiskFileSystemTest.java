package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFileSystemTest {

    private final FileSystem files = Environment.system().files();

    @TempDir
    private Path directory;

    @Test
    void writtenPastTheEnd_holeReadsAsZeros() throws IOException {
        try (StoreFile file = files.create(directory.resolve("a"))) {
            write(file, 3, "xyz");
            file.sync();

            assertThat(file.size()).isEqualTo(6);
            assertThat(read(file, 0, 10)).isEqualTo("\0\0\0xyz");
            assertThat(read(file, 5, 10)).isEqualTo("z");
            assertThat(read(file, 6, 10)).isEmpty();
            assertThat(read(file, 1_000, 10)).isEmpty();
            assertThat(read(file, 0, 0)).isEmpty();
        }
    }

    /** Java keeps a direct buffer of the size of the largest transfer for each thread. */
    @Test
    void largeValueOnTheHeap_takesLittleMemoryBesideIt() throws Exception {
        byte[] value = new byte[24 << 20];
        value[value.length - 1] = 7;
        ByteBuffer found = ByteBuffer.allocate(value.length);
        long before = directBytes();
        AtomicLong during = new AtomicLong();
        CompletableFuture.runAsync(
                        () -> {
                            try (StoreFile file = files.create(directory.resolve("a"))) {
                                file.write(ByteBuffer.wrap(value), 5);
                                assertThat(file.read(found, 5)).isEqualTo(value.length);
                                during.set(directBytes());
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        task -> new Thread(task).start())
                .get(1, TimeUnit.MINUTES);

        assertThat(found.array()).isEqualTo(value);
        assertThat(during.get() - before).isLessThan(4 << 20);
    }

    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    @Test
    void truncated_isCutButNeverLengthened() throws IOException {
        try (StoreFile file = files.create(directory.resolve("a"))) {
            write(file, 0, "hello");
            file.truncate(10);
            assertThat(file.size()).isEqualTo(5);
            file.truncate(2);
            assertThat(read(file, 0, 10)).isEqualTo("he");
        }
    }

    @Test
    void openedForReading_cannotBeChanged() throws IOException {
        Path path = directory.resolve("a");
        files.create(path).close();
        try (StoreFile file = files.openForReading(path)) {
            assertThatThrownBy(() -> write(file, 0, "x")).isInstanceOf(NonWritableChannelException.class);
            assertThatThrownBy(file::sync).isInstanceOf(NonWritableChannelException.class);
        }
    }

    @Test
    void closed_refusesEveryUse() throws IOException {
        StoreFile file = files.create(directory.resolve("a"));
        file.close();
        file.close();

        assertThatThrownBy(() -> read(file, 0, 1)).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> write(file, 0, "x")).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(file::sync).isInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(file::size).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void missingAndExistingFiles_areRefused() throws IOException {
        Path present = directory.resolve("present");
        Path missing = directory.resolve("missing");
        files.create(present).close();

        assertThatThrownBy(() -> files.create(present)).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> files.openForReading(missing)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> files.delete(missing)).isInstanceOf(NoSuchFileException.class);
        assertThat(files.exists(present)).isTrue();
        assertThat(files.exists(missing)).isFalse();
    }

    @Test
    void list_namesRegularFilesInOrder() throws IOException {
        files.create(directory.resolve("b")).close();
        files.create(directory.resolve("a")).close();
        files.createDirectories(directory.resolve("c/d"));
        files.createDirectories(directory.resolve("c/d"));
        files.syncDirectory(directory);

        assertThat(files.list(directory)).containsExactly("a", "b");
        assertThat(directory.resolve("c/d")).isDirectory();
        assertThatThrownBy(() -> files.createDirectories(directory.resolve("a")))
                .isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void directoryThatCannotBeOpened_isSaidNotToHaveBeenSynced() {
        assertThatThrownBy(() -> files.syncDirectory(directory.resolve("missing")))
                .isInstanceOf(SyncNotBegunException.class)
                .hasMessageContaining("missing to sync it: there is no such file");
    }

    @Test
    void renamedAndDeleted_openFilesStayReadable() throws IOException {
        Path old = directory.resolve("old");
        try (StoreFile file = files.create(directory.resolve("new"));
                StoreFile replaced = files.create(old)) {
            write(file, 0, "new");
            write(replaced, 0, "old");
            files.rename(directory.resolve("new"), old);

            assertThat(read(replaced, 0, 3)).isEqualTo("old");
            assertThat(Files.readString(old)).isEqualTo("new");
            files.delete(old);
            assertThat(read(file, 0, 3)).isEqualTo("new");
        }
    }

    @Test
    void fullDevice_isReportedAsNoSpace() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "SKIPPED: there is no /dev/full, so nothing says what a full device is told as");

        assertThatThrownBy(() -> Files.write(full, new byte[1]))
                .satisfies(failure -> assertThat(DiskFull.translate((IOException) failure, "write", full))
                        .isInstanceOf(NoSpaceException.class));
        IOException other = new IOException("Input/output error");
        assertThat(DiskFull.translate(other, "write", full)).isSameAs(other);
        assertThat(DiskFull.translate(new IOException("Disk quota exceeded"), "write", full))
                .isInstanceOf(NoSpaceException.class);
    }

    /**
     * ext4 keeps blocks for root, and lets no file grow to such a size, which counts as no space. Elsewhere there may
     * be nothing to see.
     */
    @Test
    void writeThatFindsNoSpace_isCountedByWhatMayBeWritten() throws IOException {
        FileStore store = Files.getFileStore(directory);
        long kept = store.getUnallocatedSpace() - store.getUsableSpace();
        assumeTrue(
                kept > 1L << 30,
                "SKIPPED: the file system of " + directory + " keeps less than a GiB for some users (" + kept
                        + " bytes), so nothing says that a write that finds no space is counted");
        FileSystem unused = new DiskFileSystem();

        try (StoreFile file = unused.create(directory.resolve("a"))) {
            assertThat(unused.writableBytes(directory) - unused.usableBytes(directory))
                    .isGreaterThan(kept / 2);
            Throwable refusal = catchThrowable(() -> write(file, 1L << 50, "x"));
            assumeTrue(
                    refusal != null,
                    "SKIPPED: the file system of " + directory + " lets a file grow to a PiB, so nothing says that a"
                            + " write that finds no space is counted");
            assertThat(refusal).isInstanceOf(NoSpaceException.class);
            assertThat(unused.writableBytes(directory) - unused.usableBytes(directory))
                    .isLessThan(kept / 2);
        }
    }

    @Test
    void usableBytes_arePositive() throws IOException {
        assertThat(files.usableBytes(directory)).isPositive();
    }

    private static void write(StoreFile file, long position, String text) throws IOException {
        file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), position);
    }

    private static String read(StoreFile file, long position, int length) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(length);
        int count = file.read(target, position);
        assertThat(target.position()).isEqualTo(count);
        return StandardCharsets.US_ASCII.decode(target.flip()).toString();
    }
}
