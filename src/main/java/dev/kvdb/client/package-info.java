/**
 * A small blocking Java client over the generated gRPC stubs.
 *
 * <p>May use: grpc-java, Netty, protobuf and the generated {@code dev.kvdb.v1} types. It needs neither Quarkus nor the
 * engine at run time.
 *
 * <p>Threads: a {@link dev.kvdb.client.KvdbClient} owns one daemon event-loop thread for its connection; calls block
 * the calling thread.
 */
@NullMarked
package dev.kvdb.client;

import org.jspecify.annotations.NullMarked;
