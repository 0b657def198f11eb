/**
 * A small Java client over the generated gRPC stubs: {@link dev.kvdb.client.KvdbClient}, which blocks, and
 * {@link dev.kvdb.client.AsyncKvdbClient} for many calls in flight.
 *
 * <p>May use: grpc-java, Netty, protobuf and the generated {@code dev.kvdb.v1} types. It needs neither Quarkus nor the
 * engine at run time.
 *
 * <p>Threads: each client owns one daemon event-loop thread for its connections. Calls of a {@code KvdbClient} block
 * the calling thread; those of an {@code AsyncKvdbClient} are made, and their outcomes told, in its event loop.
 */
@NullMarked
package dev.kvdb.client;

import org.jspecify.annotations.NullMarked;
