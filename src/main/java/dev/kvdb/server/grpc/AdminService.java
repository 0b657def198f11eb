package dev.kvdb.server.grpc;

import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Store;
import dev.kvdb.server.StoreLifecycle;
import dev.kvdb.v1.Admin;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import io.quarkus.grpc.GrpcService;
import io.quarkus.grpc.RegisterInterceptor;
import io.smallrye.mutiny.Uni;

/** Operations on the whole store. They may look at the disk, so they run in threads of their own. */
@GrpcService
@RegisterInterceptor(CallInterceptor.class)
class AdminService implements Admin {

    private final StoreLifecycle lifecycle;
    private final StatusReport statusReport;
    private final UpkeepThreads threads;

    AdminService(StoreLifecycle lifecycle, StatusReport statusReport, UpkeepThreads threads) {
        this.lifecycle = lifecycle;
        this.statusReport = statusReport;
        this.threads = threads;
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
