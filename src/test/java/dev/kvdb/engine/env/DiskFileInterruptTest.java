package dev.kvdb.engine.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFileInterruptTest {

    private static final int BYTES = 1 << 20;

    private final DiskFileSystem files = new DiskFileSystem();

    @TempDir
    private Path directory;

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @Test
    void interruptedBefore_operationIsCarriedOutAndStatusKept() throws IOException {
        Thread.currentThread().interrupt();
        try (StoreFile file = files.create(directory.resolve("a"))) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
            file.sync();
            file.truncate(2);
            ByteBuffer read = ByteBuffer.allocate(3);

            assertThat(file.read(read, 0)).isEqualTo(2);
            assertThat(file.size()).isEqualTo(2);
            files.syncDirectory(directory);
            files.createDirectories(directory.resolve("sub"));
            files.lock(directory.resolve("LOCK"), "me").close();
        }
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void readersInterruptedAgainAndAgain_breakNeitherReadersNorWriterNorSyncs() throws Exception {
        try (StoreFile file = files.create(directory.resolve("a.tmp"))) {
            fill(file);
            file.sync();
            files.rename(directory.resolve("a.tmp"), directory.resolve("a"));
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger interruptsSeen = new AtomicInteger();
            List<FutureTask<Integer>> workers = new ArrayList<>();
            List<Thread> victims = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                victims.add(start(workers, () -> {
                    int reads = 0;
                    for (; !stop.get(); reads++) {
                        readAndCheck(file);
                        if (Thread.interrupted()) {
                            interruptsSeen.incrementAndGet();
                        }
                    }
                    return reads;
                }));
            }
            start(workers, () -> repeat(stop, () -> readAndCheck(file)));
            start(
                    workers,
                    () -> repeat(stop, () -> {
                        fill(file);
                        file.sync();
                    }));
            for (int i = 0; i < 300; i++) {
                victims.get(i % 2).interrupt();
                Thread.sleep(1);
            }
            stop.set(true);

            for (FutureTask<Integer> worker : workers) {
                assertThat(worker.get()).isPositive();
            }
            assertThat(interruptsSeen).hasPositiveValue();
        }
    }

    @Test
    void writerInterrupted_writesStayWhole() throws Exception {
        Path path = directory.resolve("a");
        try (StoreFile file = files.create(path)) {
            AtomicBoolean stop = new AtomicBoolean();
            List<FutureTask<Integer>> workers = new ArrayList<>();
            Thread writer = start(workers, () -> repeat(stop, () -> fill(file)));
            for (int i = 0; i < 100; i++) {
                writer.interrupt();
                Thread.sleep(1);
            }
            stop.set(true);
            assertThat(workers.get(0).get()).isPositive();
            readAndCheck(file);
        }
    }

    @Test
    void brokenChannelOfDeletedFile_isAnErrorAndNotAnotherFile() throws Exception {
        Path path = directory.resolve("a");
        try (StoreFile file = files.create(path)) {
            fill(file);
            files.delete(path);
            files.create(path).close();

            assertThatThrownBy(() -> readUntilBroken(file)).hasCauseInstanceOf(IOException.class);
        }
    }

    @Test
    void brokenChannelOfFileReplacedBehindOurBack_isAnErrorAndNotTheOtherFile() throws Exception {
        Path path = directory.resolve("a");
        try (StoreFile file = files.create(path)) {
            fill(file);
            Files.write(directory.resolve("b"), new byte[BYTES]);
            Files.move(directory.resolve("b"), path, java.nio.file.StandardCopyOption.REPLACE_EXISTING);

            assertThatThrownBy(() -> readUntilBroken(file)).hasRootCauseInstanceOf(IOException.class);
        }
    }

    /** Interrupts a reader until one interrupt hits in the middle of a read, and gives its failure. */
    private static void readUntilBroken(StoreFile file) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        List<FutureTask<Integer>> workers = new ArrayList<>();
        Thread reader = start(workers, () -> repeat(stop, () -> readAndCheck(file)));
        while (reader.isAlive()) {
            reader.interrupt();
            Thread.sleep(1);
        }
        workers.get(0).get();
    }

    private static Thread start(List<FutureTask<Integer>> workers, Callable<Integer> work) {
        FutureTask<Integer> worker = new FutureTask<>(work);
        workers.add(worker);
        Thread thread = new Thread(worker);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static int repeat(AtomicBoolean stop, Step step) throws IOException {
        int count = 0;
        while (!stop.get()) {
            step.run();
            Thread.interrupted();
            count++;
        }
        return count;
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void fill(StoreFile file) throws IOException {
        ByteBuffer pattern = ByteBuffer.allocateDirect(BYTES);
        while (pattern.hasRemaining()) {
            pattern.putInt(pattern.position());
        }
        file.write(pattern.flip(), 0);
    }

    private static void readAndCheck(StoreFile file) throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(BYTES);
        assertThat(file.read(target, 0)).isEqualTo(BYTES);
        target.flip();
        while (target.hasRemaining()) {
            int position = target.position();
            if (target.getInt() != position) {
                throw new IOException("wrong bytes at " + position);
            }
        }
    }
}
