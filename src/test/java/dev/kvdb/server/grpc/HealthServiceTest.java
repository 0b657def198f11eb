package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.server.ServingCondition;
import dev.kvdb.server.ServingCondition.State;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import org.junit.jupiter.api.Test;

class HealthServiceTest {

    private static final ServingCondition OPENING = new ServingCondition(State.OPENING, "");
    private static final ServingCondition WRITABLE = new ServingCondition(State.WRITABLE, "");

    private final HealthService service = new HealthService(this::condition);
    private ServingCondition condition = OPENING;
    private boolean changesWhenRead;

    /** What is read may be outdated at once. */
    private ServingCondition condition() {
        ServingCondition read = condition;
        if (changesWhenRead) {
            changesWhenRead = false;
            become(WRITABLE);
        }
        return read;
    }

    private void become(ServingCondition next) {
        condition = next;
        service.conditionChanged(next);
    }

    @Test
    void changeAtTheMomentThatAWatchBegins_isSeen() {
        changesWhenRead = true;

        assertThat(watch().getItems())
                .extracting(HealthCheckResponse::getStatus)
                .endsWith(ServingStatus.SERVING);
    }

    @Test
    void watch_seesEachChangeOnce_andEndsWithTheServer() {
        AssertSubscriber<HealthCheckResponse> watcher = watch();
        become(WRITABLE);
        become(new ServingCondition(State.WRITABLE, "with another detail"));
        become(new ServingCondition(State.DRAINING, ""));
        become(new ServingCondition(State.CLOSED, ""));

        assertThat(watcher.getItems())
                .extracting(HealthCheckResponse::getStatus)
                .containsExactly(ServingStatus.NOT_SERVING, ServingStatus.SERVING, ServingStatus.NOT_SERVING);
        watcher.assertCompleted();
    }

    private AssertSubscriber<HealthCheckResponse> watch() {
        return service.watch(HealthCheckRequest.getDefaultInstance())
                .subscribe()
                .withSubscriber(AssertSubscriber.create(10));
    }
}
