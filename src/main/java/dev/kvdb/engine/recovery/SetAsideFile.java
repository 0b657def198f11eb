package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.SetAsideHeader;
import dev.kvdb.engine.format.SetAsideHeader.Range;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/** Keeps bytes that a repair takes out of a segment, for a person to look at. */
final class SetAsideFile {

    private static final int COPY_BYTES = 256 * 1024;

    private SetAsideFile() {}

    /**
     * Copies ranges of a segment into a file beside it. Durable on return.
     *
     * @return the file's path
     */
    static String write(StoreDirectory directory, UUID storeId, int segmentId, List<Range> ranges) throws IOException {
        String name = StoreFileNames.damaged(segmentId);
        String temporary = StoreFileNames.temporary(name);
        directory.deleteIfExists(temporary);
        try (StoreFile segment = directory.files().openForReading(directory.file(StoreFileNames.segment(segmentId)));
                StoreFile target = directory.files().create(directory.file(temporary))) {
            ByteBuffer header = new SetAsideHeader(storeId, segmentId, ranges).encode();
            long position = header.remaining();
            directory.write(target, header, 0);
            ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
            for (Range range : ranges) {
                for (long done = 0; done < range.bytes(); done += buffer.limit()) {
                    buffer.clear().limit((int) Math.min(COPY_BYTES, range.bytes() - done));
                    int bytes = segment.read(buffer, range.offset() + done);
                    if (bytes < buffer.limit()) {
                        throw new IOException("the segment ended while its bytes were copied");
                    }
                    directory.write(target, buffer.flip(), position);
                    position += bytes;
                }
            }
            directory.sync(target, name);
        }
        directory.publish(name);
        return directory.file(name).toString();
    }
}
