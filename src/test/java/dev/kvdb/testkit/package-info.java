/**
 * What the engine's tests run on instead of a disk and a clock: a file system that forgets what was not synced, one
 * that fails on demand, a clock that stands still, and seeds that can be replayed.
 *
 * <p>A crash test plays a workload once on a {@link dev.kvdb.testkit.CrashingFileSystem}, with notes about what was
 * promised, then walks the {@link dev.kvdb.testkit.CrashImages} of that run, opens a store on each image and holds it
 * against the notes made before the crash.
 *
 * <p>{@link dev.kvdb.testkit.ServerProcess} is apart from that: the program as the build packaged it, for tests of the
 * server and the command line.
 *
 * <p>May use: {@code engine.env}, {@code engine.error}. Threads: every type here is safe for use by several threads
 * unless it says otherwise.
 */
@NullMarked
package dev.kvdb.testkit;

import org.jspecify.annotations.NullMarked;
