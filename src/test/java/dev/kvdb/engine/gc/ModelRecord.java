package dev.kvdb.engine.gc;

import java.util.List;

/** A set in {@link TombstoneModel}, or a tombstone. */
record ModelRecord(int key, long version, boolean tombstone) {

    /** Whether the newest of the records of that key, which are in order of version, is a set. */
    static boolean isPresent(int key, List<ModelRecord> written) {
        for (int i = written.size() - 1; i >= 0; i--) {
            if (written.get(i).key() == key) {
                return !written.get(i).tombstone();
            }
        }
        return false;
    }
}
