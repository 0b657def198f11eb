package dev.kvdb.server.grpc;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.ServedStore;
import dev.kvdb.server.config.ServerConfiguration;
import dev.kvdb.server.config.ServerSettings;
import dev.kvdb.testkit.Allocation;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.VerifyRequest;
import dev.kvdb.v1.VerifyResponse;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCalls;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Any bytes as a request of each method, through the marshaller, the interceptor, the service and the mapping of
 * errors: each call is closed once, with a reply or with a status that is the client's fault; what was set is read
 * back; and no call stays in flight.
 */
class RequestFuzzTest {

    private static final int VALUE_BYTES_MAX = 1024;
    private static final int BYTES_ALLOCATED_MAX = 1 << 20;
    private static final int BYTES_ALLOCATED_PER_BYTE = 64;
    private static final Set<Status.Code> CLIENTS_FAULT =
            Set.of(Status.Code.INVALID_ARGUMENT, Status.Code.RESOURCE_EXHAUSTED);

    private final ServerSettings settings = new ServerSettings(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(ServerConfiguration.class)
            .withSources(new PropertiesConfigSource(
                    Map.of(
                            "kvdb.storage.value-size-max",
                            String.valueOf(VALUE_BYTES_MAX),
                            "kvdb.limits.bytes-in-flight",
                            "65K"),
                    "test",
                    300))
            .build()
            .getConfigMapping(ServerConfiguration.class));
    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final CallsInFlight calls = ServedStore.calls(settings);
    private final StatusMapping statusMapping = new StatusMapping(settings);
    private final CallInterceptor interceptor =
            new CallInterceptor(calls, new OperationTimers(registry), statusMapping);
    private final MapStore store = new MapStore(VALUE_BYTES_MAX);
    private final ServedStore served = new ServedStore(store);
    private final KeyValueService keyValue = new KeyValueService(served, new DiskReaders(settings, registry) {
        @Override
        void execute(Runnable read) {
            read.run();
        }
    });
    private final AdminService admin = new AdminService(
            served,
            new StatusReport(served, served.scrub(settings), "fuzzed"),
            new UpkeepThreads() {
                @Override
                void collect(Runnable collection) {
                    collection.run();
                }

                @Override
                void verify(Runnable verification) {
                    verification.run();
                }

                @Override
                void report(Runnable report) {
                    report.run();
                }
            },
            settings,
            Environment.system());

    @FuzzTest
    void anyBytesAsARequest_areAnsweredOrRefusedAndWhatWasSetIsReadBack(byte[] data) {
        byte[] request = new byte[Math.max(0, data.length - 1)];
        System.arraycopy(data, data.length - request.length, request, 0, request.length);
        int method = data.length == 0 ? 0 : (data[0] & 0xFF) % 5;
        long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * data.length;
        Allocation.requireAtMost(bytesMax, () -> call(method, request));
    }

    /** Such a call is answered by a stream. */
    @FuzzTest
    void anyBytesAsARequestToVerify_areTheRateOfTheVerificationOrRefused(byte[] data) {
        long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * data.length;
        Allocation.requireAtMost(bytesMax, () -> verify(data));
    }

    private void verify(byte[] bytes) {
        MethodDescriptor<VerifyRequest, VerifyResponse> method = AdminGrpc.getVerifyMethod();
        VerifyRequest request = parse(method, bytes);
        if (request == null) {
            return;
        }
        store.verificationRates.clear();
        VerifyResponse reply = call(
                method,
                request,
                ServerCalls.asyncServerStreamingCall((message, observer) -> Multi.createFrom()
                        .deferred(() -> admin.verify(message))
                        .subscribe()
                        .with(
                                observer::onNext,
                                failure -> observer.onError(statusMapping.transform(failure)),
                                observer::onCompleted)));
        long rate =
                request.hasBytesPerSecondMax() ? request.getBytesPerSecondMax() : settings.verifyBytesPerSecondMax();
        List<Long> expected = rate < 0 ? List.of() : List.of(rate);
        if (!store.verificationRates.equals(expected) || (reply == null) != expected.isEmpty()) {
            throw new AssertionError(
                    request + " is answered by " + reply + ", verifications: " + store.verificationRates);
        }
        if (reply != null && !reply.hasSummary()) {
            throw new AssertionError(request + " is answered by no summary but " + reply);
        }
    }

