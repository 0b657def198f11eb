package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A segment that the manifest lists, as its file is found.
 *
 * @param segment the segment; where its header is lost, with one that stands for it
 * @param state what there is of it
 * @param sealed whether the manifest says how long it is
 * @param damage what is wrong, where anything is
 */
record SegmentAdoption(Segment segment, State state, boolean sealed, Optional<DamageException> damage) {

    /** What there is of a segment. */
    enum State {
        /** All of its header. */
        WHOLE,
        /** Its header is lost, but frames can be verified. */
        HEADER_FOUND_AGAIN,
        /** Its header is lost, and no frame can be verified. */
        HEADER_LOST,
        /** No file. */
        MISSING
    }

    /** Whether frames can be verified. */
    boolean isReadable() {
        return state == State.WHOLE || state == State.HEADER_FOUND_AGAIN;
    }

    /**
     * Looks at a segment's file.
     *
     * @throws UnsupportedFormatException where it is of a format that this build does not know
     */
    static SegmentAdoption of(StoreDirectory directory, Manifest manifest, Manifest.SegmentEntry entry)
            throws IOException {
        String name = StoreFileNames.segment(entry.id());
        String path = directory.file(name).toString();
        if (!directory.files().exists(directory.file(name))) {
            DamageException missing = new DamageException(path, 0, "a segment that the manifest lists", "no such file");
            return of(directory, standIn(manifest, entry), entry, entry.length(), State.MISSING, missing);
        }
        try (StoreFile file = directory.files().openForReading(directory.file(name))) {
            ByteBuffer start = ByteBuffer.allocate(SegmentHeader.BYTES);
            file.read(start, 0);
            try {
                SegmentHeader header = SegmentHeader.decode(start.flip(), path);
                requireListed(header, manifest, entry, path);
                return of(directory, header, entry, file.size(), State.WHOLE, null);
            } catch (DamageException e) {
                Optional<SegmentHeader> found = LostHeader.find(file, path, standIn(manifest, entry));
                return of(
                        directory,
                        found.orElse(standIn(manifest, entry)),
                        entry,
                        file.size(),
                        found.isPresent() ? State.HEADER_FOUND_AGAIN : State.HEADER_LOST,
                        e);
            }
        }
    }

    private static void requireListed(
            SegmentHeader header, Manifest manifest, Manifest.SegmentEntry entry, String path) {
        if (!header.storeId().equals(manifest.storeId())
                || header.segmentId() != entry.id()
                || header.kind() != entry.kind()) {
            throw new DamageException(path, 0, entry + " of store " + manifest.storeId(), header.toString());
        }
    }

    private static SegmentAdoption of(
            StoreDirectory directory,
            SegmentHeader header,
            Manifest.SegmentEntry entry,
            long fileBytes,
            State state,
            @Nullable DamageException damage) {
        Segment segment = Segment.sealed(header, directory, entry.sealed() ? entry.length() : fileBytes);
        if (damage != null || fileBytes < segment.length()) {
            segment.markDamaged();
        }
        return new SegmentAdoption(segment, state, entry.sealed(), Optional.ofNullable(damage));
    }

    /** What is known of a header from the manifest alone: least of all what would let tombstones go. */
    private static SegmentHeader standIn(Manifest manifest, Manifest.SegmentEntry entry) {
        return new SegmentHeader(entry.kind(), manifest.storeId(), entry.id(), 1, 0, Previous.NONE, 0);
    }
}
