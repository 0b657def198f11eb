package dev.kvdb.server.grpc;

import dev.kvdb.engine.Entry;
import dev.kvdb.engine.Lookup;
import dev.kvdb.engine.Store;
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
        if (found instanceof Lookup.Cached cached) {
            return Uni.createFrom().item(reply(cached.entry()));
        }
        if (found instanceof Lookup.Absent) {
            return Uni.createFrom().item(ABSENT);
        }
        return EventLoopReply.ofTask(
                diskReaders::execute,
                () -> store.get(key).map(KeyValueService::reply).orElse(ABSENT));
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
