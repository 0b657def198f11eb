package dev.kvdb.engine;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.Logs;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Segments that a fuzzer made: any bytes, a real one with some bytes changed, and frames whose checksums are right. */
class SegmentFuzzTest {

    static {
        Logs.silenceEngine();
    }

    /** All sealed, with hints and a snapshot. */
    private static final CrashingFileSystem SEALED = VerificationScenario.smallStore();

    private static final List<String> SEGMENTS = new FuzzedStore(SEALED).names(".log");
    private static final List<String> CACHES = new FuzzedStore(SEALED).names(".hint", "SNAPSHOT");
    private static final long[] KEYS = LongStream.range(0, 12).toArray();
    private static final FuzzedTail TAIL = FuzzedTail.write();
    private static final Map<Long, String> SEALED_ANSWERS = new FuzzedStore(SEALED).check(KEYS);
    private static final int SEGMENT_BYTES_MAX = 64 * 1024;

    @FuzzTest
    void anyBytesAsASegment_areReadForWhatTheyAreOrRefused(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        FuzzedStore store = sealedOrTail(input);
        String name = chosenSegment(store, input);
        boolean keepHeader = input.oneOf(2) == 0;
        byte[] bytes = input.rest();
        if (keepHeader) {
            byte[] header = Arrays.copyOf(store.contents(name), SegmentHeader.BYTES);
            bytes = concat(header, bytes);
        }
        store.put(name, bytes).check(KEYS);
    }

    @FuzzTest
    void damagedSegment_isNeverReadAsAnythingElseThanWhatWasWritten(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        boolean tail = input.oneOf(2) == 0;
        FuzzedStore store = tail ? new FuzzedStore(TAIL.disk()) : new FuzzedStore(SEALED);
        if (!tail) {
            deleteSomeCaches(store, input);
        }
        String name = tail ? FuzzedTail.SEGMENT : SEGMENTS.get(input.oneOf(SEGMENTS.size()));
        byte[] before = store.contents(name);
        byte[] after = damage(before, input);
        store.put(name, after);
        Map<Long, String> answers = store.check(KEYS);
        if (tail) {
            TAIL.checkAnswers(answers, after);
        } else {
            answers.forEach((key, answer) -> {
                String written = SEALED_ANSWERS.get(key);
                if (!answer.equals(FuzzedStore.DAMAGED) && !answer.equals(written)) {
                    throw new AssertionError("key " + key + " is " + answer + ", not " + written);
                }
            });
        }
    }

    @FuzzTest
    void framesWithTheRightChecksums_areReadForWhatTheyAreOrRefused(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        FuzzedStore store = sealedOrTail(input);
        String name = chosenSegment(store, input);
        SegmentHeader header = header(SegmentHeader.decode(ByteBuffer.wrap(store.contents(name)), name), input);
        ByteBuffer segment = ByteBuffer.allocate(SEGMENT_BYTES_MAX);
        segment.put(header.encode());
        while (!input.isEmpty() && segment.remaining() > 1024) {
            putFrame(segment, header, input);
        }
        store.put(name, Arrays.copyOf(segment.array(), segment.position())).check(KEYS);
    }

    private static FuzzedStore sealedOrTail(FuzzInput input) {
        if (input.oneOf(2) == 0) {
            return new FuzzedStore(TAIL.disk());
        }
        FuzzedStore store = new FuzzedStore(SEALED);
        deleteSomeCaches(store, input);
        return store;
    }

    private static void deleteSomeCaches(FuzzedStore store, FuzzInput input) {
        int which = input.oneOf(1 << CACHES.size());
        for (int i = 0; i < CACHES.size(); i++) {
            if ((which >> i & 1) == 0) {
                store.delete(CACHES.get(i));
            }
        }
    }

    private static String chosenSegment(FuzzedStore store, FuzzInput input) {
        List<String> segments = store.names(".log");
        return segments.get(input.oneOf(segments.size()));
    }

    /** Cuts the bytes, or changes some of them; the same few places again and again, or many. */
    private static byte[] damage(byte[] bytes, FuzzInput input) {
        byte[] damaged = bytes.clone();
        while (!input.isEmpty()) {
            int at = (input.oneOf(256) << 8 | input.oneOf(256)) % bytes.length;
            switch (input.oneOf(8)) {
                case 0 -> damaged = Arrays.copyOf(damaged, Math.min(damaged.length, at));
                case 1 -> Arrays.fill(damaged, Math.min(at, damaged.length), damaged.length, (byte) 0);
                case 2 -> {
                    byte[] other = input.bytes(input.oneOf(32));
                    System.arraycopy(
                            other,
                            0,
                            damaged,
                            Math.min(at, damaged.length),
                            Math.max(0, Math.min(other.length, damaged.length - at)));
                }
                default -> {
                    if (at < damaged.length) {
                        damaged[at] ^= (byte) input.oneOf(256);
                    }
                }
            }
        }
        return damaged;
    }

    private static SegmentHeader header(SegmentHeader real, FuzzInput input) {
        if (input.oneOf(3) > 0) {
            return real;
        }
        SegmentHeader.Kind kind = input.oneOf(4) > 0 ? real.kind() : SegmentHeader.Kind.REWRITTEN;
        return new SegmentHeader(
                kind,
                real.storeId(),
                real.segmentId(),
                input.number(),
                input.number(),
                new Previous((int) input.number(), input.number(), input.number()),
                real.salt());
    }

    private static void putFrame(ByteBuffer segment, SegmentHeader header, FuzzInput input) {
        long version = input.number();
        switch (input.oneOf(8)) {
            case 0 -> {
                long offset = input.oneOf(4) > 0 ? segment.position() : input.number();
                long durableTo = input.oneOf(2) > 0 ? segment.position() : input.number();
                new Mark(header.storeId(), header.segmentId(), offset, durableTo, version)
                        .encode(segment, header.salt());
            }
            case 1 -> FrameHeader.ofRemove(version, input.oneOf(12)).encode(segment, header.salt());
            case 2 -> segment.put(input.bytes(input.oneOf(80)));
            case 3 -> putRawFrame(segment, header, input);
            case 4 -> {
                int bytes = (int) input.number();
                new FrameHeader(version, 0, FrameHeader.Kind.SET, input.oneOf(12), bytes)
                        .encode(segment, header.salt());
            }
            default -> {
                byte[] value = input.bytes(input.oneOf(40));
                FrameHeader frame = FrameHeader.ofSet(version, input.oneOf(12), value);
                frame.encode(segment, header.salt());
                segment.put(value);
            }
        }
    }

    /** A header with any op and any size, such as a later build may write, and its checksum. */
    private static void putRawFrame(ByteBuffer segment, SegmentHeader header, FuzzInput input) {
        byte[] body = input.bytes(29 + input.oneOf(40));
        ByteBuffer salted = ByteBuffer.allocate(Long.BYTES + body.length)
                .putLong(header.salt())
                .put(body);
        segment.putInt(Crc32c.of(salted.array())).put(body);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
