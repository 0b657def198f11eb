/**
 * What happens when a store is opened: read the manifest, find the log's end, set a torn tail aside, and rebuild the
 * index from snapshot, hints and tail. And what is checked of a store that is not open, by
 * {@link dev.kvdb.engine.recovery.Verification}, which changes nothing.
 *
 * <p>May use: {@code engine.log}, {@code engine.index}, {@code engine.env}, {@code engine.format},
 * {@code engine.error}. Threads: all of it belongs to the thread that opens or verifies the store.
 */
@NullMarked
package dev.kvdb.engine.recovery;

import org.jspecify.annotations.NullMarked;
