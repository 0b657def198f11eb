package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreListener;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.error.DirectoryLockedException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.server.ServingCondition.State;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.LoggedLines;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerStart;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.http.HttpServerOptions;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.NotificationOptions;
import jakarta.enterprise.util.TypeLiteral;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the owner of the store lets go of it, in time and with the right words. */
class StoreLifecycleTest {

    private static final Duration NO_TIME = Duration.ofMillis(1);
    private static final Duration ENOUGH = Duration.ofMinutes(1);
    private static final Path DIRECTORY = Path.of("/kvdb/store");

    private final FailingFileSystem files = new FailingFileSystem(new CrashingFileSystem());
    private final ManualClock clock = new ManualClock();
    private final Environment environment = TestEnvironment.of(files, clock, 1);
    private final LoggedLines log = new LoggedLines("dev.kvdb.server");
    private final HttpSignal http = new HttpSignal();

    @AfterEach
    void leaveLog() {
        files.heal();
        log.close();
    }

    @Test
    void closedStore_isSaidToBeClosed_andTheNextOpenIsClean() {
        StoreLifecycle lifecycle = opened(environment);

        lifecycle.drain();
        lifecycle.close(ENOUGH);
        lifecycle.close(ENOUGH);

        assertThat(lifecycle.condition().state()).isEqualTo(State.CLOSED);
        assertThat(log.lines).containsOnlyOnce("closed the store");
        assertThat(isCleanAtNextOpen()).isTrue();
    }

    @Test
    void openStore_isSaidToBeServed_onceHttpListensToo() {
        StoreLifecycle lifecycle = opened(environment);
        Awaitility.await().until(() -> log.lines.stream().anyMatch(line -> line.startsWith("opened in ")));
        assertThat(log.lines)
                .noneMatch(line -> line.startsWith("serving"))
                .anyMatch(line -> line.endsWith(": 0 keys, 0 segments of 0 KiB in all"));

        http.started(new HttpServerStart(new HttpServerOptions()));

        Awaitility.await().until(() -> log.lines.contains("serving gRPC on localhost:1, HTTP on localhost:2"));
        lifecycle.close(ENOUGH);
        opened(environment).close(ENOUGH);
        assertThat(log.lines).anyMatch(line -> line.contains(": 1 key, 1 segment of "));
    }

    @Test
    void httpThatListensDuringTheStop_isNotSaidToServe() {
        StoreLifecycle lifecycle = opened(environment);
        lifecycle.drain();
        http.started(new HttpServerStart(new HttpServerOptions()));
        lifecycle.close(ENOUGH);

        assertThat(log.lines).noneMatch(line -> line.startsWith("serving"));
    }

    @Test
    void storeThatFailsDuringTheStop_isDrainedOn() {
        StoreLifecycle lifecycle = opened(environment);
        lifecycle.drain();
        files.inject(Fault.on(FileOperation.SYNC).named(".*log"));
        assertThatThrownBy(() -> lifecycle
                        .store()
                        .set(1, new byte[10])
                        .toCompletableFuture()
                        .join())
                .hasCauseInstanceOf(StoreReadOnlyException.class);

        assertThat(lifecycle.condition().state()).isEqualTo(State.DRAINING);
        lifecycle.close(ENOUGH);
    }

    @ParameterizedTest
    @CsvSource({"PT0.001S, 5 s", "PT6S, 6 s"})
    void closeThatTakesTooLong_isLeft_andNotSaidToBeDone(Duration limit, String said) {
        StoreLifecycle lifecycle = opened(environment);
        files.inject(Fault.on(FileOperation.CREATE)
                .named("SNAPSHOT.*")
                .as(Fault.Kind.HOLD)
                .forEver());

        lifecycle.drain();
        lifecycle.close(limit);

        assertThat(lifecycle.condition().state()).isEqualTo(State.CLOSED);
        assertThat(log.lines)
                .doesNotContain("closed the store")
                .anyMatch(line -> line.startsWith("closing the store takes longer than " + said));
    }

    @Test
    void closeThatFailsForADefect_isLogged_andTheStateIsClosed() {
        StoreLifecycle lifecycle = opened(new Environment(
                withLockThatCannotBeReleased(), environment.clock(), environment.random(), environment.threads()));

        lifecycle.drain();
        lifecycle.close(ENOUGH);

        assertThat(lifecycle.condition().state()).isEqualTo(State.CLOSED);
        assertThat(log.lines)
                .doesNotContain("closed the store")
                .anyMatch(line -> line.contains("because of a defect of kvdb"));
    }