    private void call(int method, byte[] request) {
        switch (method) {
            case 0 -> call(KeyValueGrpc.getGetMethod(), keyValue::get, request);
            case 1 -> setAndReadBack(request);
            case 2 -> call(KeyValueGrpc.getRemoveMethod(), keyValue::remove, request);
            case 3 -> call(AdminGrpc.getStatusMethod(), admin::status, request);
            default -> call(AdminGrpc.getCollectGarbageMethod(), admin::collectGarbage, request);
        }
    }

    private void setAndReadBack(byte[] request) {
        if (call(KeyValueGrpc.getSetMethod(), keyValue::set, request) == null) {
            return;
        }
        SetRequest set = KeyValueGrpc.getSetMethod().parseRequest(new ByteArrayInputStream(request));
        byte[] get = GetRequest.newBuilder().setKey(set.getKey()).build().toByteArray();
        GetResponse got = call(KeyValueGrpc.getGetMethod(), keyValue::get, get);
        if (got == null || !got.hasEntry() || !got.getEntry().getValue().equals(set.getValue())) {
            throw new AssertionError(set + " is read back as " + got);
        }
    }

    /** The reply; null where the bytes are no request, or were refused. */
    private <Q, R> @Nullable R call(MethodDescriptor<Q, R> method, Function<Q, Uni<R>> handler, byte[] bytes) {
        Q request = parse(method, bytes);
        return request == null
                ? null
                : call(
                        method,
                        request,
                        ServerCalls.asyncUnaryCall((message, observer) -> Uni.createFrom()
                                .deferred(() -> handler.apply(message))
                                .subscribe()
                                .with(
                                        reply -> {
                                            observer.onNext(reply);
                                            observer.onCompleted();
                                        },
                                        failure -> observer.onError(statusMapping.transform(failure)))));
    }

    /** Null where the bytes are no request. */
    private static <Q> @Nullable Q parse(MethodDescriptor<Q, ?> method, byte[] bytes) {
        try {
            return method.parseRequest(new ByteArrayInputStream(bytes));
        } catch (StatusRuntimeException malformed) {
            return null;
        }
    }

    private <Q, R> @Nullable R call(MethodDescriptor<Q, R> method, Q request, ServerCallHandler<Q, R> answering) {
        Recorded<Q, R> call = new Recorded<>(method);
        ServerCall.Listener<Q> listener = interceptor.interceptCall(call, new Metadata(), answering);
        listener.onMessage(request);
        listener.onHalfClose();
        if (call.closedWith.size() == 1 && call.closedWith.get(0).isOk()) {
            listener.onComplete();
        } else {
            listener.onCancel();
        }
        if (calls.requests() != 0 || calls.bytes() != 0) {
            throw new AssertionError(calls.requests() + " calls and " + calls.bytes() + " bytes stay in flight");
        }
        return call.reply(request);
    }

    /** What a call was answered. */
    private static final class Recorded<Q, R> extends FakeCall<Q, R> {

        Recorded(MethodDescriptor<Q, R> method) {
            super(method);
        }

        @Nullable
        R reply(Q request) {
            if (closedWith.size() != 1) {
                throw new AssertionError(request + " is closed with each of " + closedWith);
            }
            Status status = closedWith.get(0);
            boolean fits = status.isOk() ? replies.size() == 1 : CLIENTS_FAULT.contains(status.getCode());
            if (!fits) {
                throw new AssertionError(request + " is answered by " + replies + " and " + status, status.getCause());
            }
            return status.isOk() ? replies.get(0) : null;
        }
    }
}
