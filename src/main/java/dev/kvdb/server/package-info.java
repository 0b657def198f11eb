/**
 * The server around one store: opens it at start, drains and closes it at a stop, shows its health and figures, and
 * keeps the schedules of garbage collection and of scrubs.
 *
 * <p>{@link dev.kvdb.server.StoreLifecycle} owns the store; everything else asks it. {@code server.grpc} answers calls.
 *
 * <p>May use: {@code engine}'s facade, {@code server.config}, Quarkus. Threads: the store is opened in a thread of its
 * own, so that health answers meanwhile; garbage is collected, and the store scrubbed, in worker threads of the
 * scheduler; nothing here runs on an event loop but cheap reads.
 */
@NullMarked
package dev.kvdb.server;

import org.jspecify.annotations.NullMarked;
