package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.StoreDirectory;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Whether the disk is full or the quota reached, and the reserve that goes with that: it is given up in the same step
 * in which the store learns that there is no space, and taken in the one in which it learns that there is space again.
 *
 * <p>Safe for use by several threads, but for {@link #watchQuota}, which is the committer's.
 */
final class DiskSpace {

    private static final Logger LOG = System.getLogger(DiskSpace.class.getName());

    private final DiskReserve reserve;
    private final Availability availability;
    private final Quota quota;

    /** What the copy that a collection is making may take in all; what it has taken already is not deducted. */
    private long copyBytesMax;

    DiskSpace(DiskReserve reserve, Availability availability, Quota quota) {
        this.reserve = reserve;
        this.availability = availability;
        this.quota = quota;
    }

    /** The disk is full. Returns what a set is to be refused with. */
    synchronized StoreException isFull(String detail) {
        reserve.release();
        return availability.diskFull(detail);
    }

    /**
     * A collection begins to make a copy of at most so many bytes: they are not taken back for the reserve meanwhile.
     */
    synchronized void copyBegins(long bytesMax) {
        copyBytesMax = bytesMax;
    }

    /** The copy is made, or given up. */
    synchronized void copyEnds() {
        copyBytesMax = 0;
    }

    /** Bytes that the quota lets be written. */
    long quotaRoomBytes() {
        return quota.roomBytes();
    }

    /** The quota has no room for a set. Returns what that is to be refused with. */
    synchronized StoreException quotaReached() {
        String detail = quota.describe();
        reserve.release();
        return availability.quotaReached(detail);
    }

    /** Warns where much of the quota is used. */
    void watchQuota() {
        quota.crossing()
                .ifPresent(crossing -> LOG.log(
                        crossing.upwards() ? Level.WARNING : Level.INFO,
                        "store " + crossing.line()
                                + (crossing.upwards() ? "; at the quota it takes no more sets" : "")));
    }

    /**
     * Goes on writing where disk and quota have so many bytes of room, beside what a collection needs, and the reserve
     * can be had.
     */
    synchronized void lookForRoom(StoreDirectory directory, long neededBytes) {
        try {
            if (Math.min(directory.writableBytes(), quotaRoomBytes()) >= neededBytes + copyBytesMax) {
                isThere();
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot tell whether the disk has space again, and asks on: " + SystemReason.of(e));
        }
    }

    /** There seems to be space again: goes on writing where the reserve can be had. */
    synchronized void isThere() throws IOException {
        if (reserve.take()) {
            availability.spaceReturned();
        }
    }
}
