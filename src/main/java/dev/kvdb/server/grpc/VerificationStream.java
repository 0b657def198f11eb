package dev.kvdb.server.grpc;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.VerificationListener;
import dev.kvdb.engine.VerificationRequest;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.OverloadedException;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.server.NotServingException;
import dev.kvdb.v1.VerifyFinding;
import dev.kvdb.v1.VerifyProgress;
import dev.kvdb.v1.VerifyResponse;
import dev.kvdb.v1.VerifySummary;
import io.smallrye.mutiny.subscription.MultiEmitter;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The reply to one call of {@code Verify}. At most one message is on its way to the transport, and only while that
 * takes it: progress that it does not take is left out, a finding waits. So a client that reads slowly slows its
 * verification down, and one that does not read at all loses the call.
 *
 * <p>Belongs to the verifying thread.
 */
final class VerificationStream implements VerificationListener {

    private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long UNREAD_SECONDS_MAX = 60;

    private final Call call;
    private final MultiEmitter<? super VerifyResponse> emitter;
    private final Clock clock;
    private long progressNanos;
    private volatile boolean handedOver = true;

    /**
     * The call that is answered.
     *
     * @param gone whether nobody waits for the reply any more
     * @param ready whether the transport takes a message
     * @param stopping whether the server is being stopped
     * @param eventLoop sends
     */
    record Call(BooleanSupplier gone, BooleanSupplier ready, BooleanSupplier stopping, Executor eventLoop) {}

    VerificationStream(Call call, MultiEmitter<? super VerifyResponse> emitter, Clock clock) {
        this.call = call;
        this.emitter = emitter;
        this.clock = clock;
        this.progressNanos = clock.nanoTime() - PROGRESS_NANOS;
    }

    /** Verifies the store, and completes the reply. */
    void run(Store store, long bytesPerSecondMax) {
        try {
            VerificationReport report = store.verify(new VerificationRequest(bytesPerSecondMax, call.gone()), this);
            send(VerifyResponse.newBuilder().setSummary(summary(report)).build());
            call.eventLoop().execute(emitter::complete);
        } catch (CancellationException e) {
            call.eventLoop().execute(emitter::complete);
        } catch (RuntimeException | Error e) {
            call.eventLoop().execute(() -> emitter.fail(e));
        }
    }

    @Override
    public void progressed(long doneBytes, long totalBytes) {
        long now = clock.nanoTime();
        if (now - progressNanos >= PROGRESS_NANOS && isReady()) {
            progressNanos = now;
            handOver(VerifyResponse.newBuilder()
                    .setProgress(
                            VerifyProgress.newBuilder().setDoneBytes(doneBytes).setTotalBytes(totalBytes))
                    .build());
        }
    }

    @Override
    public void found(Finding finding) {
        send(VerifyResponse.newBuilder()
                .setFinding(VerifyFinding.newBuilder()
                        .setKind(finding.kind().name().toLowerCase(Locale.ROOT))
                        .setFile(finding.file())
                        .setOffset(finding.offset())
                        .setMessage(finding.message()))
                .build());
    }

    private static VerifySummary summary(VerificationReport report) {
        return VerifySummary.newBuilder()
                .setFiles(report.files())
                .setBytes(report.bytes())
                .setRecords(report.records())
                .setLiveRecords(report.liveRecords())
                .setFindingsTotal(report.findingsTotal())
                .addAllNotes(report.notes())
                .setDurationMillis(report.durationMillis())
                .build();
    }

    private boolean isReady() {
        return call.ready().getAsBoolean() && handedOver;
    }

    /** Sends a message as soon as the transport takes it. */
    private void send(VerifyResponse message) {
        long begin = clock.nanoTime();
        while (!isReady()) {
            if (call.gone().getAsBoolean()) {
                throw new CancellationException("the client has gone");
            }
            if (call.stopping().getAsBoolean()) {
                throw NotServingException.shuttingDown();
            }
            if (clock.nanoTime() - begin > TimeUnit.SECONDS.toNanos(UNREAD_SECONDS_MAX)) {
                throw new OverloadedException(
                        "the connection to the client of this verification", UNREAD_SECONDS_MAX + " s without a read");
            }
            clock.parkNanos(POLL_NANOS);
        }
        handOver(message);
    }

    private void handOver(VerifyResponse message) {
        handedOver = false;
        call.eventLoop().execute(() -> {
            emitter.emit(message);
            handedOver = true;
        });
    }
}
