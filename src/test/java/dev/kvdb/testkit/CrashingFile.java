package dev.kvdb.testkit;

import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;

/** An open file of a {@link CrashingFileSystem}. */
final class CrashingFile implements StoreFile {

    private final SimulatedDisk disk;
    private final Inode inode;
    private final boolean writable;
    private volatile boolean closed;

    /** @param inode with one handle more, which this file gives back on close */
    CrashingFile(SimulatedDisk disk, Inode inode, boolean writable) {
        this.disk = disk;
        this.inode = inode;
        this.writable = writable;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        checkOpen();
        return disk.read(inode, target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        checkWritable();
        disk.write(inode, source, position);
    }

    @Override
    public void truncate(long size) throws IOException {
        checkWritable();
        disk.truncate(inode, size);
    }

    @Override
    public void sync() throws IOException {
        checkWritable();
        disk.sync(inode);
    }

    /** What a failed sync does: unsynced bytes will be lost in a crash, whatever is synced later. */
    void loseUnsynced() throws IOException {
        checkWritable();
        disk.loseUnsynced(inode);
    }

    @Override
    public long size() throws IOException {
        checkOpen();
        return disk.size(inode);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            disk.close(inode);
        }
    }

    private void checkOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    private void checkWritable() throws ClosedChannelException {
        checkOpen();
        if (!writable) {
            throw new NonWritableChannelException();
        }
    }
}
