package dev.kvdb.cli;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.kvdb.v1.AdminGrpc;
import dev.kvdb.v1.CollectGarbageRequest;
import dev.kvdb.v1.CollectGarbageResponse;
import dev.kvdb.v1.Entry;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValueGrpc;
import dev.kvdb.v1.LogStatus;
import dev.kvdb.v1.RecoveryStatus;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import dev.kvdb.v1.StatusRequest;
import dev.kvdb.v1.StatusResponse;
import dev.kvdb.v1.StoreState;
import dev.kvdb.v1.VerifyFinding;
import dev.kvdb.v1.VerifyProgress;
import dev.kvdb.v1.VerifyRequest;
import dev.kvdb.v1.VerifyResponse;
import dev.kvdb.v1.VerifySummary;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC server on a free loopback port that keeps values in memory, and misbehaves for some keys. Its services are no
 * {@code BindableService}: Quarkus would take them for the application's.
 */
public final class FakeServer implements AutoCloseable {

    /** A call on this key is never answered. */
    public static final long SILENT_KEY = 1001;
    /** A call on this key is refused with READ_ONLY. */
    public static final long READ_ONLY_KEY = 1002;
    /** A call on this key fails with DAMAGED. */
    public static final long DAMAGED_KEY = 1003;
    /** A call on this key finds the server shutting down. */
    public static final long SHUTTING_DOWN_KEY = 1004;
    /** A call on this key fails without details. */
    public static final long BARE_KEY = 1005;

    /** A set of this key is acknowledged and forgotten. */
    public static final long FORGOTTEN_KEY = 1006;

    /** A set of this key is refused with QUOTA_REACHED. */
    public static final long FULL_KEY = 1007;

    /** A get of this key finds half of its value. */
    public static final long CUT_KEY = 1008;

    /** A set of this key is acknowledged and forgotten, and its remove gets the reply of {@link #GATEWAY_KEY}. */
    public static final long UNREMOVABLE_KEY = 1009;

    /** A call on this key is answered by a gateway that finds no server behind it. */
    public static final long GATEWAY_KEY = 1011;

    /** A set of this key is never answered, and is applied after the key's next remove. */
    public static final long LATE_KEY = 1012;

    /** The largest message that it takes. */
    public static final int MESSAGE_BYTES_MAX = 64 << 20;

    private final Map<Long, Entry> entries = new ConcurrentHashMap<>();
    private final Set<Long> withoutFile = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable Entry> late = new AtomicReference<>();
    private final AtomicLong versions = new AtomicLong();
    private final Server server;

    public FakeServer() {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                .addService(KeyValueGrpc.bindService(new KeyValues()))
                .addService(AdminGrpc.bindService(new Operations()))
                .build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String address() {
        return "127.0.0.1:" + server.getPort();
    }

    /** The bytes of a key's value, as the server got them. */
    public byte[] value(long key) {
        return entries.get(key).getValue().toByteArray();
    }

    public boolean has(long key) {
        return entries.containsKey(key);
    }

    /** Gives a key a value, as if another client had set it. */
    public void put(long key, String value) {
        Entry.Builder entry = Entry.newBuilder().setKey(key).setValue(ByteString.copyFromUtf8(value));
        entries.put(key, entry.setVersion(versions.incrementAndGet()).build());
    }

    /** Has each set of a key fail with IO_FAILED from now on, as where no file can be made for it. */
    public void failSetsOf(long key) {
        withoutFile.add(key);
    }

    /** How many keys have a value. */
    public int size() {
        return entries.size();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private static boolean misbehaves(long key, StreamObserver<?> reply) {
        if (key == SILENT_KEY) {
            return true;
        }
        if (key == READ_ONLY_KEY) {
            reply.onError(failure(Code.FAILED_PRECONDITION, "READ_ONLY", "the store is read-only"));
            return true;
        }
        if (key == DAMAGED_KEY) {
            reply.onError(failure(Code.DATA_LOSS, "DAMAGED", "damaged data in 7.log at offset 42"));
            return true;
        }
        if (key == SHUTTING_DOWN_KEY) {
            reply.onError(failure(Code.UNAVAILABLE, "SHUTTING_DOWN", "the server is stopping"));
            return true;
        }
        if (key == BARE_KEY) {
            reply.onError(io.grpc.Status.INTERNAL.asRuntimeException());
            return true;
        }
        if (key == GATEWAY_KEY) {
            reply.onError(noServer());
            return true;
        }
        return false;
    }

    private static RuntimeException noServer() {
        return io.grpc.Status.UNIMPLEMENTED
                .withDescription("HTTP status code 404")
                .asRuntimeException();
    }

    private static RuntimeException failure(Code code, String reason, String message) {
        ErrorInfo info = ErrorInfo.newBuilder()
                .setDomain("kvdb")
                .setReason(reason)
                .putMetadata("file", "7.log")
                .build();
        return StatusProto.toStatusRuntimeException(Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(info))
                .build());
    }

    private static <T> void answer(StreamObserver<T> reply, T message) {
        reply.onNext(message);
        reply.onCompleted();
    }

    private final class KeyValues implements KeyValueGrpc.AsyncService {

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> reply) {
            if (misbehaves(request.getKey(), reply)) {
                return;
            }
            Entry entry = entries.get(request.getKey());
            if (entry != null && request.getKey() == CUT_KEY) {
                ByteString value = entry.getValue();
                entry = entry.toBuilder()
                        .setValue(value.substring(0, value.size() / 2))
                        .build();
            }
            GetResponse.Builder response = GetResponse.newBuilder();
            answer(reply, (entry == null ? response : response.setEntry(entry)).build());
        }

        @Override
        public void set(SetRequest request, StreamObserver<SetResponse> reply) {
            if (misbehaves(request.getKey(), reply)) {
                return;
            }
            if (request.getKey() == FULL_KEY) {
                reply.onError(failure(Code.RESOURCE_EXHAUSTED, "QUOTA_REACHED", "the database is full"));
                return;
            }
            if (withoutFile.contains(request.getKey())) {
                reply.onError(failure(Code.INTERNAL, "IO_FAILED", "cannot make 8.log"));
                return;
            }
            long version = versions.incrementAndGet();
            ByteString value = request.getValue();
            Entry entry = Entry.newBuilder()
                    .setKey(request.getKey())
                    .setValue(value)
                    .setVersion(version)
                    .build();
            if (request.getKey() == LATE_KEY) {
                late.set(entry);
                return;
            }
            boolean isForgotten = request.getKey() == FORGOTTEN_KEY || request.getKey() == UNREMOVABLE_KEY;
            boolean replaced = !isForgotten && entries.put(request.getKey(), entry) != null;
            answer(
                    reply,
                    SetResponse.newBuilder()
                            .setVersion(version)
                            .setReplaced(replaced)
                            .build());
        }

        @Override
        public void remove(RemoveRequest request, StreamObserver<RemoveResponse> reply) {
            if (misbehaves(request.getKey(), reply)) {
                return;
            }
            if (request.getKey() == UNREMOVABLE_KEY) {
                reply.onError(noServer());
                return;
            }
            boolean removed = entries.remove(request.getKey()) != null;
            Entry applied = request.getKey() == LATE_KEY ? late.getAndSet(null) : null;
            if (applied != null) {
                entries.put(LATE_KEY, applied);
            }
            long version = removed ? versions.incrementAndGet() : versions.get();
            answer(
                    reply,
                    RemoveResponse.newBuilder()
                            .setVersion(version)
                            .setRemoved(removed)
                            .build());
        }
    }

