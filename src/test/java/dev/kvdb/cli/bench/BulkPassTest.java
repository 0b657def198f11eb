package dev.kvdb.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvdb.client.ClientException;
import dev.kvdb.client.PendingCall;
import dev.kvdb.client.ReplyHandler;
import dev.kvdb.v1.SetResponse;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How a pass over many keys ends, on a clock that only the test moves. */
class BulkPassTest {

    private static final long SECOND = 1_000_000_000;
    private static final int KEYS = 100;

    private final SimulatedServer server = new SimulatedServer(sent -> sent + SECOND / 1_000);
    private final LoadSettings settings = new LoadSettings(
            OperationMix.parse("set=1"),
            KeyDistribution.parse("uniform"),
            1,
            KEYS,
            new ValueSizes(8, 8),
            4,
            1,
            0,
            0,
            SECOND,
            LoadSettings.UNLIMITED,
            30 * SECOND,
            42,
            false,
            true);
    private final BulkPass.Shared shared = new BulkPass.Shared();

    private BulkPass<SetResponse> pass(BulkPass.Step<SetResponse> step) {
        LoadRun.Context context =
                new LoadRun.Context(settings, new KeyLedger(settings), List.of(server), () -> server.nowNanos);
        return new BulkPass<>(context, 0, 1, IntStream.range(0, KEYS).iterator(), step, shared);
    }

    private void run(BulkPass<?> pass) {
        pass.start();
        server.runUntil(pass.result());
    }

    /** Sets the keys. */
    private class Sets implements BulkPass.Step<SetResponse> {

        @Override
        public PendingCall start(int index, ReplyHandler<SetResponse> handler) {
            return server.set(1 + index, ByteString.EMPTY, handler);
        }

        @Override
        public void answered(int index, SetResponse reply) {
            // Nothing to note.
        }

        @Override
        public void failed(int index, ClientException failure) {
            // Nothing to note.
        }
    }

    @Test
    void overloadedServer_isAskedAgain() {
        server.refusals.put(7L, "OVERLOADED");
        server.at(5 * SECOND, server.refusals::clear);
        run(pass(new Sets()));
        assertThat(shared.done()).isEqualTo(KEYS);
    }

    @Test
    void serverThatStaysOverloaded_endsThePassAfterAWhile() {
        server.refusals.put(7L, "OVERLOADED");
        BulkPass<SetResponse> pass = pass(new Sets());
        run(pass);
        assertThatThrownBy(() -> pass.result().join()).hasCauseInstanceOf(ClientException.class);
        assertThat(shared.done()).isEqualTo(KEYS - 1);
        assertThat(server.nowNanos).isBetween(60 * SECOND, 62 * SECOND);
    }

    @Test
    void firstFailure_haltsTheOtherPasses() {
        server.refusals.put(7L, "DISK_FULL");
        BulkPass<SetResponse> failing = pass(new Sets());
        BulkPass<SetResponse> other = pass(new Sets() {
            @Override
            public PendingCall start(int index, ReplyHandler<SetResponse> handler) {
                return super.start(KEYS + index, handler);
            }
        });
        failing.start();
        other.start();
        server.runUntil(failing.result());
        server.runUntil(other.result());
        assertThat(failing.result()).isCompletedExceptionally();
        assertThat(shared.done()).isLessThan(KEYS);
    }

    @Test
    void defectInAStep_endsThePassWithItsCause() {
        Error defect = new AssertionError("planned");
        BulkPass<SetResponse> atStart = pass(new Sets() {
            @Override
            public PendingCall start(int index, ReplyHandler<SetResponse> handler) {
                throw defect;
            }
        });
        run(atStart);
        assertThatThrownBy(() -> atStart.result().join()).hasCause(defect);
    }

    @Test
    void defectInAnAnswer_endsThePassWithItsCause() {
        Error defect = new AssertionError("planned");
        BulkPass<SetResponse> pass = pass(new Sets() {
            @Override
            public void answered(int index, SetResponse reply) {
                throw defect;
            }
        });
        run(pass);
        assertThatThrownBy(() -> pass.result().join()).hasCause(defect);
        assertThat(server.sent).isLessThan(KEYS);
    }
}
