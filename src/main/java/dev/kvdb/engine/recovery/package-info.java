/**
 * What happens when a store is opened: read the manifest, find the log's end, set a torn tail aside, and rebuild the
 * index from snapshot, hints and tail.
 *
 * <p>May use: {@code engine.log}, {@code engine.index}, {@code engine.env}, {@code engine.format},
 * {@code engine.error}. Threads: all of it belongs to the thread that opens the store.
 */
@NullMarked
package dev.kvdb.engine.recovery;

import org.jspecify.annotations.NullMarked;
