/**
 * The index in memory: an ordered map from each key of the store to the packed location of its newest record.
 *
 * <p>{@link dev.kvdb.engine.index.OrderedIndex} is a B+tree. Its leaves keep keys and locations as small differences to
 * a base of their own, in one byte array that is sized to what it holds, so that the memory per key stays near the
 * information per key however the keys arrive. Locations are opaque here: only {@code engine.format} knows what is
 * packed into them. {@link dev.kvdb.engine.index.PackedLeaf Leaves} go to an index snapshot, and come from it, as they
 * are in memory.
 *
 * <p>May use: {@code engine.format}. Threads: any number of readers, which take no lock unless a writer keeps changing
 * the very leaf they read; writers are serialised by one lock.
 */
@NullMarked
package dev.kvdb.engine.index;

import org.jspecify.annotations.NullMarked;
