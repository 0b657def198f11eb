package dev.kvdb.engine.format;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.testkit.FuzzInput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What files begin with, and whole manifests and clock files, as a fuzzer made them: they are refused, or the same
 * bytes come out when what was read is written again, but for those that stand for nothing yet.
 */
class HeaderCodecFuzzTest {

    private static final int BYTES_ALLOCATED_MAX = 16 * 1024;
    private static final int BYTES_ALLOCATED_PER_BYTE = 64;
    private static final int BYTES_MAX = 4096;
    private static final String FILE = "fuzzed";
    private static final UUID STORE = new UUID(3, 4);

    /**
     * A kind of file.
     *
     * @param intact one that is whole
     * @param unread from and to which bytes there is nothing yet, in pairs; a checksum covers them all the same
     * @param recoding reads one, and writes it again
     */
    private record Codec(byte[] intact, int[] unread, UnaryOperator<ByteBuffer> recoding) {

        Codec(ByteBuffer intact, int[] unread, UnaryOperator<ByteBuffer> recoding) {
            this(Arrays.copyOf(intact.array(), intact.limit()), unread, recoding);
        }
    }

    private static final List<Codec> HEADERS = List.of(
            new Codec(
                    new SegmentHeader(Kind.APPENDED, STORE, 7, 100, 0, new Previous(6, 5000, 99), 98765).encode(),
                    new int[] {13, 24, 104, 124},
                    bytes -> SegmentHeader.decode(bytes, FILE).encode()),
            new Codec(
                    new HintHeader(STORE, 7, 5000, 20).encode(),
                    new int[] {10, 16, 56, 60},
                    bytes -> HintHeader.decode(bytes, FILE).encode()),
            new Codec(
                    new SnapshotHeader(STORE, 99, 20, 300, List.of(new CoveredSegment(7, 5000, 20, 1, 98))).encode(),
                    new int[] {10, 12},
                    bytes -> SnapshotHeader.bytes(bytes, FILE) == bytes.limit()
                            ? SnapshotHeader.decode(bytes, FILE).encode()
                            : refuse(bytes)),
            new Codec(
                    new SetAsideHeader(STORE, 7, List.of(new SetAsideHeader.Range(128, 50))).encode(),
                    new int[] {10, 12},
                    bytes -> SetAsideHeader.decode(bytes, FILE).encode()),
            new Codec(
                    new ClockFloor(1_800_000_000_000L).encode(),
                    new int[] {10, 16},
                    bytes -> ClockFloor.decode(bytes, FILE).encode()));

    private static final int[] UNREAD_OF_MANIFEST = {10, 12, 16, 24};

    @FuzzTest
    void header_isRefusedOrComesOutAsItWas(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        Codec codec = HEADERS.get(input.oneOf(HEADERS.size()));
        boolean intact = input.isEmpty();
        byte[] bytes = changed(codec.intact(), input);
        boolean read = check(codec, bytes) != null;
        if (intact && !read) {
            throw new AssertionError("an intact header is refused");
        }
    }

    @FuzzTest
    void manifest_isRefusedOrComesOutAsItWas(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        Manifest made = manifest(input);
        ByteBuffer encoded = made.encode();
        byte[] whole = Arrays.copyOf(encoded.array(), encoded.limit());
        boolean intact = input.isEmpty();
        byte[] bytes = changed(whole, input);
        Codec codec = new Codec(
                whole,
                UNREAD_OF_MANIFEST,
                source -> Manifest.decode(source, FILE).encode());
        ByteBuffer again = check(codec, bytes);
        if (again != null) {
            Manifest read = Manifest.decode(again, FILE);
            if (!makesSense(read)) {
                throw new AssertionError("it makes no sense, and is not refused: " + read);
            }
        }
        if (intact && makesSense(made) != (again != null)) {
            throw new AssertionError((again == null ? "refused: " : "taken: ") + made);
        }
    }

