package dev.kvdb.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvdb.cli.FakeServer;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.SetResponse;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls in flight over real connections, and how they end. */
@Timeout(120)
class AsyncKvdbClientTest {

    private static final int CONNECTIONS = 2;
    private static final Set<ClientException.Kind> NOTHING_WRITTEN =
            EnumSet.of(ClientException.Kind.REFUSED, ClientException.Kind.UNREACHABLE);

    @AutoClose
    private final FakeServer server = new FakeServer();

    @AutoClose
    private final AsyncKvdbClient client =
            AsyncKvdbClient.connect(ServerAddress.parse(server.address()), ClientOptions.DEFAULTS, CONNECTIONS);

    /** How a call ended, and how often its handler was told so. */
    private static final class Outcome<T> implements ReplyHandler<T> {

        private final CompletableFuture<T> reply = new CompletableFuture<>();
        private final AtomicInteger told = new AtomicInteger();

        @Override
        public void replied(T message) {
            told.incrementAndGet();
            reply.complete(message);
        }

        @Override
        public void failed(ClientException failure) {
            told.incrementAndGet();
            reply.completeExceptionally(failure);
        }

        ClientException.Kind failureKind() {
            CompletionException failure = catchFailure();
            assertThat(failure.getCause()).isInstanceOf(ClientException.class);
            return ((ClientException) failure.getCause()).kind();
        }

        private CompletionException catchFailure() {
            try {
                T unexpected = reply.join();
                throw new AssertionError("got a reply: " + unexpected);
            } catch (CompletionException e) {
                return e;
            }
        }
    }

    /** Makes a call in the client's thread. */
    private <T> PendingCall call(BiFunction<AsyncCalls, ReplyHandler<T>, PendingCall> make, ReplyHandler<T> handler) {
        return CompletableFuture.supplyAsync(() -> make.apply(client, handler), client::execute)
                .join();
    }

    private GetResponse get(long key) {
        Outcome<GetResponse> got = new Outcome<>();
        PendingCall unused = call((calls, handler) -> calls.get(key, handler), got);
        return got.reply.join();
    }

    /** A call on each connection, so that later ones are sent at once. */
    private void connect() {
        for (int i = 0; i < CONNECTIONS; i++) {
            assertThat(get(i).hasEntry()).isFalse();
        }
    }

    @Test
    void manyCallsInFlight_areEachAnswered() {
        List<Outcome<SetResponse>> sets = new ArrayList<>();
        for (long key = 0; key < 200; key++) {
            long ofCall = key;
            Outcome<SetResponse> set = new Outcome<>();
            sets.add(set);
            PendingCall unused =
                    call((calls, handler) -> calls.set(ofCall, ByteString.copyFromUtf8("v" + ofCall), handler), set);
        }
        assertThat(sets)
                .allSatisfy(set -> assertThat(set.reply.join().getVersion()).isPositive());
        assertThat(get(7).getEntry().getValue().toStringUtf8()).isEqualTo("v7");
        assertThat(get(1000).hasEntry()).isFalse();
    }

    @Test
    void callThatIsGivenUp_fails_asTimedOut() {
        connect();
        Outcome<GetResponse> silent = new Outcome<>();
        PendingCall pending = call((calls, handler) -> calls.get(FakeServer.SILENT_KEY, handler), silent);
        client.execute(pending::timeOut);
        assertThat(silent.failureKind()).isEqualTo(ClientException.Kind.TIMED_OUT);
    }

    @Test
    void callThatIsGivenUpAfterItsReply_keepsTheReply_andIsToldOnce() {
        Outcome<GetResponse> got = new Outcome<>();
        PendingCall pending = call((calls, handler) -> calls.get(1, handler), got);
        assertThat(got.reply.join().hasEntry()).isFalse();
        client.execute(pending::timeOut);
        // Whatever the call still had to tell has been told before this one is answered.
        assertThat(get(2).hasEntry()).isFalse();
        assertThat(got.told).hasValue(1);
    }

    @Test
    void refusal_hasItsReason() {
        Outcome<SetResponse> refused = new Outcome<>();
        PendingCall unused =
                call((calls, handler) -> calls.set(FakeServer.READ_ONLY_KEY, ByteString.EMPTY, handler), refused);
        assertThatThrownBy(refused.reply::join)
                .cause()
                .isInstanceOfSatisfying(
                        ClientException.class, e -> assertThat(e.reason()).contains("READ_ONLY"));
    }

    @Test
    void serverThatGoesAway_failsTheCallsThatAreUnderWay() {
        connect();
        Outcome<GetResponse> silent = new Outcome<>();
        PendingCall pending = call((calls, handler) -> calls.get(FakeServer.SILENT_KEY, handler), silent);
        assertThat(pending).isNotNull();
        server.close();
        assertThat(silent.failureKind()).isNotIn(NOTHING_WRITTEN);
    }

    @Test
    void close_failsTheCallsThatAreUnderWay() {
        connect();
        Outcome<GetResponse> silent = new Outcome<>();
        PendingCall pending = call((calls, handler) -> calls.get(FakeServer.SILENT_KEY, handler), silent);
        assertThat(pending).isNotNull();
        client.close();
        assertThat(silent.failureKind()).isNotIn(NOTHING_WRITTEN);
        assertThat(silent.told).hasValue(1);
    }
}
