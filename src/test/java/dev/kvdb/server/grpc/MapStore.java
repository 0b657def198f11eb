package dev.kvdb.server.grpc;

import dev.kvdb.engine.Entry;
import dev.kvdb.engine.GarbageCollectionReport;
import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.Lookup;
import dev.kvdb.engine.RemoveResult;
import dev.kvdb.engine.SetResult;
import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.StoreStatistics;
import dev.kvdb.engine.VerificationListener;
import dev.kvdb.engine.VerificationRequest;
import dev.kvdb.engine.error.InvalidStoreArgumentException;
import dev.kvdb.engine.recovery.VerificationReport;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A store that is a map and answers at once, for tests of what is before the engine. For one thread. */
final class MapStore implements Store {

    private final int valueBytesMax;
    private final TreeMap<Long, Entry> entries = new TreeMap<>();
    private long version;

    /** How fast each verification was to read. */
    final List<Long> verificationRates = new ArrayList<>();

    MapStore(int valueBytesMax) {
        this.valueBytesMax = valueBytesMax;
    }

    @Override
    public Optional<Entry> get(long key) {
        return Optional.ofNullable(entries.get(key));
    }

    @Override
    public Iterator<Entry> entries() {
        return List.copyOf(entries.values()).iterator();
    }

    @Override
    public Lookup lookup(long key) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return new Lookup.OnDisk(0);
        }
        return key % 2 == 0 ? new Lookup.Cached(entry) : new Lookup.OnDisk(entry.value().length);
    }

    @Override
    public CompletionStage<SetResult> set(long key, byte[] value) {
        if (value.length > valueBytesMax) {
            return CompletableFuture.failedStage(
                    InvalidStoreArgumentException.valueTooLarge(value.length, valueBytesMax));
        }
        version++;
        boolean replaced = entries.put(key, new Entry(key, version, value)) != null;
        return CompletableFuture.completedStage(new SetResult(version, replaced));
    }

    @Override
    public CompletionStage<RemoveResult> remove(long key) {
        boolean removed = entries.remove(key) != null;
        return CompletableFuture.completedStage(new RemoveResult(removed ? ++version : version, removed));
    }

    @Override
    public GarbageCollectionReport collectGarbage(GarbageCollectionRequest request) {
        return new GarbageCollectionReport(request.dryRun(), 1, 2, 3, 4);
    }

    @Override
    public VerificationReport verify(VerificationRequest request, VerificationListener listener) {
        verificationRates.add(request.bytesPerSecondMax());
        return new VerificationReport(0, 0, entries.size(), entries.size(), List.of(), 0, List.of(), 0, 0);
    }

    @Override
    public StoreStatistics statistics() {
        return new StoreStatistics(
                StoreState.WRITABLE,
                "",
                entries.size(),
                version,
                -1,
                0,
                0,
                0,
                0,
                0,
                new StoreStatistics.Log(0, 0, 0, 0, 0, 0),
                new StoreStatistics.Writes(0, 0, 0, 0, 0, 0, 0, null, 0, 0),
                new StoreStatistics.Reads(0, 0, 0, 0, 0),
                new StoreStatistics.GarbageCollection(false, 0, 0, 0, 0, null),
                new StoreStatistics.Recovery(0, true, 0, 0, 0));
    }

    @Override
    public void close() {}
}
