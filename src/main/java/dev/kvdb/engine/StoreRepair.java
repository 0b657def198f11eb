package dev.kvdb.engine;

import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.DirectoryLockedException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.recovery.Repair;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Repairs a store that is not open: keeps all that is whole, sets bad bytes aside in files, and says what is lost.
 * Where something is lost, the log is changed only if that is accepted.
 *
 * <p>May be stopped at any moment, and begun again. May be used by several threads, for different directories.
 */
public final class StoreRepair {

    private final Environment environment;

    /**
     * How to go about it.
     *
     * @param acceptLoss whether to go on where something is lost. Keys whose newest value is lost have none then; of
     *     keys that may have had a newer one in a place where not even keys are known, the newest surviving one stands
     * @param dryRun whether to change nothing, not even a lock file
     */
    public record Request(boolean acceptLoss, boolean dryRun) {}

    /** @param environment the store's files, randomness for salts, and a clock to say how long it took */
    public StoreRepair(Environment environment) {
        this.environment = environment;
    }

    /**
     * Repairs a directory. While it runs, no store can be opened there; of a dry run see {@link StoreVerification}.
     *
     * @throws DirectoryLockedException where a store has the directory open
     * @throws UnsupportedFormatException where the directory holds no store, or one of another format
     * @throws DamageException where the manifest is lost, and the segments do not tell which store they are of
     * @throws DiskFullException where there is no room for what is to be written anew; free as much as the damaged
     *     segments take up, and begin again
     * @throws StoreIoException where the directory cannot be read, written or locked
     */
    public RepairReport run(Path path, Request request, VerificationListener listener) {
        long start = environment.clock().nanoTime();
        StoreDirectory directory = new StoreDirectory(environment.files(), path);
        try {
            Repair.checkIsStore(directory);
            try (Closeable lock = lock(path, request)) {
                Repair.Result result = new Repair(
                                directory,
                                environment.clock(),
                                environment.random(),
                                (phase, doneBytes, totalBytes) -> listener.progressed(doneBytes, totalBytes),
                                request.acceptLoss(),
                                request.dryRun())
                        .run();
                return RepairReport.of(
                        request,
                        result,
                        TimeUnit.NANOSECONDS.toMillis(environment.clock().nanoTime() - start));
            }
        } catch (NoSpaceException e) {
            throw new DiskFullException(path.toString(), "a repair writes damaged segments anew: " + e.getMessage());
        } catch (IOException e) {
            throw new StoreIoException("repair the store in", path.toString(), e);
        }
    }

    private Closeable lock(Path path, Request request) throws IOException {
        FileSystem files = environment.files();
        Path file = path.resolve(StoreFileNames.LOCK);
        if (request.dryRun() && !files.exists(file)) {
            return () -> {};
        }
        DirectoryLock lock = request.dryRun()
                ? files.lockUnchanged(file)
                : files.lock(file, StoreOpening.owner(environment.clock()));
        return lock::close;
    }
}
