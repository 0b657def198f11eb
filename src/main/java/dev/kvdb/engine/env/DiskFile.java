package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file on disk that survives interrupts of the threads that use it.
 *
 * <p>Reads and writes share one channel. When an interrupt closes it, the first thread to notice opens the file again,
 * and each thread that was hit carries on where it was; each round is paid for by an interrupt, so it ends.
 *
 * <p>Syncs have a channel of their own that nobody reads from, for two reasons. An interrupted reader must not break a
 * sync. And the kernel reports a failed write-back to channels that were open when it failed: the sync channel is as
 * old as the file, so that no failure goes unreported however often the other channel was opened anew. A sync that an
 * interrupt breaks is a failed sync for good.
 */
final class DiskFile implements StoreFile {

    private static final Set<StandardOpenOption> READING = Set.of(StandardOpenOption.READ);
    private static final Set<StandardOpenOption> WRITING = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);

    /**
     * Bytes passed to the system at a time. Java copies what is on the heap through a direct buffer of that size, which
     * it keeps for each thread: a whole value at a time, that is memory without a limit.
     */
    private static final int TRANSFER_BYTES_MAX = 1024 * 1024;

    private final OpenFiles openFiles;
    private final FreeBlocks freeBlocks;
    private final Path openedAs;
    private final @Nullable FileChannel syncs;
    private final Object reopening = new Object();
    private volatile FileChannel channel;
    private volatile boolean closed;

    /** @param syncs a second channel of the same file, used for syncs only; null for a file that is only read */
    DiskFile(
            OpenFiles openFiles,
            FreeBlocks freeBlocks,
            Path openedAs,
            FileChannel channel,
            @Nullable FileChannel syncs) {
        this.openFiles = openFiles;
        this.freeBlocks = freeBlocks;
        this.openedAs = openedAs;
        this.channel = channel;
        this.syncs = syncs;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int start = target.position();
        // Written out, without withChannel: there the many kinds of operations keep the compiler from inlining any.
        try (InterruptShield shield = InterruptShield.raise()) {
            while (true) {
                FileChannel open = channel;
                try {
                    int count = 0;
                    while (count >= 0 && target.hasRemaining()) {
                        count = readPart(open, target, position + target.position() - start);
                    }
                    return target.position() - start;
                } catch (ClosedChannelException e) {
                    shield.takeInterrupt();
                    replace(open, e);
                }
            }
        }
    }

    private static int readPart(FileChannel open, ByteBuffer target, long position) throws IOException {
        if (target.remaining() <= TRANSFER_BYTES_MAX) {
            return open.read(target, position);
        }
        return inPart(target, part -> open.read(part, position));
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        int start = source.position();
        try {
            withChannel(open -> {
                while (source.hasRemaining()) {
                    inPart(source, part -> open.write(part, position + part.position() - start));
                }
                return position;
            });
        } catch (IOException e) {
            IOException translated = DiskFull.translate(e, "write", openedAs);
            if (translated instanceof NoSpaceException) {
                noteNoSpace(translated);
            }
            throw translated;
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        try {
            withChannel(open -> {
                open.truncate(size);
                return size;
            });
        } catch (IOException e) {
            throw DiskFull.translate(e, "truncate", openedAs);
        }
    }

    @Override
    public void sync() throws IOException {
        if (syncs == null) {
            throw new NonWritableChannelException();
        }
        try (InterruptShield shield = InterruptShield.raise()) {
            try {
                syncs.force(false);
            } catch (ClosedChannelException e) {
                shield.takeInterrupt();
                if (closed) {
                    throw e;
                }
                throw new IOException(
                        "an interrupt broke a sync of " + openedAs + "; what reached the disk is unknown", e);
            }
        }
    }

    @Override
    public long size() throws IOException {
        return withChannel(FileChannel::size);
    }

    @Override
    public void close() throws IOException {
        synchronized (reopening) {
            closed = true;
            openFiles.forget(this);
            try (FileChannel closing = syncs) {
                channel.close();
            }
        }
    }

    @Override
    public String toString() {
        return openedAs.toString();
    }

    private void noteNoSpace(IOException failure) {
        try {
            freeBlocks.noSpaceFor(openedAs);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Transfers the next bytes of a buffer, as many as may be at a time. */
    private static int inPart(ByteBuffer buffer, Transfer transfer) throws IOException {
        int limit = buffer.limit();
        buffer.limit(buffer.position() + Math.min(buffer.remaining(), TRANSFER_BYTES_MAX));
        try {
            return transfer.apply(buffer);
        } finally {
            buffer.limit(limit);
        }
    }

    private long withChannel(ChannelOperation operation) throws IOException {
        try (InterruptShield shield = InterruptShield.raise()) {
            while (true) {
                FileChannel open = channel;
                try {
                    return operation.on(open);
                } catch (ClosedChannelException e) {
                    shield.takeInterrupt();
                    replace(open, e);
                }
            }
        }
    }

    private void replace(FileChannel broken, ClosedChannelException failure) throws IOException {
        synchronized (reopening) {
            if (closed) {
                throw failure;
            }
            if (channel == broken) {
                channel = openFiles.reopen(this, syncs == null ? READING : WRITING);
            }
        }
    }

    /** Something done with the file's channel of the moment; repeated with another one when that is closed under it. */
    private interface ChannelOperation {
        long on(FileChannel open) throws IOException;
    }

    /** Passes as much of a buffer as it can to the system, or from it. */
    private interface Transfer {
        int apply(ByteBuffer part) throws IOException;
    }
}
