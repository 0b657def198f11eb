package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.OneFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A segment in memory that a fuzzer made: frames with right checksums, among them others, and some bytes changed. Scans
 * of it are held to a limit of memory, and to the bytes that there are.
 *
 * @param header what it says that it is
 * @param bytes the file
 */
record FuzzedSegment(SegmentHeader header, byte[] bytes) {

    private static final int FILE_BYTES_MAX = 8 * 1024;
    private static final int FRAME_BYTES_MAX = 512;
    private static final long BYTES_ALLOCATED_MAX = 64 * 1024;
    private static final long BYTES_ALLOCATED_PER_BYTE = 64;
    private static final UUID STORE = new UUID(0x1122334455667788L, 0x99AABBCCDDEEFF00L);
    private static final StoreDirectory DIRECTORY =
            new StoreDirectory(new OneFile(new byte[0]), Path.of("fuzzed").toAbsolutePath());
    private static final List<SegmentHeader> HEADERS = List.of(
            new SegmentHeader(Kind.APPENDED, STORE, 1, 1, 0, Previous.NONE, 0x0123456789ABCDEFL),
            new SegmentHeader(Kind.APPENDED, STORE, 7, 100, 0, new Previous(1, 4096, 99), -2),
            new SegmentHeader(Kind.REWRITTEN, STORE, 9, 20, 80, Previous.NONE, 5));

    /** A scan of the engine's. */
    interface Scan<T> {
        T of(StoreFile file) throws IOException;
    }

    static FuzzedSegment of(FuzzInput input) {
        SegmentHeader header = HEADERS.get(input.oneOf(HEADERS.size()));
        int changes = Math.max(0, input.oneOf(8) - 4);
        byte[] where = input.bytes(changes * 3);
        ByteBuffer file = ByteBuffer.allocate(FILE_BYTES_MAX).put(header.encode());
        long version = header.firstVersion() - 1;
        while (!input.isEmpty() && file.remaining() > FRAME_BYTES_MAX) {
            version = putFrame(file, header, version, input);
        }
        byte[] bytes = Arrays.copyOf(file.array(), file.position());
        for (int i = 0; i < where.length; i += 3) {
            int at = ((where[i] & 0xFF) << Byte.SIZE | where[i + 1] & 0xFF) % bytes.length;
            if (where[i + 2] == 0) {
                bytes = Arrays.copyOf(bytes, Math.max(at, SegmentHeader.BYTES));
            } else {
                bytes[at] ^= where[i + 2];
            }
        }
        return new FuzzedSegment(header, bytes);
    }

    /** The segment, sealed where its manifest says. */
    Segment sealedAt(long length) {
        return Segment.sealed(header, DIRECTORY, length);
    }

    /** Scans up to an end; null where the scan refused the segment, as it may only where it is of a later format. */
    <T> @Nullable T scan(long end, Scan<T> scan) {
        Scanned<T> scanned = new Scanned<>(scan);
        long bytesMax = BYTES_ALLOCATED_MAX + BYTES_ALLOCATED_PER_BYTE * bytes.length;
        Allocation.requireAtMost(bytesMax, () -> scanned.run(end));
        return scanned.found;
    }

    private final class Scanned<T> {

        private final Scan<T> scan;
        private @Nullable T found;

        private Scanned(Scan<T> scan) {
            this.scan = scan;
        }

        private void run(long end) {
            found = null;
            try {
                found = scan.of(new OneFile(bytes, end).file());
            } catch (UnsupportedFormatException later) {
                // found stays null
            } catch (IOException e) {
                throw new AssertionError("files in memory do not fail", e);
            }
        }
    }

    private static long putFrame(ByteBuffer file, SegmentHeader header, long lastVersion, FuzzInput input) {
        int what = input.oneOf(16);
        long version = input.oneOf(8) > 0 ? lastVersion + 1 : input.number();
        switch (what) {
            case 0, 1, 2 -> {
                long offset = input.oneOf(8) > 0 ? file.position() : input.number();
                long durableTo = input.oneOf(4) > 0 ? file.position() : input.number();
                int id = input.oneOf(16) > 0 ? header.segmentId() : header.segmentId() + 1;
                new Mark(header.storeId(), id, offset, durableTo, lastVersion).encode(file, header.salt());
                return lastVersion;
            }
            case 3, 4 -> FrameHeader.ofRemove(version, input.number()).encode(file, header.salt());
            case 5 -> file.put(input.bytes(input.oneOf(80)));
            case 6 -> putRawFrame(file, header, input);
            case 7 ->
                new FrameHeader(version, 0, FrameHeader.Kind.SET, input.oneOf(12), (int) input.number())
                        .encode(file, header.salt());
            case 8 -> putSetAroundAMark(file, header, version, input);
            default -> {
                byte[] value = input.bytes(input.oneOf(40));
                FrameHeader.ofSet(version, input.number(), value).encode(file, header.salt());
                file.put(value);
            }
        }
        return version;
    }

    /** A header with any op and any size, such as a later build may write, and its checksum. */
    private static void putRawFrame(ByteBuffer file, SegmentHeader header, FuzzInput input) {
        byte[] body = input.bytes(21 + input.oneOf(48));
        byte[] salted = ByteBuffer.allocate(Long.BYTES + body.length)
                .putLong(header.salt())
                .put(body)
                .array();
        file.putInt(Crc32c.of(salted)).put(body);
    }

    /** A value that has a mark in it, at its very place: whoever wrote it may have known the salt. */
    private static void putSetAroundAMark(ByteBuffer file, SegmentHeader header, long version, FuzzInput input) {
        ByteBuffer value = ByteBuffer.allocate(Mark.FRAME_BYTES + 8);
        value.position(input.oneOf(8));
        long offset = file.position() + FrameHeader.BYTES_MAX + (long) value.position();
        new Mark(header.storeId(), header.segmentId(), offset, offset, version).encode(value, header.salt());
        FrameHeader frame = FrameHeader.ofSet(version, 1, value.array());
        frame.encode(file, header.salt());
        file.put(value.array());
    }
}
