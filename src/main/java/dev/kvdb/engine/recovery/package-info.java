/**
 * What happens when a store is opened: read the manifest, find the log's end, set a torn tail aside, and rebuild the
 * index from snapshot, hints and tail. And what is checked of a store that is not open, by
 * {@link dev.kvdb.engine.recovery.Verification}, which changes nothing; and its
 * {@link dev.kvdb.engine.recovery.Repair}.
 *
 * <p>May use: {@code engine.log}, {@code engine.index}, {@code engine.env}, {@code engine.format},
 * {@code engine.error}. Threads: all of it belongs to the thread that opens, verifies or repairs the store.
 */
@NullMarked
package dev.kvdb.engine.recovery;

import org.jspecify.annotations.NullMarked;
