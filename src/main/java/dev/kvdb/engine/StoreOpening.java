package dev.kvdb.engine;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.log.DiskReserve;
import dev.kvdb.engine.log.MeasuredFiles;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.recovery.Recovered;
import dev.kvdb.engine.recovery.Recovery;
import dev.kvdb.engine.recovery.RecoveryLimits;
import dev.kvdb.engine.recovery.RecoveryListener;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/**
 * A directory that was locked and recovered, ready for a store to be built on.
 *
 * @param lock held until the store is closed
 * @param directory the store's files
 * @param measured how large the store's files are
 * @param recovered what recovery found
 * @param reserve the disk reserve
 * @param reserveTaken whether the disk had room for it
 * @param durationMillis how long it took
 */
record StoreOpening(
        DirectoryLock lock,
        StoreDirectory directory,
        MeasuredFiles measured,
        Recovered recovered,
        DiskReserve reserve,
        boolean reserveTaken,
        long durationMillis) {

    private static final Logger LOG = System.getLogger(StoreOpening.class.getName());
    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long MIB = 1024 * 1024;

    /** Locks the directory and recovers what is in it. Holds nothing where it fails. */
    static StoreOpening open(Path path, StoreOptions options, Environment environment, StoreListener listener) {
        Clock clock = environment.clock();
        long start = clock.nanoTime();
        FileSystem files = environment.files();
        DirectoryLock lock;
        String step = "make";
        try {
            files.createDirectories(path);
            step = "list";
            Recovery.checkIsStoreOrEmpty(new StoreDirectory(files, path));
            step = "write to, and lock,";
            lock = files.lock(path.resolve(StoreFileNames.LOCK), owner(clock));
        } catch (IOException e) {
            throw new StoreIoException(step + " the store directory", path.toString(), e);
        }
        Recovered recovered = null;
        boolean opened = false;
        try {
            MeasuredFiles measured = MeasuredFiles.of(files, path);
            StoreDirectory directory = new StoreDirectory(measured, path);
            DiskReserve reserve = new DiskReserve(directory, options.reserveBytes());
            recovered = recover(directory, options, environment, reserve, throttled(listener, clock));
            boolean reserveTaken = !recovered.hidden().isEmpty() || reserve.take();
            opened = true;
            return new StoreOpening(
                    lock,
                    directory,
                    measured,
                    recovered,
                    reserve,
                    reserveTaken,
                    TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - start));
        } catch (NoSpaceException e) {
            throw new DiskFullException(path.toString(), "opening the store needs a little: " + e.getMessage());
        } catch (IOException e) {
            throw new StoreIoException("open the store in", path.toString(), e);
        } finally {
            if (!opened) {
                if (recovered != null) {
                    recovered.segments().close();
                }
                release(lock);
            }
        }
    }

    StoreStatistics.Recovery recoveryStatistics() {
        return new StoreStatistics.Recovery(
                durationMillis,
                recovered.clean(),
                recovered.recordsScanned(),
                recovered.hintsRebuilt(),
                recovered.tornBytes());
    }

    /** Closes all that is open, and gives the lock back. */
    void close() {
        recovered.segments().close();
        release(lock);
    }

    private static void release(DirectoryLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "releasing the directory's lock failed: " + e);
        }
    }

    /** A full disk must not keep the store from opening: recovery then goes on from the reserve. */
    private static Recovered recover(
            StoreDirectory directory,
            StoreOptions options,
            Environment environment,
            DiskReserve reserve,
            RecoveryListener listener)
            throws IOException {
        RecoveryLimits limits = new RecoveryLimits(options.openFilesMax(), options.indexBytesMax());
        try {
            return new Recovery(directory, environment.random(), limits, listener).run();
        } catch (NoSpaceException e) {
            reserve.release();
            return new Recovery(directory, environment.random(), limits, listener).run();
        }
    }

    /** Passes progress on ten times a second, and logs it every few seconds. */
    private static RecoveryListener throttled(StoreListener listener, Clock clock) {
        return new RecoveryListener() {
            private long reported = clock.nanoTime() - REPORT_NANOS;
            private long logged = clock.nanoTime();

            @Override
            public void progressed(String phase, long doneBytes, long totalBytes) {
                long now = clock.nanoTime();
                if (now - reported >= REPORT_NANOS) {
                    reported = now;
                    listener.recoveryProgressed(new RecoveryProgress(phase, doneBytes, totalBytes));
                }
                if (now - logged >= LOG_NANOS) {
                    logged = now;
                    LOG.log(
                            Level.INFO,
                            "opening the store: " + phase + ", " + doneBytes / MIB + " of " + totalBytes / MIB
                                    + " MiB read");
                }
            }
        };
    }

    /** What the lock file says of who holds it. */
    static String owner(Clock clock) {
        return "PID " + ProcessHandle.current().pid() + " on " + host() + " since "
                + clock.now().truncatedTo(ChronoUnit.SECONDS);
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "an unnamed host";
        }
    }
}
