package dev.kvdb.server.grpc;

import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.server.StoreLifecycle;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.Admin;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.VerifyRequest;
import dev.kvdb.v1.VerifyResponse;
import io.quarkus.grpc.GrpcService;
import io.quarkus.grpc.RegisterInterceptor;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;

/** Operations on the whole store. They may look at the disk, so they run in threads of their own. */
@GrpcService
@RegisterInterceptor(CallInterceptor.class)
class AdminService implements Admin {

    private final StoreLifecycle lifecycle;
    private final StatusReport statusReport;
    private final UpkeepThreads threads;
    private final ServerSettings settings;
    private final Clock clock;

    AdminService(
            StoreLifecycle lifecycle,
            StatusReport statusReport,
            UpkeepThreads threads,
            ServerSettings settings,
            Environment environment) {
        this.lifecycle = lifecycle;
        this.statusReport = statusReport;
        this.threads = threads;
        this.settings = settings;
        this.clock = environment.clock();
    }

    @Override
    public Uni<StatusResponse> status(StatusRequest request) {
        return EventLoopReply.ofTask(threads::report, statusReport::make);
    }

    @Override
    public Uni<CollectGarbageResponse> collectGarbage(CollectGarbageRequest request) {
        Store store = lifecycle.store();
        GarbageCollectionRequest what = new GarbageCollectionRequest(request.getDryRun(), true);
        return EventLoopReply.ofTask(threads::collect, () -> reply(store.collectGarbage(what)));
    }

    @Override
    public Multi<VerifyResponse> verify(VerifyRequest request) {
        Store store = lifecycle.store();
        long bytesPerSecondMax =
                request.hasBytesPerSecondMax() ? request.getBytesPerSecondMax() : settings.verifyBytesPerSecondMax();
        if (bytesPerSecondMax < 0) {
            throw InvalidStoreArgumentException.option(
                    "bytes_per_second_max", Long.toUnsignedString(bytesPerSecondMax), "less than 2^63");
        }
        VerificationStream.Call call = new VerificationStream.Call(
                CallInterceptor.current()::ended,
                CallInterceptor.currentIsReady(),
                () -> lifecycle.condition().isEnding(),
                EventLoopReply.eventLoop());
        return Multi.createFrom()
                .emitter(emitter -> threads.verify(
                        () -> new VerificationStream(call, emitter, clock).run(store, bytesPerSecondMax)));
    }

    private static CollectGarbageResponse reply(GarbageCollectionReport report) {
        return CollectGarbageResponse.newBuilder()
                .setSkipped(report.skipped())
                .setSegmentsCollected(report.segmentsCollected())
                .setBytesCopied(report.bytesCopied())
                .setBytesReclaimed(report.bytesReclaimed())
                .setDurationMillis(report.durationMillis())
                .build();
    }
}
