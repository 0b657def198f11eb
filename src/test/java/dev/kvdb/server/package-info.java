/** Tests of the server against a running one: over gRPC, HTTP, and as a process. */
@NullMarked
package dev.kvdb.server;

import org.jspecify.annotations.NullMarked;