    @Test
    void openThatHangs_isLeft_andWhatItOpensLaterIsClosedAgain() {
        files.inject(Fault.on(FileOperation.CREATE)
                .named("RESERVE")
                .as(Fault.Kind.HOLD)
                .forEver());
        StoreLifecycle lifecycle = started(environment);
        Awaitility.await().until(() -> files.held() == 1);

        lifecycle.drain();
        lifecycle.close(NO_TIME);

        assertThat(lifecycle.condition().state()).isEqualTo(State.CLOSED);
        assertThat(lifecycle.openStore()).isEmpty();
        assertThat(log.lines).anyMatch(line -> line.startsWith("the store is still being opened"));
        files.heal();
        Awaitility.await().ignoreException(DirectoryLockedException.class).until(this::isCleanAtNextOpen);
    }

    @Test
    void stopWhileOpening_endsTheOpen() {
        opened(environment).close(ENOUGH);
        files.inject(Fault.on(FileOperation.LIST).nth(2).as(Fault.Kind.HOLD));
        StoreLifecycle lifecycle = started(environment);
        Awaitility.await().until(() -> files.held() == 1);

        lifecycle.drain();
        files.heal();
        lifecycle.close(ENOUGH);

        assertThat(lifecycle.condition().state()).isEqualTo(State.CLOSED);
        assertThat(lifecycle.openStore()).isEmpty();
        assertThat(log.lines).anyMatch(line -> line.startsWith("ended the open of the store"));
        assertThat(isCleanAtNextOpen()).isTrue();
    }

    /** As a live reload of dev mode does: a new owner in the same process, on real files. */
    @Test
    void stopAndStartInOneProcess_letsGoOfLockAndFiles_andKeepsTheData(@TempDir Path real) throws IOException {
        Path store = real.resolve("store");
        for (int start = 0; start < 3; start++) {
            StoreLifecycle lifecycle = started(Environment.system(), store);
            Awaitility.await().until(() -> lifecycle.condition().ready());
            for (int key = 0; key < start; key++) {
                assertThat(lifecycle.store().get(key).orElseThrow().value()).containsExactly(key);
            }
            lifecycle
                    .store()
                    .set(start, new byte[] {(byte) start})
                    .toCompletableFuture()
                    .join();
            assertThat(openFilesIn(store)).isNotEmpty();

            lifecycle.drain();
            lifecycle.close(ENOUGH);

            assertThat(openFilesIn(store)).isEmpty();
        }
        try (Store next = Store.open(store, StoreOptions.DEFAULTS)) {
            assertThat(next.statistics().recovery().clean()).isTrue();
            assertThat(next.statistics().keys()).isEqualTo(3);
        }
    }

    /** Of this process, as Linux tells. */
    private static List<String> openFilesIn(Path directory) throws IOException {
        List<String> open = new ArrayList<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    open.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException e) {
                    // Closed meanwhile, as that of this listing.
                }
            }
        }
        open.removeIf(file -> !file.startsWith(directory.toString()));
        return open;
    }

    private StoreLifecycle opened(Environment with) {
        StoreLifecycle lifecycle = started(with);
        Awaitility.await().until(() -> lifecycle.condition().ready());
        lifecycle.store().set(1, new byte[10]).toCompletableFuture().join();
        return lifecycle;
    }

    private StoreLifecycle started(Environment with) {
        return started(with, DIRECTORY);
    }

    private StoreLifecycle started(Environment with, Path directory) {
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(ServerConfiguration.class)
                .withSources(new PropertiesConfigSource(
                        Map.of(
                                "kvdb.data-directory", directory.toString(),
                                "quarkus.grpc.server.host", "localhost",
                                "quarkus.grpc.server.port", "1",
                                "quarkus.http.host", "localhost",
                                "quarkus.http.port", "2"),
                        "test",
                        300))
                .build();
        StoreLifecycle lifecycle = new StoreLifecycle(
                new ServerSettings(config.getConfigMapping(ServerConfiguration.class)),
                new SyncMeters(new SimpleMeterRegistry()),
                new NobodyListens(),
                new Addresses(config),
                http,
                with);
        lifecycle.start(new StartupEvent());
        return lifecycle;
    }

    private boolean isCleanAtNextOpen() {
        try (Store store = Store.open(DIRECTORY, StoreOptions.DEFAULTS, environment, StoreListener.NONE)) {
            return store.statistics().recovery().clean();
        }
    }

    private FileSystem withLockThatCannotBeReleased() {
        DirectoryLock lock = () -> {
            throw new IllegalStateException("a defect");
        };
        return (FileSystem) Proxy.newProxyInstance(
                FileSystem.class.getClassLoader(), new Class<?>[] {FileSystem.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("lock")) {
                        return lock;
                    }
                    try {
                        return method.invoke(files, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static final class NobodyListens implements Event<ServingCondition> {

        @Override
        public void fire(ServingCondition event) {}

        @Override
        public <U extends ServingCondition> CompletionStage<U> fireAsync(U event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends ServingCondition> CompletionStage<U> fireAsync(U event, NotificationOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Event<ServingCondition> select(Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends ServingCondition> Event<U> select(Class<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends ServingCondition> Event<U> select(TypeLiteral<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }
    }
}
