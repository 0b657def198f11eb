package dev.kvdb.engine;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A store whose disk is memory, whose clock stands still, and which a test may crash, damage and open again. */
public final class MemoryStore implements AutoCloseable {

    /** No cache, no reserve, small segments, no upkeep by itself. */
    public static final StoreOptions SMALL = StoreOptions.DEFAULTS.toBuilder()
            .segmentBytesMax(64 * 1024)
            .valueBytesMax(16 * 1024)
            .cacheBytesMax(0)
            .reserveBytes(0)
            .garbageCollection(new StoreOptions.GarbageCollection(0, 0.3, 0, 0))
            .build();

    public final CrashingFileSystem disk;
    public final FailingFileSystem files;
    public final ManualClock clock = new ManualClock();

    private StoreListener listener = StoreListener.NONE;
    private StoreOptions options;
    private long seed = 1;
    private @Nullable Store store;

    /** A directory without a store. */
    public MemoryStore() {
        this(new CrashingFileSystem(), SMALL);
    }

    /** A disk that may have a store on it; see {@link #open}. */
    public MemoryStore(CrashingFileSystem disk, StoreOptions options) {
        this.disk = disk;
        this.files = new FailingFileSystem(disk);
        this.options = options;
    }

    /** Uses these options from the next open on. */
    public MemoryStore with(StoreOptions next) {
        options = next;
        return this;
    }

    /** Tells this listener from the next open on. */
    public MemoryStore with(StoreListener next) {
        listener = next;
        return this;
    }

    /** Opens the store. */
    public MemoryStore open() {
        Environment environment = TestEnvironment.of(files, clock, seed++);
        store = Store.open(disk.root(), options, environment, listener);
        return this;
    }

    /** The open store. */
    public Store store() {
        if (store == null) {
            throw new IllegalStateException("the store is not open");
        }
        return store;
    }

    /** Closes the store properly and opens it again. */
    public MemoryStore reopen() {
        close();
        return open();
    }

    /** What the disk would hold had the process died now; this store goes on. */
    public MemoryStore image() {
        return new MemoryStore(disk.copy(), options);
    }

    /** Sets a key and waits. */
    public SetResult set(long key, String value) {
        return await(store().set(key, value.getBytes(StandardCharsets.UTF_8)));
    }

    /** Sets a key to so many bytes and waits. */
    public SetResult set(long key, int valueBytes) {
        return await(store().set(key, value(key, valueBytes)));
    }

    /** Removes a key and waits. */
    public RemoveResult remove(long key) {
        return await(store().remove(key));
    }

    /** The key's value as text; null where it has none. */
    public @Nullable String get(long key) {
        return store().get(key)
                .map(entry -> new String(entry.value(), StandardCharsets.UTF_8))
                .orElse(null);
    }

    /** All entries: key to version and a hash of the value. */
    public Map<Long, String> entries() {
        Map<Long, String> all = new TreeMap<>();
        for (Iterator<Entry> entries = store().entries(); entries.hasNext(); ) {
            Entry entry = entries.next();
            all.put(entry.key(), entry.version() + ":" + java.util.Arrays.hashCode(entry.value()));
        }
        return all;
    }

    /** A file of the store. */
    public Path file(String name) {
        return disk.path(name);
    }

    /** All files but the lock, with their bytes. */
    public Map<String, String> contents() {
        Map<String, String> all = new TreeMap<>();
        try {
            for (String name : disk.list(disk.root())) {
                if (!name.equals("LOCK")) {
                    byte[] bytes = disk.contents(disk.path(name));
                    all.put(name, bytes.length + ":" + java.util.Arrays.hashCode(bytes));
                }
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return all;
    }

    @Override
    public void close() {
        if (store != null) {
            store.close();
            store = null;
        }
    }

    /** Bytes that tell which key they were made for. */
    public static byte[] value(long key, int bytes) {
        byte[] value = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            value[i] = (byte) (key * 31 + i * 7 + (i >> 8));
        }
        return value;
    }

    /** Waits for a write. A failure is thrown as it is. */
    public static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
