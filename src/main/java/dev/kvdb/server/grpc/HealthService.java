package dev.kvdb.server.grpc;

import dev.kvdb.server.ServingCondition;
import dev.kvdb.server.StoreLifecycle;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.KeyValueGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import grpc.health.v1.MutinyHealthGrpc;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.operators.multi.processors.BroadcastProcessor;
import jakarta.enterprise.event.Observes;
import java.util.Set;

/**
 * {@code grpc.health.v1}, agreeing with readiness over HTTP at each moment: both are made of {@link ServingCondition}.
 *
 * <p>Quarkus' own implementation declares every service serving as soon as its transport listens, which is before the
 * store is open, and knows no unknown services.
 */
@GrpcService
class HealthService extends MutinyHealthGrpc.HealthImplBase {

    /** The empty name stands for the server as a whole. */
    private static final Set<String> SERVICES = Set.of("", KeyValueGrpc.SERVICE_NAME, AdminGrpc.SERVICE_NAME);

    /** Of the protocol, but not in the version of it that Quarkus has generated. */
    private static final int SERVICE_UNKNOWN = 3;

    private final StoreLifecycle lifecycle;
    private final BroadcastProcessor<ServingCondition> changes = BroadcastProcessor.create();

    HealthService(StoreLifecycle lifecycle) {
        this.lifecycle = lifecycle;
    }

    void conditionChanged(@Observes ServingCondition condition) {
        changes.onNext(condition);
        if (condition.state() == ServingCondition.State.CLOSED) {
            changes.onComplete(); // a watch that went on would keep its connection open
        }
    }

    @Override
    public Uni<HealthCheckResponse> check(HealthCheckRequest request) {
        return SERVICES.contains(request.getService())
                ? Uni.createFrom().item(response(lifecycle.condition()))
                : Uni.createFrom().failure(StatusMapping.unknownService(request.getService()));
    }

    @Override
    public Multi<HealthCheckResponse> watch(HealthCheckRequest request) {
        if (!SERVICES.contains(request.getService())) {
            return Multi.createBy()
                    .concatenating()
                    .streams(
                            Multi.createFrom()
                                    .item(HealthCheckResponse.newBuilder()
                                            .setStatusValue(SERVICE_UNKNOWN)
                                            .build()),
                            changes.map(HealthService::response).skip().where(any -> true));
        }
        return Multi.createBy()
                .merging()
                .streams(Multi.createFrom().item(lifecycle::condition), changes)
                .map(HealthService::response)
                .skip()
                .repetitions();
    }

    private static HealthCheckResponse response(ServingCondition condition) {
        return HealthCheckResponse.newBuilder()
                .setStatus(condition.ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
                .build();
    }
}
