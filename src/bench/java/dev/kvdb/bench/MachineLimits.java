package dev.kvdb.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** What the machine itself can do, as a store would use it: bounds for what a store can reach. */
final class MachineLimits {

    private static final double MB = 1e6;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int SYNCED_BYTES = 128;
    private static final int PREALLOCATED_BYTES = 64 << 20;
    private static final int OPERATIONS_PER_LOOK = 64;
    private static final int[] READ_BYTES = {100, 1024};
    private static final int[] READ_THREADS = {1, 2};

    private final Run run;
    private final Path file;
    private final List<Figure> figures = new ArrayList<>();

    private MachineLimits(Run run) {
        this.run = run;
        this.file = run.directory().resolve("limits");
    }

    static Outcome run(Run run) throws Exception {
        Files.createDirectories(run.directory());
        MachineLimits limits = new MachineLimits(run);
        limits.append();
        limits.syncedAppends();
        limits.reads();
        limits.hash();
        return new Outcome("", 0, limits.figures);
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private ByteBuffer randomBytes(int count) {
        byte[] bytes = new byte[count];
        new SplittableRandom(run.seed()).nextBytes(bytes);
        return ByteBuffer.allocateDirect(count).put(bytes).flip();
    }

    private static void write(FileChannel channel, ByteBuffer buffer, long at) throws IOException {
        buffer.rewind();
        long position = at;
        while (buffer.hasRemaining()) {
            position += channel.write(buffer, position);
        }
    }

    private double operationsPerSecond(int threads, int operationsPerLook, Timed.Operations operations)
            throws Exception {
        return new Timed(
                        threads,
                        run.parameters().number("warmup"),
                        run.parameters().number("measured"),
                        operationsPerLook)
                .run(operations, run.progress())
                .perSecond();
    }

    /** Leaves the file that is read afterwards. */
    private void append() throws IOException {
        ByteBuffer chunk = randomBytes(CHUNK_BYTES);
        long bytes = run.parameters().number("bytes");
        try (FileChannel channel = open()) {
            long start = System.nanoTime();
            for (long at = 0; at < bytes; at += CHUNK_BYTES) {
                write(channel, chunk, at);
            }
            double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
            figures.add(Figure.higher("append of 1 MiB chunks, not synced", "MB/s", bytes / MB / seconds));
            channel.force(true);
        }
    }

    private void syncedAppends() throws Exception {
        ByteBuffer record = randomBytes(SYNCED_BYTES);
        Path log = file.resolveSibling("log");
        long[] end = new long[1];
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            Timed.Operation append = measured -> {
                write(channel, record, end[0]);
                channel.force(false);
                end[0] += SYNCED_BYTES;
            };
            figures.add(Figure.higher(
                    "fdatasync after an append of 128 B", "syncs/s", operationsPerSecond(1, 1, thread -> append)));
        }
        Path zeroed = file.resolveSibling("zeroed");
        try (FileChannel channel = FileChannel.open(zeroed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long at = 0; at < PREALLOCATED_BYTES; at += CHUNK_BYTES) {
                write(channel, ByteBuffer.allocateDirect(CHUNK_BYTES), at);
            }
            channel.force(true);
            end[0] = 0;
            Timed.Operation overwrite = measured -> {
                write(channel, record, end[0]);
                channel.force(false);
                end[0] = (end[0] + SYNCED_BYTES) % PREALLOCATED_BYTES;
            };
            figures.add(Figure.higher(
                    "fdatasync after 128 B into a zeroed file",
                    "syncs/s",
                    operationsPerSecond(1, 1, thread -> overwrite)));
        }
    }

    private void reads() throws Exception {
        for (int bytes : READ_BYTES) {
            for (int threads : READ_THREADS) {
                String what = " read of " + bytes + " B, " + threads + (threads == 1 ? " thread" : " threads");
                figures.add(Figure.higher("positional" + what, "reads/s", positionalReads(bytes, threads)));
                figures.add(Figure.higher("mapped" + what, "reads/s", mappedReads(bytes, threads)));
            }
        }
    }

    private double positionalReads(int bytes, int threads) throws Exception {
        try (FileChannel channel = open()) {
            long places = channel.size() - bytes;
            return operationsPerSecond(threads, OPERATIONS_PER_LOOK, thread -> {
                KeyChoice choice = KeyChoice.uniform(places, run.seed() + thread);
                ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
                return measured -> {
                    byte[] value = new byte[bytes];
                    if (channel.read(buffer.clear(), choice.next()) != bytes) {
                        throw new IOException("a read of " + file + " came short");
                    }
                    buffer.get(0, value);
                };
            });
        }
    }

    private double mappedReads(int bytes, int threads) throws Exception {
        try (FileChannel channel = open()) {
            MappedByteBuffer mapped = channel.map(MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE));
            long[] sums = new long[threads];
            double rate = operationsPerSecond(threads, OPERATIONS_PER_LOOK, thread -> {
                KeyChoice choice = KeyChoice.uniform(mapped.capacity() - bytes, run.seed() + thread);
                return measured -> {
                    byte[] value = new byte[bytes];
                    mapped.get((int) choice.next(), value);
                    sums[thread] += value[bytes - 1];
                };
            });
            requireUsed(sums);
            return rate;
        }
    }

    /** So that the compiler may not leave out what made the sums. */
    private static void requireUsed(long[] sums) {
        for (long sum : sums) {
            if (sum == Long.MIN_VALUE) {
                throw new IllegalStateException("a sum of bytes overflowed");
            }
        }
    }

    private void hash() throws Exception {
        int count = Math.toIntExact(run.keyCount());
        Keys keys = new Keys(run.seed(), false);
        LongTable table = new LongTable(count);
        for (int number = 0; number < count; number++) {
            table.put(keys.key(number), number);
        }
        double rate = operationsPerSecond(1, OPERATIONS_PER_LOOK, thread -> {
            KeyChoice choice = KeyChoice.uniform(count, run.seed());
            return measured -> {
                long number = choice.next();
                if (table.get(keys.key(number)) != number) {
                    throw new IllegalStateException("the table lost a key");
                }
            };
        });
        String what = "open-addressing table of " + count + " longs, ";
        figures.add(Figure.higher(what + "1 thread", "lookups/s", rate));
        figures.add(Figure.lower(what + "memory", "bytes/key", (double) table.bytes() / count));
    }
}
