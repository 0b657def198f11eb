package dev.kvdb.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.server.ServedStore;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.lang.reflect.Proxy;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminServiceTest {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final UpkeepThreads threads = new UpkeepThreads();

    @AfterEach
    void stop() {
        threads.stop();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void collection_isForcedAndAskedForAsInTheRequest_andRepliesWithItsFigures(boolean flag) {
        ServedStore served = new ServedStore((Store) Proxy.newProxyInstance(
                Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("collectGarbage");
                    assertThat(arguments).containsExactly(new GarbageCollectionRequest(flag, true));
                    return new GarbageCollectionReport(flag, 11, 12, 13, 14);
                }));
        ServerSettings settings = new ServerSettings(new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(ServerConfiguration.class)
                .build()
                .getConfigMapping(ServerConfiguration.class));
        AdminService admin = new AdminService(
                served,
                new StatusReport(served, served.scrub(settings), "tested"),
                threads,
                settings,
                Environment.system());

        CollectGarbageResponse reply = admin.collectGarbage(
                        CollectGarbageRequest.newBuilder().setDryRun(flag).build())
                .await()
                .atMost(PATIENCE);

        assertThat(reply)
                .isEqualTo(CollectGarbageResponse.newBuilder()
                        .setSkipped(flag)
                        .setSegmentsCollected(11)
                        .setBytesCopied(12)
                        .setBytesReclaimed(13)
                        .setDurationMillis(14)
                        .build());
    }
}
