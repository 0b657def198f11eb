/**
 * The storage engine's facade: {@link dev.kvdb.engine.Store} and what its methods take and return.
 *
 * <p>A plain library. It may use every {@code engine.*} package and Caffeine; it knows nothing of Quarkus, Mutiny, gRPC
 * or protobuf. Files, clock, randomness and threads come in through {@link dev.kvdb.engine.env.Environment}.
 *
 * <p>Threads: a {@link dev.kvdb.engine.Store} is safe for use by any number of threads. It owns two of its own: the
 * committer, which alone appends to the log, and the maintainer, which writes hint files and snapshots. A garbage
 * collection that somebody asks for runs in a third one, for as long as it takes.
 */
@NullMarked
package dev.kvdb.engine;

import org.jspecify.annotations.NullMarked;
