package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment's hint file by ascending key, then version. The whole file is a cache of the segment: where it is
 * missing or damaged, scan the segment and {@link #write} it anew.
 *
 * <p>Belongs to one thread; holds the file open until closed, unless it was {@linkplain #openBriefly opened briefly}.
 */
public final class HintFile implements AutoCloseable {

    private final String path;
    private final long segmentLength;
    private final @Nullable StoreFile file;
    private final BlockReader blocks;
    private @Nullable HintEntry before;

    private HintFile(String path, long segmentLength, @Nullable StoreFile file, BlockReader blocks) {
        this.path = path;
        this.segmentLength = segmentLength;
        this.file = file;
        this.blocks = blocks;
    }

    /**
     * Opens the hint of a sealed segment.
     *
     * @throws DamageException where it is not that segment's intact hint, or cannot be read
     */
    public static HintFile open(StoreDirectory directory, Segment segment) {
        return open(directory, segment, true);
    }

    /**
     * Like {@link #open}, and opens the file anew for each block: for reading more hints side by side than files may be
     * open.
     */
    public static HintFile openBriefly(StoreDirectory directory, Segment segment) {
        return open(directory, segment, false);
    }

    private static HintFile open(StoreDirectory directory, Segment segment, boolean keepOpen) {
        Path path = directory.file(StoreFileNames.hint(segment.id()));
        try {
            StoreFile file = directory.files().openForReading(path);
            boolean kept = false;
            try {
                HintHeader header = readHeader(file, path.toString(), segment);
                BlockReader.Source source =
                        keepOpen ? file::read : (target, position) -> readBriefly(directory, path, target, position);
                BlockReader blocks = new BlockReader(
                        source, file.size(), path.toString(), HintHeader.BYTES, header.entries(), HintEntry.BYTES);
                kept = keepOpen;
                return new HintFile(path.toString(), segment.length(), keepOpen ? file : null, blocks);
            } finally {
                if (!kept) {
                    file.close();
                }
            }
        } catch (IOException e) {
            throw new DamageException(path.toString(), 0, "a hint", "a read that failed: " + e.getMessage());
        }
    }

    private static int readBriefly(StoreDirectory directory, Path path, ByteBuffer target, long position)
            throws IOException {
        try (StoreFile file = directory.files().openForReading(path)) {
            return file.read(target, position);
        }
    }

    private static HintHeader readHeader(StoreFile file, String path, Segment segment) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(HintHeader.BYTES);
        file.read(start, 0);
        HintHeader header = HintHeader.decode(start.flip(), path);
        HintHeader expected =
                new HintHeader(segment.header().storeId(), segment.id(), segment.length(), header.entries());
        if (!header.equals(expected)) {
            throw new DamageException(path, 0, expected.toString(), header.toString());
        }
        return header;
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
            RecordTable ordered = records.byKey();
            for (int row = 0; row < ordered.rows(); row++) {
                blocks.add(ordered.row(row)::encode);
            }
            blocks.finish();
            file.sync();
        } catch (Throwable e) {
            directory.discard(temporary, e);
            throw e;
        }
        directory.files().rename(directory.file(temporary), directory.file(name));
    }

    /**
     * The next record, or null at the end.
     *
     * @throws DamageException where a block is damaged or cannot be read, and where a record is out of order or cannot
     *     be in the segment
     */
    public @Nullable HintEntry next() {
        if (!blocks.next()) {
            return null;
        }
        HintEntry entry = HintEntry.decode(blocks.bytes());
        if (!entry.fitsInto(segmentLength) || (before != null && !before.mayPrecede(entry))) {
            throw new DamageException(
                    path, 0, "records in order, within " + segmentLength + " bytes", entry + " behind " + before);
        }
        before = entry;
        return entry;
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
