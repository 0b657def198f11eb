/**
 * The command line: one picocli class a command.
 *
 * <p>{@link dev.kvdb.cli.Kvdb} is the program's main class. Only {@code serve} starts Quarkus; {@code get},
 * {@code set}, {@code remove}, {@code status}, {@code gc} and {@code verify --online} use {@code dev.kvdb.client},
 * {@code bench} the load generator in {@code dev.kvdb.cli.bench}, and {@code import}, {@code export}, {@code verify}
 * and {@code repair} the engine on a directory. Commands take their streams, environment and files from a
 * {@link dev.kvdb.cli.Terminal}, so that each can be run inside a test.
 *
 * <p>Results go to the standard output, everything else to the standard error. Exit codes are those of
 * {@link dev.kvdb.cli.ExitCode}.
 *
 * <p>May use: {@code client}, {@code engine}, picocli, progressbar, HdrHistogram; Quarkus only to start it. Threads:
 * everything here runs in the main thread.
 */
@NullMarked
package dev.kvdb.cli;

import org.jspecify.annotations.NullMarked;
