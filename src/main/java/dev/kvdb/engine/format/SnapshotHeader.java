package dev.kvdb.engine.format;

import dev.kvdb.engine.error.DamageException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The start of an index snapshot. A cache of the log: a damaged or missing one is done without.
 *
 * <pre>
 *    0  magic "KVDBSNP\n"     8      40  number of entries    8
 *    8  format version        2      48  bytes of the blocks  8
 *   10  zeros                 2      56  segments, each
 *   12  number of segments n  4            id                 8
 *   16  store id             16            length             8
 *   32  version               8            sets               8
 *                                          tombstones         8
 *                                          highest tombstone  8
 *                                    56 + 40 n  CRC-32C of all before it
 * </pre>
 *
 * <p>{@linkplain SnapshotBlocks Blocks} of leaves follow, up to the end of the file: the index as it is in memory, its
 * leaves packed full. Its keys ascend; its {@linkplain RecordLocation locations} may point at segments that the
 * snapshot does not cover. Those are skipped when it is read, because the hint or the scan of that segment has them.
 *
 * @param storeId the store
 * @param version all writes up to this version are reflected, later ones perhaps
 * @param entries how many keys are listed
 * @param blockBytes bytes of all blocks
 * @param segments the segments covered: none of their records needs to be read
 */
public record SnapshotHeader(UUID storeId, long version, long entries, long blockBytes, List<CoveredSegment> segments) {

    /** Bytes from which the number of segments, and so the header's length, can be told. */
    public static final int PREFIX_BYTES = 56;

    private static final short FORMAT_VERSION = 2;
    private static final byte[] MAGIC = {'K', 'V', 'D', 'B', 'S', 'N', 'P', '\n'};
    private static final int COUNT = 12;
    private static final int STORE_ID = 16;
    private static final int VERSION = 32;
    private static final int ENTRIES = 40;
    private static final int BLOCK_BYTES = 48;
    private static final int SEGMENT_BYTES = 40;
    private static final int SEGMENTS_MAX = 1 << 24;

    /** Format 1 had no number of bytes of the blocks; up to there its header is the same. */
    private static final int FORMAT_1_PREFIX_BYTES = BLOCK_BYTES;

    /**
     * A segment that the snapshot covers, with what a scan of it would have counted.
     *
     * @param id the segment
     * @param length its sealed length in bytes
     * @param sets sets in it, superseded ones included
     * @param tombstones tombstones in it
     * @param tombstoneVersionMax the highest version of a tombstone in it, 0 for none
     */
    public record CoveredSegment(int id, long length, long sets, long tombstones, long tombstoneVersionMax) {}

    /** Copies the list. */
    public SnapshotHeader {
        segments = List.copyOf(segments);
    }

    /** Bytes of the header of a snapshot that covers {@code segments} segments. */
    public static int bytes(int segments) {
        return PREFIX_BYTES + segments * SEGMENT_BYTES + Integer.BYTES;
    }

    /** Encodes the header, ready to be written. */
    public ByteBuffer encode() {
        ByteBuffer target = ByteBuffer.allocate(bytes(segments.size()));
        target.put(MAGIC).putShort(FORMAT_VERSION).putShort((short) 0).putInt(segments.size());
        target.putLong(storeId.getMostSignificantBits()).putLong(storeId.getLeastSignificantBits());
        target.putLong(version).putLong(entries).putLong(blockBytes);
        for (CoveredSegment segment : segments) {
            target.putLong(segment.id()).putLong(segment.length()).putLong(segment.sets());
            target.putLong(segment.tombstones()).putLong(segment.tombstoneVersionMax());
        }
        target.putInt(Crc32c.of(target, 0, target.position()));
        return target.flip();
    }

    /**
     * The header's length, told by its first {@link #PREFIX_BYTES} bytes.
     *
     * @throws DamageException where they are no start of a snapshot
     */
    public static int bytes(ByteBuffer prefix, String file) {
        int segments = prefix.limit() < PREFIX_BYTES ? -1 : prefix.getInt(COUNT);
        if (segments < 0 || segments > SEGMENTS_MAX) {
            throw new DamageException(file, COUNT, "a number of segments", String.valueOf(segments));
        }
        return bytes(segments);
    }

    /**
     * The length of an intact header of an earlier version of the format that begins like that.
     *
     * @param prefix the file's first {@link #PREFIX_BYTES} bytes, or all that there are
     * @return 0 where there is none
     */
    public static int earlierBytes(ByteBuffer prefix) {
        boolean earlier = prefix.limit() >= FORMAT_1_PREFIX_BYTES
                && prefix.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))
                && prefix.getShort(MAGIC.length) == 1
                && prefix.getInt(COUNT) >= 0
                && prefix.getInt(COUNT) <= SEGMENTS_MAX;
        return earlier ? FORMAT_1_PREFIX_BYTES + prefix.getInt(COUNT) * SEGMENT_BYTES + Integer.BYTES : 0;
    }

    /** Whether the {@link #earlierBytes} first bytes of a file are what was written, by the checksum at their end. */
    public static boolean isIntactEarlier(ByteBuffer header) {
        int crcOffset = header.limit() - Integer.BYTES;
        return header.getInt(crcOffset) == Crc32c.of(header, 0, crcOffset);
    }

    /**
     * Decodes a header.
     *
     * @throws DamageException where the bytes are no intact header of a snapshot that this build reads
     */
    public static SnapshotHeader decode(ByteBuffer source, String file) {
        Blocks.checkHeader(source, MAGIC, FORMAT_VERSION, source.limit() - Integer.BYTES, file);
        int count = source.getInt(COUNT);
        List<CoveredSegment> segments = new ArrayList<>(count);
        ByteBuffer at = source.duplicate().position(PREFIX_BYTES);
        for (int i = 0; i < count; i++) {
            int id = RecordLocation.checkedSegmentId(at.getLong(at.position()), file, at.position());
            at.position(at.position() + Long.BYTES);
            segments.add(new CoveredSegment(id, at.getLong(), at.getLong(), at.getLong(), at.getLong()));
        }
        return new SnapshotHeader(
                new UUID(source.getLong(STORE_ID), source.getLong(STORE_ID + Long.BYTES)),
                source.getLong(VERSION),
                source.getLong(ENTRIES),
                source.getLong(BLOCK_BYTES),
                segments);
    }
}
