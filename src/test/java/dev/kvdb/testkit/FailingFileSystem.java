package dev.kvdb.testkit;

import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.env.SyncNotBegunException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Counts the operations on another file system, and fails those that a test asks it to.
 *
 * <p>A sync failed on top of a {@link CrashingFileSystem} loses the bytes there, as
 * {@link CrashingFileSystem#failNextSync} does. Operations that fail are counted too. Sizes, existence, free space and
 * locks are neither counted nor failed. It can also slow some operations down, so that threads overtake one another at
 * them. Safe for use by several threads.
 */
public final class FailingFileSystem implements FileSystem {

    private final FileSystem delegate;
    private final List<Armed> faults = new ArrayList<>();
    private final Map<FileOperation, LongAdder> counts = new EnumMap<>(FileOperation.class);
    private int held;
    private int healed;
    private volatile @Nullable Pauses pauses;

    /** Which operations wait a moment: about one in so many, by the seed and how many there were before. */
    private record Pauses(int oneIn, long seed, AtomicLong operations) {

        private static final int NANOS_MAX = 200_000;

        void mayPause() {
            SplittableRandom random = new SplittableRandom(seed + operations.getAndIncrement());
            if (random.nextInt(oneIn) == 0) {
                LockSupport.parkNanos(1 + random.nextInt(NANOS_MAX));
            }
        }
    }

    /** @param delegate carries out what is not failed */
    public FailingFileSystem(FileSystem delegate) {
        this.delegate = delegate;
        for (FileOperation operation : FileOperation.values()) {
            counts.put(operation, new LongAdder());
        }
    }

    /** Fails operations from now on; of several faults that match, the one injected first decides. */
    public void inject(Fault fault) {
        synchronized (faults) {
            faults.add(new Armed(fault));
        }
    }

    /** Fails nothing any more, and lets those go on that were held. */
    public void heal() {
        synchronized (faults) {
            faults.clear();
            healed++;
            faults.notifyAll();
        }
    }

    /** From now on about one operation in so many waits a moment before it begins. */
    public void pause(int oneIn, long seed) {
        pauses = new Pauses(oneIn, seed, new AtomicLong());
    }

    /** How many operations wait to be let go on. */
    public int held() {
        synchronized (faults) {
            return held;
        }
    }

    /** How many operations of a kind were begun since the start or the last reset. */
    public long count(FileOperation operation) {
        return counter(operation).sum();
    }

    /** How many operations of all kinds were begun since the start or the last reset. */
    public long count() {
        return counts.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** Counts from 0 again; faults keep their own count. */
    public void resetCounts() {
        counts.values().forEach(LongAdder::reset);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        failIfAsked(FileOperation.MAKE_DIRECTORY, directory);
        delegate.createDirectories(directory);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        failIfAsked(FileOperation.LIST, directory);
        return delegate.list(directory);
    }

    @Override
    public boolean exists(Path file) throws IOException {
        return delegate.exists(file);
    }

    @Override
    public long size(Path file) throws IOException {
        return delegate.size(file);
    }

    @Override
    public StoreFile create(Path file) throws IOException {
        failIfAsked(FileOperation.CREATE, file);
        return new FailingFile(file, delegate.create(file));
    }

    @Override
    public StoreFile openForReading(Path file) throws IOException {
        failIfAsked(FileOperation.OPEN, file);
        return new FailingFile(file, delegate.openForReading(file));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        failIfAsked(FileOperation.RENAME, from);
        delegate.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        failIfAsked(FileOperation.DELETE, file);
        delegate.delete(file);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        failIfAsked(FileOperation.SYNC_DIRECTORY, directory);
        delegate.syncDirectory(directory);
    }

    @Override
    public long usableBytes(Path directory) throws IOException {
        return delegate.usableBytes(directory);
    }

    @Override
    public long writableBytes(Path directory) throws IOException {
        return delegate.writableBytes(directory);
    }

    @Override
    public DirectoryLock lock(Path file, String owner) throws IOException {
        return delegate.lock(file, owner);
    }

    @Override
    public DirectoryLock lockUnchanged(Path file) throws IOException {
        return delegate.lockUnchanged(file);
    }

    private LongAdder counter(FileOperation operation) {
        return Objects.requireNonNull(counts.get(operation));
    }

    private void failIfAsked(FileOperation operation, Path file) throws IOException {
        Fault fault = begin(operation, file);
        if (fault != null) {
            throw failure(fault, operation, file);
        }
    }

    /** Counts the operation, and answers the fault that it meets. */
    private @Nullable Fault begin(FileOperation operation, Path file) {
        counter(operation).increment();
        Pauses active = pauses;
        if (active != null) {
            active.mayPause();
        }
        Fault met = null;
        synchronized (faults) {
            for (Armed armed : faults) {
                if (armed.meets(operation, file) && met == null) {
                    met = armed.fault;
                }
            }
            if (met != null && met.kind() == Fault.Kind.HOLD) {
                awaitHealed();
                met = null;
            } else if (met != null && met.kind() == Fault.Kind.HOLD_AND_FAIL) {
                awaitHealed();
            }
        }
        return met;
    }

    private void awaitHealed() {
        int before = healed;
        held++;
        try {
            while (healed == before) {
                faults.wait();
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while held", e);
        } finally {
            held--;
        }
    }

    private static IOException failure(Fault fault, FileOperation operation, Path file) {
        return switch (fault.kind()) {
            case IO_ERROR, SHORT_WRITE, HOLD_AND_FAIL ->
                new IOException("Input/output error (injected: " + operation + " " + file + ")");
            case NO_SPACE, SHORT_WRITE_NO_SPACE ->
                new NoSpaceException("No space left on device (injected: " + operation + " " + file + ")");
            case NO_DESCRIPTOR -> noDescriptor(operation, file);
            case NO_MEMORY -> throw new OutOfMemoryError("as if (injected: " + operation + " " + file + ")");
            case HOLD -> throw new AssertionError("a held operation goes on");
        };
    }

    private static IOException noDescriptor(FileOperation operation, Path file) {
        IOException refused = new FileSystemException(file.toString(), null, "Too many open files");
        return switch (operation) {
            case CREATE, OPEN, LIST -> refused;
            case SYNC_DIRECTORY -> new SyncNotBegunException(file, refused);
            default -> new IOException("Input/output error (injected: " + operation + " " + file + ")");
        };
    }

    /** A fault and the number of operations that it matched; guarded by the list it is in. */
    private static final class Armed {
        private final Fault fault;
        private long matched;

        Armed(Fault fault) {
            this.fault = fault;
        }

        boolean meets(FileOperation operation, Path file) {
            if (!fault.operations().contains(operation)
                    || !fault.names()
                            .matcher(String.valueOf(file.getFileName()))
                            .matches()) {
                return false;
            }
            matched++;
            return matched == fault.nth() || (fault.repeats() && matched > fault.nth());
        }
    }

    /** A file whose operations are counted and failed. */
    private final class FailingFile implements StoreFile {
        private final Path path;
        private final StoreFile file;

        FailingFile(Path path, StoreFile file) {
            this.path = path;
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            failIfAsked(FileOperation.READ, path);
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            Fault fault = begin(FileOperation.WRITE, path);
            if (fault == null) {
                file.write(source, position);
                return;
            }
            if (fault.kind() == Fault.Kind.SHORT_WRITE || fault.kind() == Fault.Kind.SHORT_WRITE_NO_SPACE) {
                int half = source.remaining() / 2;
                file.write(source.slice(source.position(), half), position);
                source.position(source.position() + half);
            }
            throw failure(fault, FileOperation.WRITE, path);
        }

        @Override
        public void truncate(long size) throws IOException {
            failIfAsked(FileOperation.TRUNCATE, path);
            file.truncate(size);
        }

        @Override
        public void sync() throws IOException {
            Fault fault = begin(FileOperation.SYNC, path);
            if (fault == null) {
                file.sync();
                return;
            }
            if (file instanceof CrashingFile crashing) {
                crashing.loseUnsynced();
            }
            throw failure(fault, FileOperation.SYNC, path);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
