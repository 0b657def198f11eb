package dev.kvdb.server.grpc;

import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Times calls by operation and outcome, from arrival to the reply being handed to the transport. Safe for use by
 * several threads.
 */
@Singleton
class OperationTimers {

    private static final Duration[] BUCKETS = {
        Duration.ofNanos(50_000),
        Duration.ofNanos(100_000),
        Duration.ofNanos(250_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofNanos(2_500_000),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2_500),
        Duration.ofSeconds(10),
    };

    private final MeterRegistry registry;
    private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

    OperationTimers(MeterRegistry registry) {
        this.registry = registry;
        for (String operation : new String[] {"Get", "Set", "Remove"}) {
            timer(new Key(operation, "ok"));
        }
    }

    /** A monotonic reading to measure from. */
    long now() {
        return registry.config().clock().monotonicTime();
    }

    /** A call that began at {@code started} has ended with this status. */
    void ended(String method, long started, Status status) {
        ended(method, started, StatusMapping.outcome(status));
    }

    /** A call was ended by the transport before there was a reply, with this status where it tells. */
    void endedByTransport(String method, long started, @Nullable Status end) {
        ended(method, started, StatusMapping.outcomeOfTransport(end));
    }

    private void ended(String method, long started, String outcome) {
        timer(new Key(method, outcome)).record(now() - started, TimeUnit.NANOSECONDS);
    }

    private Timer timer(Key key) {
        Timer timer = timers.get(key);
        return timer != null ? timer : timers.computeIfAbsent(key, this::register);
    }

    private Timer register(Key key) {
        return Timer.builder("kvdb.operations")
                .description("Calls by operation and outcome")
                .tag("op", snakeCase(key.method()))
                .tag("outcome", key.outcome())
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    private static String snakeCase(String camelCase) {
        return camelCase.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(java.util.Locale.ROOT);
    }

    private record Key(String method, String outcome) {}
}
