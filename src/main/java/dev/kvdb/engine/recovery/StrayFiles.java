package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Files that the manifest does not list. A crash leaves some behind, which hold nothing that the listed segments do not
 * hold, and an open removes them. Segments that a crash cannot explain are of a later manifest than the one that is
 * there (somebody put an old one back): they are damage, and stay.
 *
 * <p>No file of records gets its name before a manifest has given out its id. With an id that is not given out, a crash
 * leaves no more than a segment without a record: an appended one is filled only after it is listed.
 *
 * <p>Belongs to one thread.
 */
final class StrayFiles {

    private final StoreDirectory directory;
    private final Manifest manifest;
    private final Set<Integer> listed = new HashSet<>();
    private final List<String> names;

    /** @throws IOException where the directory cannot be listed */
    StrayFiles(StoreDirectory directory, Manifest manifest) throws IOException {
        this.directory = directory;
        this.manifest = manifest;
        this.names = directory.files().list(directory.path());
        manifest.segments().forEach(entry -> listed.add(entry.id()));
    }

    /** Names of segments and hints that are not listed, and of files that were not finished. */
    List<String> names() {
        return names.stream().filter(this::isStray).toList();
    }

    private boolean isStray(String name) {
        OptionalInt id = StoreFileNames.segmentId(name);
        id = id.isPresent() ? id : StoreFileNames.hintSegmentId(name);
        return StoreFileNames.isTemporary(name) || (id.isPresent() && !listed.contains(id.getAsInt()));
    }

    /**
     * Refuses a manifest that is older than the segments beside it.
     *
     * @throws DamageException where a segment is of a later manifest
     */
    void checkManifestIsNewest() throws IOException {
        for (String name : names()) {
            OptionalInt id = StoreFileNames.segmentId(name);
            if (id.isPresent() && id.getAsInt() >= manifest.nextSegmentId() && hasRecords(name)) {
                throw new DamageException(
                        directory.file(StoreFileNames.MANIFEST).toString(),
                        0,
                        "a manifest that lists " + name,
                        "an older one; restore the directory as a whole, or put the newest manifest back");
            }
        }
    }

    /** Removes all of them, once it is certain on disk that they are not listed. */
    void remove() throws IOException {
        remove(names());
    }

    /** Removes files that were not finished: no manifest lists such a name. */
    void removeUnfinished() throws IOException {
        remove(names().stream().filter(StoreFileNames::isTemporary).toList());
    }

    private void remove(List<String> stray) throws IOException {
        if (!stray.isEmpty()) {
            directory.sync();
        }
        for (String name : stray) {
            directory.deleteIfExists(name);
        }
    }

    /**
     * Removes what stands in the way of a copy of the log's end, on a disk that may be full: files that were not
     * finished, and earlier copies of that end, which a crash kept from being listed.
     *
     * @param tail the segment that is appended to, as the manifest says
     * @throws UnsupportedFormatException where a file is of a format that this build does not know
     */
    void makeRoomForCopyOf(Segment tail) throws IOException {
        for (String name : names()) {
            int id = StoreFileNames.segmentId(name).orElse(0);
            if (StoreFileNames.isTemporary(name) || (id > tail.id() && isAppended(id))) {
                directory.deleteIfExists(name);
            }
        }
    }

    private boolean isAppended(int id) throws IOException {
        return ManifestRebuild.readHeader(directory, id)
                .filter(header -> header.storeId().equals(manifest.storeId()) && header.kind() == Kind.APPENDED)
                .isPresent();
    }

    private boolean hasRecords(String name) throws IOException {
        return directory.files().size(directory.file(name)) > SegmentHeader.BYTES;
    }
}
