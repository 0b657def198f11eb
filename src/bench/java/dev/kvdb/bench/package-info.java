/**
 * Benchmarks: kvdb's engine beside RocksDB, LMDB and MVStore, and beside what the machine itself can do.
 *
 * <p>{@link dev.kvdb.bench.Bench} is the program. It measures each workload of each store in a Java process of its own,
 * which {@link dev.kvdb.bench.Child} is the main class of, the stores taking turns. Uses {@code dev.kvdb.engine} and
 * nothing else of kvdb; files, clock and threads directly, as a user of the engine would.
 */
@NullMarked
package dev.kvdb.bench;

import org.jspecify.annotations.NullMarked;
