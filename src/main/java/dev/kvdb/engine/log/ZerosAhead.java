package dev.kvdb.engine.log;

import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * Decides when the newest segment is filled with zeros ahead of what is appended. That pays for small groups that are
 * synced one by one: the file system need not write down a new length with each of them. Large groups, and those that
 * nobody syncs, would only be written twice.
 *
 * <p>All zeros count as written bytes, and those that are left as used space. Never more lie ahead than the segment
 * holds already, so that a short one is not made long, and never more than it may still hold. What is written over them
 * is written twice; those that are left when the segment is sealed are cut off. A crash leaves them in the file, where
 * they stay until the segment is collected.
 *
 * <p>Belongs to the committer thread.
 */
final class ZerosAhead {

    /** Of a group that is still a small one: so much, and no more than a share of the most zeros. */
    private static final int SMALL_BYTES = 16 * 1024;

    private static final int SMALL_SHARE = 4;

    /** Fewer zeros are not worth a write. */
    private static final int LEAST_BYTES = 4 * 1024;

    private static final int MOST_BYTES = 1024 * 1024;

    /** Of a segment, so much may be zeros. */
    private static final int SEGMENT_SHARE = 16;

    /** So many small groups are followed by more of them. */
    private static final int SMALL_GROUPS_MIN = 4;

    private final int segmentBytesMax;
    private final int bytesMax;
    private final int smallBytesMax;
    private final LongSupplier roomBytes;

    private int smallGroups;
    private boolean noRoom;

    /** @param roomBytes bytes of disk space that zeros may take at this moment */
    ZerosAhead(int segmentBytesMax, LongSupplier roomBytes) {
        this.segmentBytesMax = segmentBytesMax;
        this.bytesMax = Math.min(MOST_BYTES, segmentBytesMax / SEGMENT_SHARE);
        this.smallBytesMax = Math.min(SMALL_BYTES, bytesMax / SMALL_SHARE);
        this.roomBytes = roomBytes;
    }

    /** A new segment was begun. */
    void segmentBegun() {
        noRoom = false;
    }

    /** A group was flushed: fills the file where the next group like it would find too few zeros. */
    void groupWritten(SegmentAppender segment, long groupBytes) throws IOException {
        smallGroups = groupBytes <= smallBytesMax ? smallGroups + 1 : 0;
        long ahead = segment.zerosAhead();
        if (smallGroups < SMALL_GROUPS_MIN || noRoom || ahead >= groupBytes) {
            return;
        }
        // Behind those that are left.
        long bytes = Math.min(bytesMax, Math.min(segment.end(), segmentBytesMax - segment.end()) - ahead);
        if (bytes >= LEAST_BYTES && bytes <= roomBytes.getAsLong()) {
            noRoom = !segment.zeroAhead((int) bytes);
        }
    }
}
