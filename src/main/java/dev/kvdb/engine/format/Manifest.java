package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The list of segments that make up the store. It is replaced as a whole; files that it does not list are no part of
 * the store.
 *
 * <pre>
 *    0  magic "KVDBMAN\n"       8     48  version floor        8
 *    8  format version          2     56  next segment id      8
 *   10  zeros                   2     64  n segments, each
 *   12  number of segments n    4           id                 8
 *   16  compatible features     8           kind               1
 *   24  incompatible features   8           sealed, 0 or 1     1
 *   32  store id               16           sealed length      8
 *                                    64 + 18 n  CRC-32C of all before it
 * </pre>
 *
 * @param storeId made when the store was
 * @param versionFloor the next version is at least this
 * @param nextSegmentId the next segment's id is at least this
 * @param segments in ascending order of id; at most one, an appended one, is not sealed
 */
public record Manifest(UUID storeId, long versionFloor, int nextSegmentId, List<SegmentEntry> segments) {

    /** The format that this build writes and reads. */
    public static final int FORMAT_VERSION = 1;

    private static final byte[] MAGIC = {'K', 'V', 'D', 'B', 'M', 'A', 'N', '\n'};
    private static final int COUNT = 12;
    private static final int INCOMPATIBLE = 24;
    private static final int STORE_ID = 32;
    private static final int VERSION_FLOOR = 48;
    private static final int NEXT_SEGMENT_ID = 56;
    private static final int SEGMENTS = 64;
    private static final int SEGMENT_BYTES = 18;
    private static final int CRC_BYTES = Integer.BYTES;

    /** No manifest is longer: there are no more segments than ids. */
    public static final int BYTES_MAX = SEGMENTS + RecordLocation.SEGMENT_ID_MAX * SEGMENT_BYTES + CRC_BYTES;

    /**
     * A segment of the store.
     *
     * @param id the segment
     * @param kind how it came to be
     * @param sealed whether it takes no more records
     * @param length its bytes, where it is sealed; what follows in the file is no part of it; else 0
     */
    public record SegmentEntry(int id, SegmentHeader.Kind kind, boolean sealed, long length) {

        private boolean makesSense() {
            return sealed ? length >= SegmentHeader.BYTES : kind == SegmentHeader.Kind.APPENDED;
        }
    }

    /** Copies the list. */
    public Manifest {
        segments = List.copyOf(segments);
    }

    /** Encodes the manifest, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(SEGMENTS + segments.size() * SEGMENT_BYTES + CRC_BYTES);
        target.put(MAGIC).putShort((short) FORMAT_VERSION).putShort((short) 0).putInt(segments.size());
        target.putLong(0).putLong(0);
        target.putLong(storeId.getMostSignificantBits()).putLong(storeId.getLeastSignificantBits());
        target.putLong(versionFloor).putLong(nextSegmentId);
        for (SegmentEntry segment : segments) {
            target.putLong(segment.id()).put(segment.kind().code());
            target.put((byte) (segment.sealed() ? 1 : 0)).putLong(segment.length());
        }
        target.putInt(Crc32c.of(target, 0, target.position()));
        return target.flip();
    }

    /** Whether these bytes, from position 0 to the limit, begin as a manifest does. */
    public static boolean begins(ByteBuffer source) {
        return source.limit() >= MAGIC.length && source.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC));
    }

    /**
     * Decodes a manifest.
     *
     * @param source the whole file, from position 0 to the limit
     * @param file named in errors
     * @throws DamageException where the bytes are no intact manifest
     * @throws UnsupportedFormatException where the manifest is of a format or has a feature that this build does not
     *     know
     */
    public static Manifest decode(ByteBuffer source, String file) {
        if (!begins(source)) {
            throw new UnsupportedFormatException(file, "the manifest of a kvdb store", "another kind of file");
        }
        if (source.limit() < SEGMENTS + CRC_BYTES) {
            throw new DamageException(file, 0, "a manifest", source.limit() + " bytes");
        }
        int end = source.limit() - CRC_BYTES;
        int crc = Crc32c.of(source, 0, end);
        if (source.getInt(end) != crc) {
            throw new DamageException(
                    file, end, "checksum " + Integer.toHexString(crc), Integer.toHexString(source.getInt(end)));
        }
        Features.check(file, source.getShort(MAGIC.length), FORMAT_VERSION, source.getLong(INCOMPATIBLE));
        int count = source.getInt(COUNT);
        if (count < 0 || end != SEGMENTS + (long) count * SEGMENT_BYTES) {
            throw new DamageException(file, COUNT, "the number of segments listed", String.valueOf(count));
        }
        List<SegmentEntry> segments = new ArrayList<>(count);
        int idBefore = 0;
        boolean sealedBefore = true;
        for (int at = SEGMENTS; at < end; at += SEGMENT_BYTES) {
            SegmentEntry segment = new SegmentEntry(
                    RecordLocation.checkedSegmentId(source.getLong(at), file, at),
                    SegmentHeader.Kind.of(source.get(at + 8), file, at + 8L),
                    isSealed(source.get(at + 9), file, at + 9L),
                    source.getLong(at + 10));
            boolean inOrder = segment.id() > idBefore && (segment.sealed() || sealedBefore);
            if (!inOrder || !segment.makesSense()) {
                throw new DamageException(
                        file,
                        at,
                        "a segment behind segment " + idBefore + ", one of all not sealed",
                        segment.toString());
            }
            idBefore = segment.id();
            sealedBefore &= segment.sealed();
            segments.add(segment);
        }
        long versionFloor = source.getLong(VERSION_FLOOR);
        long nextId = source.getLong(NEXT_SEGMENT_ID);
        if (!FrameHeader.isVersion(versionFloor) || nextId <= idBefore || nextId > RecordLocation.SEGMENT_ID_MAX + 1L) {
            throw new DamageException(
                    file,
                    VERSION_FLOOR,
                    "a next version, and a next segment id above " + idBefore,
                    versionFloor + ", " + nextId);
        }
        return new Manifest(
                new UUID(source.getLong(STORE_ID), source.getLong(STORE_ID + Long.BYTES)),
                versionFloor,
                (int) nextId,
                segments);
    }

    private static boolean isSealed(byte flag, String file, long offset) {
        if (flag != 0 && flag != 1) {
            throw new DamageException(file, offset, "sealed, 0 or 1", String.valueOf(flag));
        }
        return flag == 1;
    }
}
