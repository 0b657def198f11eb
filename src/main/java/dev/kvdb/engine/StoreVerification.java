package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.error.DirectoryLockedException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.recovery.Verification;
import dev.kvdb.engine.recovery.VerificationReport;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Checks all of a store that is not open: manifest, frames, hints, and the index snapshot. Changes nothing, not even a
 * lock file: it may run on a read-only file system.
 *
 * <p>May be used by several threads, for different directories.
 */
public final class StoreVerification {

    private final FileSystem files;
    private final Clock clock;

    /** @param environment the store's files, and a clock to say how long it took */
    public StoreVerification(Environment environment) {
        this.files = environment.files();
        this.clock = environment.clock();
    }

    /**
     * Verifies a directory. Damage is in the report, and never thrown. While it runs, no store can be opened there;
     * where there is no lock file, as in a copy that was never opened, nothing keeps one from that.
     *
     * @throws DirectoryLockedException where a store has the directory open
     * @throws UnsupportedFormatException where the directory holds no store
     * @throws StoreIoException where the directory cannot be read or locked
     */
    public VerificationReport run(Path path, VerificationListener listener) {
        try (Closeable lock = lock(path)) {
            return Verification.run(
                    new StoreDirectory(files, path),
                    clock,
                    (phase, doneBytes, totalBytes) -> listener.progressed(doneBytes, totalBytes));
        } catch (IOException e) {
            throw new StoreIoException("read or lock the store directory", path.toString(), e);
        }
    }

    private Closeable lock(Path path) throws IOException {
        if (!files.list(path).contains(StoreFileNames.LOCK)) {
            return () -> {};
        }
        DirectoryLock lock = files.lockUnchanged(path.resolve(StoreFileNames.LOCK));
        return lock::close;
    }
}
