package dev.kvdb.cli.bench;

import dev.kvdb.client.AsyncCalls;
import dev.kvdb.client.AsyncKvdbClient;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.PendingCall;
import dev.kvdb.client.ReplyHandler;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.PrimitiveIterator;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A load on a server from its preload to its clean-up, each of which the calling thread waits for. It owns its
 * connections and threads: close it.
 *
 * <p>For use by one thread, but for {@link #stop}.
 */
public final class LoadRun implements AutoCloseable {

    /** How often who watches is told. */
    private static final long TELL_MILLIS = 500;

    /** How long after its remove a key is removed again whose set may come late. */
    private static final long UNCERTAIN_PAUSE_NANOS = 1_000_000_000;

    /** What all parts of a run share; the calls are by worker. */
    record Context(LoadSettings settings, KeyLedger ledger, List<AsyncCalls> calls, LongSupplier clock) {}

    private final LoadSettings settings;
    private final List<AsyncKvdbClient> clients = new ArrayList<>();
    private final Context context;
    private final CompletableFuture<Void> stopRequest = new CompletableFuture<>();

    private LoadRun(ServerAddress address, ClientOptions options, LoadSettings settings) {
        this.settings = settings;
        int threads = settings.threads();
        for (int i = 0; i < threads; i++) {
            int connections = (int) LoadSettings.share(settings.connections(), i, threads);
            clients.add(AsyncKvdbClient.connect(address, options, connections));
        }
        long origin = System.nanoTime();
        context =
                new Context(settings, new KeyLedger(settings), List.copyOf(clients), () -> System.nanoTime() - origin);
    }

    /** A load on the server at the address. Does not connect yet. */
    public static LoadRun connect(ServerAddress address, ClientOptions options, LoadSettings settings) {
        return new LoadRun(address, options, settings);
    }

    /**
     * Sets each key once, as fast as the server takes it.
     *
     * @param told is told from time to time how many are set
     * @return how many were set; fewer than there are keys where the run was stopped
     * @throws ClientException as the first set that failed, but for the server's being overloaded
     */
    public long preload(LongConsumer told) {
        return bulk(
                told,
                worker -> IntStream.iterate(worker, index -> index < settings.keys(), index -> index + clients.size())
                        .iterator(),
                PreloadStep::new,
                true);
    }

    /**
     * Removes the keys that this run has set, or may have: not those whose sets were all refused or never sent.
     *
     * @param told is told from time to time how many are removed
     * @return how many were removed
     * @throws ClientException as the first remove that failed, but for the server's being overloaded
     */
    public long cleanUp(LongConsumer told) {
        int workers = clients.size();
        long removed = bulk(told, worker -> context.ledger.writtenKeys(worker, workers), RemoveStep::new, false);
        if (context.ledger.hasUncertain()) {
            // A set that was given up may still have waited in the server, and have been applied after its remove.
            CompletableFuture<Void> waited = new CompletableFuture<>();
            clients.get(0).schedule(() -> waited.complete(null), UNCERTAIN_PAUSE_NANOS);
            await(List.of(waited), () -> {});
            long unused =
                    bulk(done -> {}, worker -> context.ledger.uncertainKeys(worker, workers), RemoveStep::new, false);
        }
        return removed;
    }

    private <T> long bulk(
            LongConsumer told,
            IntFunction<PrimitiveIterator.OfInt> indices,
            IntFunction<BulkPass.Step<T>> step,
            boolean isStoppable) {
        BulkPass.Shared shared = new BulkPass.Shared();
        if (isStoppable) {
            onStop(shared::halt);
        }
        List<CompletableFuture<Void>> results = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            BulkPass<T> pass = new BulkPass<>(context, i, clients.size(), indices.apply(i), step.apply(i), shared);
            results.add(pass.result());
            clients.get(i).execute(pass::start);
        }
        await(results, () -> told.accept(shared.done()));
        return shared.done();
    }

    /**
     * Puts the load on the server until its end or {@link #stop}.
     *
     * @param told is told from time to time how it stands; null for nobody, which costs the workers nothing
     */
    public LoadResult run(@Nullable Consumer<LoadProgress> told) {
        List<Worker> workers = new ArrayList<>();
        long origin = context.clock.getAsLong();
        LongSupplier clock = () -> context.clock.getAsLong() - origin;
        for (int i = 0; i < clients.size(); i++) {
            Worker worker = new Worker(settings, context.ledger, clients.get(i), clock, i, clients.size());
            workers.add(worker);
            AsyncKvdbClient client = clients.get(i);
            client.execute(worker::start);
            onStop(() -> client.execute(worker::stop));
        }
        // Where one fails, nobody has to wait for the end of the others.
        for (Worker worker : workers) {
            CompletableFuture<LoadResult> unused = worker.result().whenComplete((done, defect) -> {
                if (defect != null) {
                    stop();
                }
            });
        }
        List<CompletableFuture<LoadResult>> results =
                workers.stream().map(Worker::result).toList();
        Runnable tell = told == null ? () -> {} : () -> told.accept(progress(workers));
        if (settings.isOpenLoop()) {
            try (Pacer pacer = new Pacer(settings.ratePerSecond(), workers, clock)) {
                await(results, tell);
            }
        } else {
            await(results, tell);
        }
        return results.stream()
                .map(CompletableFuture::join)
                .reduce(LoadResult::plus)
                .orElseThrow();
    }

    private LoadProgress progress(List<Worker> workers) {
        List<CompletableFuture<LoadProgress>> parts = new ArrayList<>();
        for (int i = 0; i < workers.size(); i++) {
            parts.add(CompletableFuture.supplyAsync(workers.get(i)::progress, clients.get(i)::execute));
        }
        return parts.stream()
                .map(CompletableFuture::join)
                .reduce(LoadProgress::plus)
                .orElseThrow();
    }

    /** Whether a set was acknowledged, or may have been applied. */
    public boolean hasWritten() {
        return context.ledger.hasWritten();
    }

    /** Ends preload or run before their time, whatever stage they are at. From any thread. */
    public void stop() {
        stopRequest.complete(null);
    }

    private void onStop(Runnable task) {
        CompletableFuture<Void> unused = stopRequest.thenRun(task);
    }

    /** Whether {@link #stop} was called. */
    public boolean isStopped() {
        return stopRequest.isDone();
    }

    private static void await(List<? extends CompletableFuture<?>> results, Runnable tell) {
        CompletableFuture<Void> all = CompletableFuture.allOf(results.toArray(CompletableFuture[]::new));
        while (true) {
            try {
                all.get(TELL_MILLIS, TimeUnit.MILLISECONDS);
                tell.run();
                return;
            } catch (TimeoutException stillRunning) {
                tell.run();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : new CompletionException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }

    /** Breaks the connections. */
    @Override
    public void close() {
        clients.forEach(AsyncKvdbClient::close);
    }

    private final class PreloadStep implements BulkPass.Step<SetResponse> {

        private final AsyncKvdbClient client;

        PreloadStep(int worker) {
            client = clients.get(worker);
        }

        @Override
        public PendingCall start(int index, ReplyHandler<SetResponse> handler) {
            long key = settings.firstKey() + index;
            return client.set(key, Values.make(key, stamp(index), settings.valueSizes()), handler);
        }

        /** The same whenever it is asked for. */
        private long stamp(int index) {
            return new SplittableRandom(settings.seed() + index).nextLong();
        }

        @Override
        public void answered(int index, SetResponse reply) {
            context.ledger.setAcknowledged(index, reply.getVersion(), stamp(index));
        }

        @Override
        public void failed(int index, ClientException failure) {
            context.ledger.setFailed(index, failure);
        }
    }

    private final class RemoveStep implements BulkPass.Step<RemoveResponse> {

        private final AsyncKvdbClient client;

        RemoveStep(int worker) {
            client = clients.get(worker);
        }

        @Override
        public PendingCall start(int index, ReplyHandler<RemoveResponse> handler) {
            return client.remove(settings.firstKey() + index, handler);
        }

        @Override
        public void answered(int index, RemoveResponse reply) {
            // Whether there was something to remove: another remove of the run may have come first.
        }

        @Override
        public void failed(int index, ClientException failure) {
            // The key stays marked.
        }
    }
}
