package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.ServerProcess;
import io.grpc.reflection.v1.MutinyServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.smallrye.mutiny.Multi;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Quarkus has reflection off in production unless it is configured, so only the packaged server can tell. */
class ReflectionIT {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** Far more than 32 KiB of replies. */
    private static final int REQUESTS = 100;

    @TempDir
    private Path directory;

    @Test
    void packagedServer_listsItsServices_andDescribesThemToWhoeverAsksForMuchAtOnce() {
        try (ServerProcess server = ServerProcess.start(directory).awaitReady();
                ServerUnderTest client = ServerUnderTest.atPort(server.grpcPort())) {
            assertThat(ask(client, 1, ServerReflectionRequest.newBuilder().setListServices("*"))
                            .get(0)
                            .getListServicesResponse()
                            .getServiceList())
                    .extracting(ServiceResponse::getName)
                    .contains("kvdb.v1.KeyValue", "kvdb.v1.Admin", "grpc.health.v1.Health");
            assertThat(ask(
                            client,
                            REQUESTS,
                            ServerReflectionRequest.newBuilder().setFileContainingSymbol("kvdb.v1.KeyValue")))
                    .hasSize(REQUESTS)
                    .allSatisfy(reply -> assertThat(
                                    reply.getFileDescriptorResponse().getFileDescriptorProtoCount())
                            .isPositive());
        }
    }

    /** Asks so many times on one stream, without waiting for replies. */
    private static List<ServerReflectionResponse> ask(
            ServerUnderTest client, int times, ServerReflectionRequest.Builder request) {
        return MutinyServerReflectionGrpc.newMutinyStub(client.channel())
                .serverReflectionInfo(Multi.createFrom().range(0, times).map(time -> request.build()))
                .collect()
                .asList()
                .await()
                .atMost(PATIENCE);
    }
}
