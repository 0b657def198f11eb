package dev.kvdb.engine;

import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.log.DiskReserve;
import java.io.IOException;

/**
 * Whether the disk is full, and the reserve that goes with that: it is given up in the same step in which the store
 * learns that the disk is full, and taken in the one in which it learns that there is space again.
 *
 * <p>Safe for use by several threads.
 */
final class DiskSpace {

    private final DiskReserve reserve;
    private final Availability availability;

    DiskSpace(DiskReserve reserve, Availability availability) {
        this.reserve = reserve;
        this.availability = availability;
    }

    /** The disk is full. Returns what a set is to be refused with. */
    synchronized StoreException isFull(String detail) {
        reserve.release();
        return availability.diskFull(detail);
    }

    /** There seems to be space again: goes on writing where the reserve can be had. */
    synchronized void isThere() throws IOException {
        if (reserve.take()) {
            availability.spaceReturned();
        }
    }
}
