/**
 * The engine's surroundings behind small interfaces: files, clock, randomness and threads.
 *
 * <p>Only this package touches {@code java.nio.file.Files}, {@code System.nanoTime} and their like; everything else in
 * the engine is given an {@link dev.kvdb.engine.env.Environment}. Tests pass one whose file system forgets what was not
 * synced, whose clock stands still and whose randomness has a seed.
 *
 * <p>May use: {@code engine.error}. Threads: every type here is safe for use by several threads unless it says
 * otherwise.
 */
@NullMarked
package dev.kvdb.engine.env;

import org.jspecify.annotations.NullMarked;
