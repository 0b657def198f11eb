package dev.kvdb.engine.log;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;

/**
 * A file of zeros that takes up disk space while there is enough, and is given up when the disk is full, so that
 * removes and garbage collection can go on. Safe for use by several threads.
 */
public final class DiskReserve {

    private static final Logger LOG = System.getLogger(DiskReserve.class.getName());

    /** As a size: what another owner of the store has taken is left to it, unless the disk is full. */
    public static final long AS_IT_IS = -1;

    private static final int CHUNK_BYTES = 256 * 1024;

    private final StoreDirectory directory;
    private final long bytes;

    /**
     * @param directory the store's directory
     * @param bytes the reserve's size; 0 for none, {@link #AS_IT_IS} to leave what there is
     */
    public DiskReserve(StoreDirectory directory, long bytes) {
        this.directory = directory;
        this.bytes = bytes;
    }

    /**
     * Takes the space, where it is not taken yet.
     *
     * @return false where the disk has too little; the reserve is then given up
     */
    public synchronized boolean take() throws IOException {
        if (bytes == AS_IT_IS) {
            return true;
        }
        if (bytes == 0) {
            release();
            return true;
        }
        try {
            if (sizeNow() != bytes) {
                write();
            }
            return true;
        } catch (NoSpaceException e) {
            release();
            return false;
        } catch (IOException e) {
            // A file of full size that was not synced would pass for the reserve the next time.
            release();
            throw e;
        }
    }

    /** Gives the space up. A crash may bring the file back, and then it is the reserve again. */
    public synchronized void release() {
        try {
            directory.deleteIfExists(StoreFileNames.RESERVE);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot give up " + directory.file(StoreFileNames.RESERVE) + ": " + e);
        }
    }

    private long sizeNow() throws IOException {
        if (!directory.files().exists(directory.file(StoreFileNames.RESERVE))) {
            return -1;
        }
        try (StoreFile file = directory.files().openForReading(directory.file(StoreFileNames.RESERVE))) {
            return file.size();
        }
    }

    private void write() throws IOException {
        directory.deleteIfExists(StoreFileNames.RESERVE);
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, bytes));
        try (StoreFile file = directory.files().create(directory.file(StoreFileNames.RESERVE))) {
            for (long at = 0; at < bytes; at += zeros.limit()) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                file.write(zeros, at);
            }
            file.sync();
        }
    }
}
