/**
 * The gRPC services: Mutiny handlers on the event loop, the mapping between messages and the engine's types, and the
 * one class that knows status codes.
 *
 * <p>May use: {@code engine}'s facade, {@code server}, {@code server.config}, the generated stubs, Mutiny, gRPC.
 * Threads: a call arrives and is replied to on an event loop that never waits for a disk. What memory can answer is
 * answered there; a value on disk is read by {@link dev.kvdb.server.grpc.DiskReaders}, a write is completed by the
 * store's committer, {@code Admin} has {@link dev.kvdb.server.grpc.UpkeepThreads}; each hands its result back to the
 * event loop.
 */
@NullMarked
package dev.kvdb.server.grpc;

import org.jspecify.annotations.NullMarked;
