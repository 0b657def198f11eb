package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The segments of {@link TombstoneModel} that its manifest lists. */
final class ModelSegments {

    private static final UUID STORE = new UUID(1, 2);

    final List<ModelSegment> manifest = new ArrayList<>();

    private final StoreDirectory directory;
    private int nextId = 1;

    ModelSegments() {
        CrashingFileSystem files = new CrashingFileSystem();
        directory = new StoreDirectory(files, files.root());
    }

    int nextId() {
        return nextId++;
    }

    /** Makes a segment; the manifest does not list it yet. */
    ModelSegment create(SegmentHeader.Kind kind, long firstVersion, long liveAsOf) {
        return create(kind, firstVersion, liveAsOf, nextId());
    }

    ModelSegment create(SegmentHeader.Kind kind, long firstVersion, long liveAsOf, int id) {
        SegmentHeader header =
                new SegmentHeader(kind, STORE, id, firstVersion, liveAsOf, SegmentHeader.Previous.NONE, id);
        return new ModelSegment(Segment.sealed(header, directory, 0));
    }

    @Nullable
    ModelSegment find(int id) {
        for (ModelSegment part : manifest) {
            if (part.segment.id() == id) {
                return part;
            }
        }
        return null;
    }
}
