/**
 * The server's configuration: what an operator may set, checked at start, and turned into the engine's options.
 *
 * <p>{@link dev.kvdb.server.config.ServerConfiguration} names the keys and their defaults;
 * {@link dev.kvdb.server.config.ServerSettings} checks the ranges. {@code docs/operations.md} has the table of all
 * keys, and a test holds it against the code.
 *
 * <p>May use: {@code engine}'s facade, Quarkus' configuration. Threads: all types are immutable.
 */
@NullMarked
package dev.kvdb.server.config;

import org.jspecify.annotations.NullMarked;
