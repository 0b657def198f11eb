package dev.kvdb.bench;

import java.nio.file.Path;

/**
 * How a store is opened for a measurement.
 *
 * @param directory where its files are; made where it does not exist
 * @param durable whether writes are synced: all of them or none
 * @param cacheBytes what its cache may hold; 0 turns it off
 * @param dataBytes bytes of keys and values that it will hold at most at a time
 * @param updated whether the measurement rewrites the data, which kvdb's segments are then made small for, and tells
 *     what is written meanwhile, which RocksDB then counts
 */
record PeerOptions(Path directory, boolean durable, long cacheBytes, long dataBytes, boolean updated) {}
