package dev.kvdb.server.grpc;

import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.quarkus.arc.Unremovable;
import io.quarkus.grpc.runtime.health.GrpcHealthStorage;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/**
 * Hears that the gRPC server listens. Quarkus tells nobody but its health storage, by declaring services to be serving;
 * where binding failed, it only logs. So this takes that storage's place.
 */
@Singleton
class TransportSignal {

    private volatile boolean listens;

    /**
     * A producer, and not a bean class, because the observer of Quarkus' class would be inherited; an alternative,
     * because dev mode has that class as a bean as well.
     */
    @Produces
    @Alternative
    @Priority(1)
    @Unremovable
    @Singleton
    GrpcHealthStorage storage() {
        return new GrpcHealthStorage() {
            @Override
            public void setStatus(String service, ServingStatus status) {
                listens = true;
            }
        };
    }

    /** Whether the gRPC server has come up. */
    boolean listens() {
        return listens;
    }
}
