/**
 * The load generator behind {@code kvdb bench}: what calls to make, when, and what became of them.
 *
 * <p>With a rate, each call has a moment at which it is meant to begin, whatever the server does, and its latency is
 * measured from there: a stall is seen by all calls that it holds up, not only by those that were under way (<a
 * href="https://github.com/giltene/wrk2#acknowledgements">coordinated omission</a>).
 *
 * <p>May use: {@code dev.kvdb.client}, the generated {@code dev.kvdb.v1} types, HdrHistogram. It knows nothing of the
 * command line.
 *
 * <p>Threads: each {@link dev.kvdb.cli.bench.Worker} lives in the event loop of its own client, and with a rate one
 * thread more wakes them. {@link dev.kvdb.cli.bench.LoadRun} is called from outside and waits.
 */
@NullMarked
package dev.kvdb.cli.bench;

import org.jspecify.annotations.NullMarked;