    private final class Operations implements AdminGrpc.AsyncService {

        @Override
        public void status(StatusRequest request, StreamObserver<StatusResponse> reply) {
            answer(
                    reply,
                    StatusResponse.newBuilder()
                            .setServerVersion("1.2.3")
                            .setState(StoreState.STORE_STATE_DISK_FULL)
                            .setStateDetail("no space")
                            .setUptimeMillis(65_000)
                            .setKeys(entries.size())
                            .setLastVersion(-1)
                            .setDiskFreeBytes(1536)
                            .setIndexBytes(2048)
                            .setIndexBytesMax(3 << 20)
                            .setKeysForecast(196_608)
                            .setLog(LogStatus.newBuilder().setSegments(2).setBytes(4096))
                            .setRecovery(RecoveryStatus.newBuilder().setTornBytes(7))
                            .build());
        }

        @Override
        public void collectGarbage(CollectGarbageRequest request, StreamObserver<CollectGarbageResponse> reply) {
            answer(
                    reply,
                    CollectGarbageResponse.newBuilder()
                            .setSegmentsCollected(1)
                            .setBytesCopied(10)
                            .setBytesReclaimed(request.getDryRun() ? 4096 : 2048)
                            .setDurationMillis(request.getDryRun() ? 0 : 12)
                            .build());
        }

        /** One finding at rate 1, none at rate 2; at rate 3 another one is running, at 4 the stream ends too early. */
        @Override
        public void verify(VerifyRequest request, StreamObserver<VerifyResponse> reply) {
            if (request.getBytesPerSecondMax() == 3) {
                reply.onError(
                        failure(Code.FAILED_PRECONDITION, "VERIFICATION_RUNNING", "another verification is running"));
                return;
            }
            boolean damaged = request.getBytesPerSecondMax() == 1;
            reply.onNext(VerifyResponse.newBuilder()
                    .setProgress(VerifyProgress.newBuilder().setDoneBytes(5).setTotalBytes(10))
                    .build());
            if (damaged) {
                reply.onNext(VerifyResponse.newBuilder()
                        .setFinding(VerifyFinding.newBuilder()
                                .setKind("index")
                                .setFile("/data/0000000001.log")
                                .setOffset(128)
                                .setMessage("the index has no entry for key 7"))
                        .build());
            }
            if (request.getBytesPerSecondMax() != 4) {
                reply.onNext(VerifyResponse.newBuilder()
                        .setSummary(VerifySummary.newBuilder()
                                .setFiles(3)
                                .setBytes(2048)
                                .setRecords(9)
                                .setLiveRecords(4)
                                .setFindingsTotal(damaged ? 1 : 0)
                                .addNotes("a note")
                                .setDurationMillis(12))
                        .build());
            }
            reply.onCompleted();
        }
    }
}
