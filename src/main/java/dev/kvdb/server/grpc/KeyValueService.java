package dev.kvdb.server.grpc;

import dev.kvdb.engine.Entry;
import dev.kvdb.engine.Lookup;
import dev.kvdb.engine.Store;
import dev.kvdb.server.CallsInFlight;
import dev.kvdb.server.StoreLifecycle;
import dev.kvdb.v1.GetRequest;
import dev.kvdb.v1.GetResponse;
import dev.kvdb.v1.KeyValue;
import dev.kvdb.v1.RemoveRequest;
import dev.kvdb.v1.RemoveResponse;
import dev.kvdb.v1.SetRequest;
import dev.kvdb.v1.SetResponse;
import io.quarkus.grpc.GrpcService;
import io.quarkus.grpc.RegisterInterceptor;
import io.smallrye.mutiny.Uni;

/**
 * Reads and writes of single keys. Handlers run on the event loop and never wait: memory answers at once, a disk read
 * goes to {@link DiskReaders}, a write to the store's queue. Failures become statuses in {@link StatusMapping}.
 */
@GrpcService
@RegisterInterceptor(CallInterceptor.class)
class KeyValueService implements KeyValue {

    private static final GetResponse ABSENT = GetResponse.getDefaultInstance();

    /** More bytes than a reply has beyond its value. */
    private static final long REPLY_ROOM_BYTES = 64;

    private final StoreLifecycle lifecycle;
    private final DiskReaders diskReaders;

    KeyValueService(StoreLifecycle lifecycle, DiskReaders diskReaders) {
        this.lifecycle = lifecycle;
        this.diskReaders = diskReaders;
    }

    @Override
    public Uni<GetResponse> get(GetRequest request) {
        Store store = lifecycle.store();
        long key = request.getKey();
        Lookup found = store.lookup(key);
        CallsInFlight.Call call = CallInterceptor.current();
        if (found instanceof Lookup.Cached cached) {
            GetResponse reply = reply(cached.entry());
            call.reserveReply(reply.getSerializedSize());
            return Uni.createFrom().item(reply);
        }
        if (found instanceof Lookup.OnDisk onDisk) {
            call.reserveReply(onDisk.valueBytesMax() + REPLY_ROOM_BYTES);
            return EventLoopReply.ofTask(diskReaders::execute, () -> read(store, key, call));
        }
        return Uni.createFrom().item(ABSENT);
    }

    private static GetResponse read(Store store, long key, CallsInFlight.Call call) {
        if (call.ended()) {
            return ABSENT; // to no one: the client has gone, and is spared the disk access
        }
        GetResponse reply = store.get(key).map(KeyValueService::reply).orElse(ABSENT);
        call.reserveReply(reply.getSerializedSize());
        return reply;
    }

    private static GetResponse reply(Entry entry) {
        return GetResponse.newBuilder()
                .setEntry(dev.kvdb.v1.Entry.newBuilder()
                        .setKey(entry.key())
                        .setValue(ValueBytes.wrap(entry.value()))
                        .setVersion(entry.version()))
                .build();
    }

    @Override
    public Uni<SetResponse> set(SetRequest request) {
        return EventLoopReply.ofStage(
                lifecycle.store().set(request.getKey(), ValueBytes.unwrap(request.getValue())),
                result -> SetResponse.newBuilder()
                        .setVersion(result.version())
                        .setReplaced(result.replaced())
                        .build());
    }

    @Override
    public Uni<RemoveResponse> remove(RemoveRequest request) {
        return EventLoopReply.ofStage(
                lifecycle.store().remove(request.getKey()),
                result -> RemoveResponse.newBuilder()
                        .setVersion(result.version())
                        .setRemoved(result.removed())
                        .build());
    }
}