    private static Manifest manifest(FuzzInput input) {
        List<SegmentEntry> segments = new ArrayList<>();
        int id = 0;
        for (int left = input.oneOf(6); left > 0; left--) {
            id = input.oneOf(8) > 0 ? id + 1 + input.oneOf(3) : (int) input.number();
            boolean sealed = left > 1 ? input.oneOf(16) > 0 : input.oneOf(2) > 0;
            long length = input.oneOf(8) > 0 ? 128 + input.oneOf(200) : input.number();
            Kind kind = input.oneOf(4) > 0 ? Kind.APPENDED : Kind.REWRITTEN;
            segments.add(new SegmentEntry(id, kind, sealed, length));
        }
        long floor = input.oneOf(4) > 0 ? input.oneOf(100) : input.number();
        int next = input.oneOf(4) > 0 ? id + 1 : (int) input.number();
        return new Manifest(STORE, floor, next, segments);
    }

    private static boolean makesSense(Manifest manifest) {
        int idBefore = 0;
        int open = 0;
        for (SegmentEntry segment : manifest.segments()) {
            open += segment.sealed() ? 0 : 1;
            boolean possible = segment.sealed() ? segment.length() >= 128 : segment.kind() == Kind.APPENDED;
            if (segment.id() <= idBefore || segment.id() >= 1 << 24 || open > 1 || !possible) {
                return false;
            }
            idBefore = segment.id();
        }
        long floor = manifest.versionFloor();
        return floor >= 0
                && floor <= Long.MAX_VALUE / 2
                && manifest.nextSegmentId() > idBefore
                && manifest.nextSegmentId() <= 1 << 24;
    }

    /** Numbers and bytes changed, cut or made longer; most often the checksum is right all the same. */
    private static byte[] changed(byte[] intact, FuzzInput input) {
        if (input.isEmpty()) {
            return intact;
        }
        boolean checksum = input.oneOf(8) > 0;
        byte[] bytes = intact.clone();
        while (!input.isEmpty()) {
            int at = input.oneOf(256) % bytes.length;
            switch (input.oneOf(8)) {
                case 0 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
                case 1 -> bytes = Arrays.copyOf(bytes, Math.min(BYTES_MAX, bytes.length + input.oneOf(64)));
                case 2, 3, 4 -> {
                    if (at + Long.BYTES <= bytes.length) {
                        ByteBuffer.wrap(bytes).putLong(at, input.number());
                    }
                }
                default -> bytes[at] = (byte) input.oneOf(256);
            }
        }
        int end = bytes.length - Integer.BYTES;
        if (checksum && end >= 0) {
            ByteBuffer.wrap(bytes).putInt(end, checksum(bytes, end));
        }
        return bytes;
    }

    /** What comes out; null where the bytes are refused. */
    private static @Nullable ByteBuffer check(Codec codec, byte[] bytes) {
        ByteBuffer[] again = new ByteBuffer[1];
        long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * bytes.length;
        Allocation.requireAtMost(bytesMax, () -> again[0] = recoded(codec, bytes));
        ByteBuffer encoded = again[0];
        if (encoded == null) {
            return null;
        }
        int length = encoded.limit();
        int end = length - Integer.BYTES;
        if (length > bytes.length || ByteBuffer.wrap(bytes).getInt(end) != checksum(bytes, end)) {
            throw new AssertionError("taken though it is too short, or its checksum is wrong");
        }
        byte[] expected = Arrays.copyOf(bytes, length);
        for (int i = 0; i < codec.unread().length; i += 2) {
            Arrays.fill(expected, codec.unread()[i], codec.unread()[i + 1], (byte) 0);
        }
        ByteBuffer.wrap(expected).putInt(end, checksum(expected, end));
        if (!encoded.duplicate().position(0).equals(ByteBuffer.wrap(expected))) {
            throw new AssertionError(
                    "read and written again, it is " + hex(encoded.array()) + ", not " + hex(expected));
        }
        return encoded;
    }

    private static @Nullable ByteBuffer recoded(Codec codec, byte[] bytes) {
        try {
            return codec.recoding().apply(ByteBuffer.wrap(bytes));
        } catch (DamageException damaged) {
            if (damaged.offset() < 0 || damaged.offset() > Math.max(bytes.length, SegmentHeader.BYTES)) {
                throw new AssertionError("an offset outside the file, and of any that is whole", damaged);
            }
            return null;
        } catch (UnsupportedFormatException later) {
            return null;
        }
    }

    private static ByteBuffer refuse(ByteBuffer bytes) {
        throw new DamageException(FILE, 0, "as long as it says that it is", bytes.limit() + " bytes");
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
