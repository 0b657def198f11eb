package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.server.NotServingException;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.PassingClock;
import dev.kvdb.v1.VerifyResponse;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The stream to a client that reads slowly, not at all, or no longer; in one thread, on a clock of the test's. */
class VerificationStreamTest {

    private final PassingClock clock = new PassingClock();
    private final AtomicBoolean gone = new AtomicBoolean();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final ArrayDeque<Runnable> eventLoop = new ArrayDeque<>();
    private MemoryStore store;
    private AssertSubscriber<VerifyResponse> client;

    @BeforeEach
    void damage() throws Exception {
        Logs.silenceEngine();
        store = new MemoryStore().open();
        for (int key = 0; key < 5; key++) {
            store.set(key, 100);
        }
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        store.reopen();
        store.disk.flipBit(store.file("0000000001.log"), 300, 1);
        store.disk.flipBit(store.file("MANIFEST"), 20, 1);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void run(BooleanSupplier ready) {
        client = Multi.createFrom()
                .<VerifyResponse>emitter(emitter -> new VerificationStream(
                                new VerificationStream.Call(gone::get, ready, stopping::get, eventLoop::add),
                                emitter,
                                clock)
                        .run(store.store(), 0))
                .subscribe()
                .withSubscriber(AssertSubscriber.create(Long.MAX_VALUE));
        drain();
    }

    private void drain() {
        for (Runnable task = eventLoop.poll(); task != null; task = eventLoop.poll()) {
            task.run();
        }
    }

    private List<Finding.Kind> kinds() {
        return client.getItems().stream()
                .filter(VerifyResponse::hasFinding)
                .map(message ->
                        Finding.Kind.valueOf(message.getFinding().getKind().toUpperCase(java.util.Locale.ROOT)))
                .toList();
    }

    /** Ready each so many times that it is asked; meanwhile the event loop hands on what it has. */
    private BooleanSupplier every(int times) {
        AtomicInteger asked = new AtomicInteger();
        return () -> {
            drain();
            return asked.incrementAndGet() % times == 0;
        };
    }

    @Test
    void slowReader_getsEachFindingAndTheSummary() {
        run(every(100));

        assertThat(kinds()).contains(Finding.Kind.MANIFEST);
        assertThat(client.getItems().get(client.getItems().size() - 1).hasSummary())
                .isTrue();
        assertThat(client.getItems()
                        .get(client.getItems().size() - 1)
                        .getSummary()
                        .getFindingsTotal())
                .isEqualTo(kinds().size());
        client.assertCompleted();
    }

    @Test
    void transportThatIsNeverReady_isGivenNothingAndTheCallFails() {
        run(() -> false);

        assertThat(client.getItems()).isEmpty();
        client.assertFailedWith(OverloadedException.class, "60 s without a read");
    }

    @Test
    void eventLoopThatDoesNotHandOn_isGivenOneMessage() {
        AtomicInteger most = new AtomicInteger();
        run(() -> {
            most.accumulateAndGet(eventLoop.size(), Math::max);
            return true;
        });

        assertThat(most).hasValueLessThanOrEqualTo(1);
    }

    @Test
    void clientThatHasGone_endsTheVerification() {
        run(() -> {
            gone.set(true);
            return false;
        });

        assertThat(client.getItems()).isEmpty();
        client.assertCompleted();
    }

    @Test
    void serverThatStops_endsTheVerificationOfAReaderThatDoesNotRead() {
        run(() -> {
            stopping.set(true);
            return false;
        });

        client.assertFailedWith(NotServingException.class);
    }
}
