/**
 * Garbage collection: chooses segments worth rewriting, copies their live records and needed tombstones to a new
 * segment, swaps it in, and retires the old ones.
 *
 * <p>May use: {@code engine.log}, {@code engine.index}, {@code engine.env}, {@code engine.format},
 * {@code engine.error}. Threads: a collection runs in one thread at a time, beside any number of readers and the
 * committer.
 */
@NullMarked
package dev.kvdb.engine.gc;

import org.jspecify.annotations.NullMarked;
