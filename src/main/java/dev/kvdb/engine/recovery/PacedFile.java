package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads of a file that somebody else owns, held to a pace. Belongs to one thread, and changes nothing. */
final class PacedFile implements StoreFile {

    private final StoreFile file;
    private final Pace pace;
    private final Runnable checkCancelled;

    /** @param checkCancelled called before each read; may throw to end the reading */
    PacedFile(StoreFile file, Pace pace, Runnable checkCancelled) {
        this.file = file;
        this.pace = pace;
        this.checkCancelled = checkCancelled;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        pace.await(target.remaining());
        checkCancelled.run();
        return file.read(target, position);
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void write(ByteBuffer source, long position) {
        throw new UnsupportedOperationException("a verification writes nothing");
    }

    @Override
    public void truncate(long size) {
        throw new UnsupportedOperationException("a verification writes nothing");
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("a verification writes nothing");
    }

    /** The owner closes it. */
    @Override
    public void close() {}
}
