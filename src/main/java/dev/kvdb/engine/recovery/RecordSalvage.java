package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.log.SegmentReads.StoredRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads single sets of a damaged segment, those with a damaged header too: where the hint or the snapshot still says
 * what was in it, and a checksum proves that the value is the one that was written.
 *
 * <p>A header is made anew of what is known and of the checksum of the value as it is found. Where it comes out with
 * the stored header checksum, the whole record is as it was written. Where the record is known from the hint, the
 * stored value checksum is proof enough of the value.
 *
 * <p>Belongs to one thread. Does not own the file.
 */
final class RecordSalvage {

    private final StoreFile file;
    private final @Nullable Long salt;
    private final long end;

    /**
     * @param salt the segment's; null where it is lost, and header checksums say nothing
     * @param end where the segment ends, in bytes
     */
    RecordSalvage(StoreFile file, @Nullable Long salt, long end) {
        this.file = file;
        this.salt = salt;
        this.end = end;
    }

    /** The set that is known to be at this place. */
    Optional<StoredRecord> read(HintEntry known) throws IOException {
        ByteBuffer bytes = load(known.offset(), known.frameBytes());
        if (bytes.limit() < known.frameBytes()) {
            return Optional.empty();
        }
        FrameHeader header = headerOf(bytes, known.key(), known.version(), known.valueBytes());
        boolean proven = FrameHeader.valueCrcIn(bytes) == header.valueCrc() || hasChecksumOf(bytes, header);
        return proven ? Optional.of(record(header, bytes)) : Optional.empty();
    }

    /** The set of a key at this place, where neither version nor size are known. */
    Optional<StoredRecord> read(long key, int offset) throws IOException {
        ByteBuffer start = load(offset, FrameHeader.BYTES_MAX);
        long valueBytes = start.limit() < FrameHeader.BYTES_MAX ? -1 : FrameHeader.valueBytesIn(start);
        if (valueBytes < 0 || valueBytes > end - offset - FrameHeader.BYTES_MAX) {
            return Optional.empty();
        }
        ByteBuffer bytes = load(offset, FrameHeader.setBytes((int) valueBytes));
        FrameHeader header = headerOf(bytes, key, FrameHeader.versionIn(bytes), (int) valueBytes);
        return hasChecksumOf(bytes, header) ? Optional.of(record(header, bytes)) : Optional.empty();
    }

    private ByteBuffer load(int offset, int bytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocate((int) Math.max(0, Math.min(bytes, end - offset)));
        file.read(target, offset);
        return target.flip();
    }

    private static FrameHeader headerOf(ByteBuffer bytes, long key, long version, int valueBytes) {
        int crc = Crc32c.of(bytes, FrameHeader.BYTES_MAX, valueBytes);
        return new FrameHeader(version, crc, FrameHeader.Kind.SET, key, valueBytes);
    }

    private boolean hasChecksumOf(ByteBuffer bytes, FrameHeader header) {
        if (salt == null) {
            return false;
        }
        ByteBuffer encoded = ByteBuffer.allocate(FrameHeader.BYTES_MAX);
        header.encode(encoded, salt);
        return FrameHeader.headerCrcIn(encoded.flip()) == FrameHeader.headerCrcIn(bytes);
    }

    private static StoredRecord record(FrameHeader header, ByteBuffer bytes) {
        byte[] value = new byte[header.valueBytes()];
        bytes.get(FrameHeader.BYTES_MAX, value);
        return new StoredRecord(header, value);
    }
}
