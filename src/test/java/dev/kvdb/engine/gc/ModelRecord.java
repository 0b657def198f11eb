package dev.kvdb.engine.gc;

/** A set in {@link TombstoneModel}, or a tombstone. */
record ModelRecord(int key, long version, boolean tombstone) {}
