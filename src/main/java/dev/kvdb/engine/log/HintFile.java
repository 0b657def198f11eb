package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment's hint file by ascending key, then version. The whole file is a cache of the segment: where it is
 * missing or damaged, scan the segment and {@link #write} it anew.
 *
 * <p>Belongs to one thread; holds the file open until closed.
 */
public final class HintFile implements AutoCloseable {

    private final StoreFile file;
    private final BlockReader blocks;

    private HintFile(StoreFile file, BlockReader blocks) {
        this.file = file;
        this.blocks = blocks;
    }

    /**
     * Opens the hint of a sealed segment.
     *
     * @throws DamageException where it is not that segment's intact hint, or cannot be read
     */
    public static HintFile open(StoreDirectory directory, Segment segment) {
        String name = StoreFileNames.hint(segment.id());
        try {
            return open(directory, name, segment);
        } catch (IOException e) {
            throw new DamageException(
                    directory.file(name).toString(), 0, "a hint", "a read that failed: " + e.getMessage());
        }
    }

    private static HintFile open(StoreDirectory directory, String name, Segment segment) throws IOException {
        StoreFile file = directory.files().openForReading(directory.file(name));
        try {
            ByteBuffer start = ByteBuffer.allocate(HintHeader.BYTES);
            file.read(start, 0);
            String path = directory.file(name).toString();
            HintHeader header = HintHeader.decode(start.flip(), path);
            HintHeader expected =
                    new HintHeader(segment.header().storeId(), segment.id(), segment.length(), header.entries());
            if (!header.equals(expected)) {
                throw new DamageException(path, 0, expected.toString(), header.toString());
            }
            return new HintFile(file, new BlockReader(file, path, HintHeader.BYTES, header.entries(), HintEntry.BYTES));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Writes the hint of a sealed segment, replacing any there is. */
    public static void write(StoreDirectory directory, Segment segment, RecordTable records) throws IOException {
        String name = StoreFileNames.hint(segment.id());
        String temporary = StoreFileNames.temporary(name);
        directory.deleteIfExists(temporary);
        try (StoreFile file = directory.files().create(directory.file(temporary))) {
            HintHeader header =
                    new HintHeader(segment.header().storeId(), segment.id(), segment.length(), records.rows());
            directory.write(file, header.encode(), 0);
            BlockWriter blocks = new BlockWriter(directory, file, HintHeader.BYTES, HintEntry.BYTES);
            for (int row : records.byKey()) {
                blocks.add(records.row(row)::encode);
            }
            blocks.finish();
            file.sync();
        }
        directory.files().rename(directory.file(temporary), directory.file(name));
    }

    /**
     * The next record, or null at the end.
     *
     * @throws DamageException where a block is damaged or cannot be read
     */
    public @Nullable HintEntry next() {
        return blocks.next() ? HintEntry.decode(blocks.bytes()) : null;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
