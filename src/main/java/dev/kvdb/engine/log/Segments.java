package dev.kvdb.engine.log;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.RecordLocation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The segments that make up the store, as the manifest on disk lists them. The set changes by {@link #change} only,
 * which first replaces the manifest.
 *
 * <p>Safe for use by several threads: readers see an immutable array; changes are serialised.
 */
public final class Segments {

    private final StoreDirectory directory;
    private final UUID storeId;
    private final int openFilesMax;

    private volatile Segment[] byId = {};

    /** Segments that the manifest no longer lists, but that the index may still point into. */
    private volatile Set<Segment> leaving = Set.of();

    /** What is on disk. */
    private Manifest manifest;

    private int nextId;

    /** Guards {@link #parkingHand} alone: a reader that needs room must not wait for a manifest to be synced. */
    private final Object parking = new Object();

    private int parkingHand;

    /**
     * @param directory where the files are
     * @param manifest what the manifest says; its segments are added by {@link #adopt}
     * @param openFilesMax files to hold open for reads, at least 1
     */
    public Segments(StoreDirectory directory, Manifest manifest, int openFilesMax) {
        this.directory = directory;
        this.storeId = manifest.storeId();
        this.manifest = manifest;
        this.nextId = manifest.nextSegmentId();
        this.openFilesMax = openFilesMax;
    }

    /** The store's id. */
    public UUID storeId() {
        return storeId;
    }

    /** Where the files are. */
    public StoreDirectory directory() {
        return directory;
    }

    /** Takes over a segment that the manifest on disk lists already. */
    public synchronized void adopt(Segment segment) {
        install(Set.of(segment), Set.of());
    }

    /** All segments, in ascending order of id. */
    public List<Segment> all() {
        return List.of(byId);
    }

    /** The segment of that id, or null where no record can be in it any more. */
    public @Nullable Segment find(int segmentId) {
        Segment[] segments = byId;
        int low = 0;
        int high = segments.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int id = segments[middle].id();
            if (id == segmentId) {
                return segments[middle];
            } else if (id < segmentId) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        for (Segment segment : leaving) {
            if (segment.id() == segmentId) {
                return segment;
            }
        }
        return null;
    }

    /** The segment that a location points into; the caller knows that it cannot be gone. */
    public Segment of(long location) {
        Segment segment = find(RecordLocation.segmentId(location));
        if (segment == null) {
            throw new IllegalStateException("no segment " + RecordLocation.segmentId(location));
        }
        return segment;
    }

    /**
     * Pins the segment of that id, and makes room for its file.
     *
     * @return null where the store no longer has it: look the record up anew
     * @throws DamageException where its file is missing
     * @throws StoreIoException where its file cannot be opened
     */
    public @Nullable Segment pin(int segmentId) {
        Segment segment = find(segmentId);
        if (segment == null) {
            return null;
        }
        boolean opens = !segment.isOpen();
        if (!segment.pin()) {
            return null;
        }
        if (opens) {
            parkSome();
        }
        return segment;
    }

    /** Files held open. */
    public int openFiles() {
        int open = 0;
        for (Segment segment : byId) {
            open += segment.isOpen() ? 1 : 0;
        }
        return open;
    }

    /** An id that no listed segment has had. */
    public synchronized int nextId() {
        if (nextId > RecordLocation.SEGMENT_ID_MAX) {
            throw new StoreIoException(
                    "number another segment of",
                    directory.path().toString(),
                    new IOException("all " + RecordLocation.SEGMENT_ID_MAX + " ids are used; export and import anew"));
        }
        return nextId++;
    }

    /**
     * Has an id taken again that came to nothing: no manifest lists it, and no file has it. Does nothing where a later
     * one was taken since, or where the manifest on disk has given it out, as a change meanwhile does: a segment that
     * is filled under it later must not pass for what a crash left beside that manifest. Then the id is used up.
     */
    synchronized void giveBack(int id) {
        if (nextId == id + 1 && id >= manifest.nextSegmentId()) {
            nextId = id;
        }
    }

    /** No listed segment has had a higher id. */
    public synchronized int lastId() {
        return nextId - 1;
    }

    /**
     * Has the manifest on disk say that an id is given out, so that a file of records may get its name before it is
     * listed: one that a crash keeps from that is told from a segment of a later manifest so. Nothing else changes.
     *
     * @throws IOException where the new manifest could not be written; the old one still stands
     * @throws UncertainManifestException where it is unknown which of the two stands
     */
    public synchronized void giveOut(int id) throws IOException {
        if (id >= manifest.nextSegmentId()) {
            replace(new Manifest(storeId, manifest.versionFloor(), id + 1, manifest.segments()), new Change());
        }
    }

    /** A change to the set of segments. */
    public static final class Change {

        private final List<Segment> added = new ArrayList<>();
        private final List<Segment> removed = new ArrayList<>();
        private final TreeMap<Integer, Long> sealed = new TreeMap<>();

        /** Adds a segment. */
        public Change add(Segment segment) {
            added.add(segment);
            return this;
        }

        /** Removes segments. They can still be read until they are {@linkplain #forget forgotten}. */
        public Change remove(Collection<Segment> segments) {
            removed.addAll(segments);
            return this;
        }

        /** Seals the segment that was appended to. */
        public Change seal(Segment segment, long length) {
            sealed.put(segment.id(), length);
            return this;
        }

        /** How long the segment is after the change. */
        long lengthOf(Segment segment) {
            return sealed.getOrDefault(segment.id(), segment.length());
        }
    }

    /**
     * Replaces the manifest, then the set.
     *
     * @param nextVersion a version that no write has yet
     * @throws IOException where the new manifest could not be written; the old one still stands
     * @throws UncertainManifestException where it is unknown which of the two stands
     */
    public synchronized void change(Change change, long nextVersion) throws IOException {
        TreeMap<Integer, Manifest.SegmentEntry> entries = new TreeMap<>();
        for (Segment segment : byId) {
            entries.put(segment.id(), entry(segment, change));
        }
        change.removed.forEach(segment -> entries.remove(segment.id()));
        change.added.forEach(segment -> entries.put(segment.id(), entry(segment, change)));
        long versionFloor = Math.max(manifest.versionFloor(), nextVersion);
        replace(new Manifest(storeId, versionFloor, nextId, List.copyOf(entries.values())), change);
        parkSome();
    }

    private void replace(Manifest next, Change change) throws IOException {
        directory.writeTemporary(StoreFileNames.MANIFEST, next.encode());
        try {
            directory.publish(StoreFileNames.MANIFEST);
            manifest = next;
            carryOut(change);
        } catch (Throwable e) {
            // An error of the virtual machine, too, leaves what is on disk unlike what is in memory.
            throw new UncertainManifestException(
                    directory.file(StoreFileNames.MANIFEST).toString(), e);
        }
    }

    private void carryOut(Change change) {
        if (!change.removed.isEmpty()) {
            leaving = Set.copyOf(change.removed);
        }
        install(change.added, change.removed);
        for (Segment segment : byId) {
            Long length = change.sealed.get(segment.id());
            if (length != null) {
                segment.seal(length);
            }
        }
    }

    /** Nothing points into these segments any more: closes their files as soon as nobody has them pinned. */
    public synchronized void forget(Collection<Segment> segments) {
        leaving = Set.of();
        segments.forEach(Segment::retire);
    }

    /** Closes all files. Segments pinned by a reader close theirs when it is done. */
    public void close() {
        for (Segment segment : byId) {
            segment.retire();
        }
        leaving.forEach(Segment::retire);
    }

    private static Manifest.SegmentEntry entry(Segment segment, Change change) {
        Long length = change.sealed.get(segment.id());
        if (length == null && segment.isSealed()) {
            length = segment.length();
        }
        return new Manifest.SegmentEntry(
                segment.id(), segment.header().kind(), length != null, length == null ? 0 : length);
    }

    private void install(Collection<Segment> added, Collection<Segment> removed) {
        List<Segment> next = new ArrayList<>(Arrays.asList(byId));
        next.removeAll(removed);
        next.addAll(added);
        next.sort(Comparator.comparingInt(Segment::id));
        byId = next.toArray(new Segment[0]);
    }

    /** Second-chance replacement: goes round the segments, and closes those that were not used since the last round. */
    private void parkSome() {
        synchronized (parking) {
            Segment[] segments = byId;
            int excess = openFiles() - openFilesMax;
            for (int step = 0; excess > 0 && step < 2 * segments.length; step++) {
                parkingHand = (parkingHand + 1) % segments.length;
                if (segments[parkingHand].park()) {
                    excess--;
                }
            }
        }
    }
}
