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
import jakarta.inject.Inject;
import java.util.Set;
import java.util.function.Supplier;

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

    private final Supplier<ServingCondition> condition;
    private final BroadcastProcessor<ServingCondition> changes = BroadcastProcessor.create();

    @Inject
    HealthService(StoreLifecycle lifecycle) {
        this(lifecycle::condition);
    }

    /** @param condition that of now */
    HealthService(Supplier<ServingCondition> condition) {
        this.condition = condition;
    }

    void conditionChanged(@Observes ServingCondition now) {
        changes.onNext(now);
        if (now.state() == ServingCondition.State.CLOSED) {
            changes.onComplete(); // a watch that went on would keep its connection open
        }
    }

    @Override
    public Uni<HealthCheckResponse> check(HealthCheckRequest request) {
        return SERVICES.contains(request.getService())
                ? Uni.createFrom().item(response(condition.get()))
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
        // Subscribed to changes before the condition is read, so that none falls in between.
        return Multi.createBy()
                .merging()
                .streams(changes, Multi.createFrom().item(condition::get))
                .map(any -> response(condition.get()))
                .skip()
                .repetitions();
    }

    private static HealthCheckResponse response(ServingCondition condition) {
        return HealthCheckResponse.newBuilder()
                .setStatus(condition.ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
                .build();
    }
}
