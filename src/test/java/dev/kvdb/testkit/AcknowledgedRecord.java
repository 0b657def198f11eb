package dev.kvdb.testkit;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What clients asked of a server and what it acknowledged, in a file that outlives both, so that the server can be held
 * to it after it was killed. A value follows from the key and the number of the write, so that a value that was never
 * written is told from one that is merely old.
 *
 * <p>A text file, a line for each event, written out before the event counts: a header {@code load SEED
 * VALUE_BYTES_MAX}; {@code s KEY WRITE} and {@code r KEY WRITE}, a set or remove about to be sent; {@code a KEY WRITE},
 * acknowledged; {@code n KEY WRITE}, refused before it was taken; {@code o KEY WRITE}, seen by a check after a restart,
 * which decides all earlier writes of the key (0: there was no value and no write that says so).
 *
 * <p>Safe for use by several threads, as long as each key is written by one of them at a time.
 */
final class AcknowledgedRecord implements AutoCloseable {

    private static final int VALUE_HEADER_BYTES = Long.BYTES + Integer.BYTES;

    private final long seed;
    private final int valueBytesMax;
    private final BufferedWriter lines;
    private final Map<Long, History> histories = new ConcurrentHashMap<>();
    private final AtomicInteger writes = new AtomicInteger();

    /** A write of one key; number 0 stands for the time before the first. */
    record Write(int number, boolean isRemove) {
        static final Write NONE = new Write(0, true);
    }

    /** What may have happened to one key: a decided write, and after it those whose fate is unknown. */
    static final class History {
        private Write decided = Write.NONE;
        private final List<Write> unknown = new ArrayList<>();

        synchronized Write decided() {
            return decided;
        }

        /** What the key may hold now, newest first. */
        synchronized List<Write> possible() {
            List<Write> all = new ArrayList<>(unknown);
            all.add(0, decided);
            java.util.Collections.reverse(all);
            return all;
        }

        private synchronized void issued(Write write) {
            unknown.add(write);
        }

        /** Writes before it were answered or given up for good before it was sent: they cannot come after it. */
        private synchronized void decided(int number) {
            decided = find(number);
            unknown.removeIf(write -> write.number <= number);
        }

        private synchronized void observed(int number) {
            decided = find(number);
            unknown.clear();
        }

        private synchronized void refused(int number) {
            unknown.removeIf(write -> write.number == number);
        }

        private Write find(int number) {
            return possible().stream()
                    .filter(write -> write.number == number)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("the record has no open write " + number));
        }
    }

    private AcknowledgedRecord(long seed, int valueBytesMax, BufferedWriter lines) {
        this.seed = seed;
        this.valueBytesMax = valueBytesMax;
        this.lines = lines;
    }

    /** Opens a record to go on with it, or begins one with this seed and largest value. */
    static AcknowledgedRecord open(Path file, long seed, int valueBytesMax) throws IOException {
        boolean begun = Files.exists(file);
        List<String> events = begun ? Files.readAllLines(file, StandardCharsets.US_ASCII) : List.of();
        String[] header = begun ? events.get(0).split(" ", -1) : new String[0];
        BufferedWriter lines = Files.newBufferedWriter(
                file, StandardCharsets.US_ASCII, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        AcknowledgedRecord record = new AcknowledgedRecord(
                begun ? Long.parseLong(header[1]) : seed, begun ? Integer.parseInt(header[2]) : valueBytesMax, lines);
        if (begun) {
            events.subList(1, events.size()).forEach(record::replay);
        } else {
            record.append("load " + seed + " " + valueBytesMax);
        }
        return record;
    }

    private void replay(String event) {
        String[] words = event.split(" ", -1);
        long key = Long.parseLong(words[1]);
        int number = Integer.parseInt(words[2]);
        writes.accumulateAndGet(number, Math::max);
        History history = history(key);
        switch (words[0]) {
            case "s", "r" -> history.issued(new Write(number, words[0].equals("r")));
            case "a" -> history.decided(number);
            case "n" -> history.refused(number);
            case "o" -> history.observed(number);
            default -> throw new IllegalStateException("not an event: " + event);
        }
    }

    long seed() {
        return seed;
    }

    Map<Long, History> histories() {
        return histories;
    }

    History history(long key) {
        return histories.computeIfAbsent(key, absent -> new History());
    }

    Write issue(long key, boolean remove) {
        Write write = new Write(writes.incrementAndGet(), remove);
        append((remove ? "r " : "s ") + key + " " + write.number());
        history(key).issued(write);
        return write;
    }

    void acknowledged(long key, Write write) {
        append("a " + key + " " + write.number());
        history(key).decided(write.number());
    }

    void refused(long key, Write write) {
        append("n " + key + " " + write.number());
        history(key).refused(write.number());
    }

    void observed(long key, Write write) {
        append("o " + key + " " + write.number());
        history(key).observed(write.number());
    }

    private synchronized void append(String line) {
        try {
            lines.write(line);
            lines.newLine();
            lines.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one of the key's possible writes that left what was found; nothing where none did. */
    Optional<Write> explain(long key, Optional<byte[]> found) {
        return history(key).possible().stream()
                .filter(write -> found.isEmpty()
                        ? write.isRemove()
                        : !write.isRemove() && Arrays.equals(found.get(), value(key, write.number())))
                .findFirst();
    }

    /** What is wrong with something that {@link #explain} cannot explain. */
    String accuse(long key, Optional<byte[]> found) {
        History history = history(key);
        String held = "key " + key + ", whose last decided write is " + history.decided() + " and may be any of "
                + history.possible() + ", holds ";
        if (found.isEmpty()) {
            return "LOST: " + held + "nothing";
        }
        byte[] bytes = found.get();
        if (bytes.length >= VALUE_HEADER_BYTES) {
            ByteBuffer header = ByteBuffer.wrap(bytes);
            long ownKey = header.getLong();
            int number = header.getInt();
            if (ownKey == key && number <= writes.get() && Arrays.equals(bytes, value(key, number))) {
                return (history.decided().isRemove() ? "BACK: " : "OLD: ") + held + "write " + number;
            }
        }
        return "NEVER WRITTEN: " + held + bytes.length + " bytes that are no write of it";
    }

    /** The value that a write gives a key. */
    byte[] value(long key, int number) {
        SplittableRandom random = new SplittableRandom(seed ^ (key * 0x9E3779B97F4A7C15L) ^ number);
        byte[] filling = new byte[random.nextInt(Math.max(1, valueBytesMax - VALUE_HEADER_BYTES + 1))];
        random.nextBytes(filling);
        return ByteBuffer.allocate(VALUE_HEADER_BYTES + filling.length)
                .putLong(key)
                .putInt(number)
                .put(filling)
                .array();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
