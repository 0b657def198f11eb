package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.index.Cursor;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.SegmentContents;
import dev.kvdb.engine.log.SegmentReads;
import dev.kvdb.engine.log.SegmentScanner;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.recovery.IndexCheck.Source;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Compares the index of an open store with the log: each key's entry must be its newest record, as of the time at which
 * the check began, or a later one.
 *
 * <p>The log as of then is a list of segments, merged by key from their hints. An entry that is elsewhere than that
 * says was written or moved since, or is wrong: the version of the record that it points at tells. A key without an
 * entry was removed since, or is wrong: what was appended since tells.
 *
 * <p>Belongs to one thread.
 */
final class OnlineIndexCheck {

    private static final int ATTEMPTS = 5;
    private static final int KEYS_PER_PASS = 4096;
    private static final int MISSING_MAX = 10_000;

    private final OnlineVerification.Subject subject;
    private final Segments segments;
    private final OrderedIndex index;
    private final UnaryOperator<StoreFile> paced;
    private final LongConsumer pass;
    private final Set<Integer> hinted;
    private final Set<Integer> unopened;
    private final Findings findings;
    private final PriorityQueue<Source> queue = new PriorityQueue<>(Comparator.comparingLong(Source::key));

    /** Keys that the log has and the index has not, with their newest record. */
    private final Map<Long, Newest> missing = new HashMap<>();

    private long missingTotal;
    private boolean complete;

    /** How far each segment went when the check began. */
    private final Map<Integer, Long> lengthsAtFirst = new HashMap<>();

    /** The newest segment then that was or had been appended to; 0 for none. */
    private int tailId;

    private record Newest(long version, long location) {}

    /**
     * What reading the segments came to.
     *
     * @param hinted segments whose hint has their records
     * @param unopened segments that a finding says cannot be opened; others are added
     * @param complete whether nothing hides records of the log
     */
    record SegmentsRead(Set<Integer> hinted, Set<Integer> unopened, boolean complete) {}

    /**
     * @param paced wraps a file whose reads take their time
     * @param pass told of bytes that are about to be read otherwise
     */
    OnlineIndexCheck(
            OnlineVerification.Subject subject,
            UnaryOperator<StoreFile> paced,
            LongConsumer pass,
            SegmentsRead read,
            Findings findings) {
        this.subject = subject;
        this.segments = subject.segments();
        this.index = subject.index();
        this.paced = paced;
        this.pass = pass;
        this.hinted = read.hinted();
        this.unopened = read.unopened();
        this.complete = read.complete();
        this.findings = findings;
    }

    /** Returns how many keys have an entry. */
    long run() {
        if (segments.all().size() > subject.openFilesMax()) {
            findings.note("the index was not compared with the log: there are more segments than the store may hold "
                    + "files open (" + subject.openFilesMax() + ")");
            return index.size();
        }
        List<RecordSource> sources = new ArrayList<>();
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                if (openAll(sources)) {
                    return compare(sources);
                }
                closeAll(sources);
            }
            findings.note(
                    "the index was not compared with the log: garbage collection replaced segments each time that "
                            + "it was tried; try again when it is idle");
        } catch (DamageException e) {
            // The hint was intact a moment ago.
            findings.add(Finding.Kind.HINT, e);
        } catch (IOException e) {
            findings.note("the index was not compared with the log to its end: " + e.getMessage());
        } finally {
            closeAll(sources);
        }
        return index.size();
    }

    /** False where a segment is gone meanwhile: then others have its records. */
    private boolean openAll(List<RecordSource> sources) throws IOException {
        tailId = 0;
        lengthsAtFirst.clear();
        for (Segment segment : segments.all()) {
            Segment view = Segment.sealed(segment.header(), segments.directory(), segment.length());
            lengthsAtFirst.put(view.id(), view.length());
            if (view.header().kind() == SegmentHeader.Kind.APPENDED) {
                tailId = view.id();
            }
            RecordSource source = open(view);
            if (source == null) {
                return false;
            }
            sources.add(source);
        }
        return true;
    }

    private @Nullable RecordSource open(Segment view) throws IOException {
        if (hinted.contains(view.id())) {
            try {
                return RecordSource.of(HintFile.open(segments.directory(), view), view);
            } catch (DamageException e) {
                if (segments.find(view.id()) == null) {
                    return null;
                }
                throw e;
            }
        }
        @Nullable Segment pinned;
        try {
            pinned = segments.pin(view.id());
        } catch (DamageException | StoreIoException e) {
            addUnopened(view.id(), e);
            complete = false;
            return RecordSource.of(new RecordTable(), view);
        }
        if (pinned == null) {
            return null;
        }
        try {
            SegmentContents contents = SegmentContents.scan(paced.apply(pinned.file()), view);
            complete = complete && contents.hidden().isEmpty();
            return RecordSource.of(contents.records(), view);
        } finally {
            pinned.unpin();
        }
    }

    /** A segment cannot be pinned: one finding, however many of its records are looked for. */
    private void addUnopened(int segmentId, StoreException e) {
        if (unopened.add(segmentId)) {
            Finding.Kind kind = e instanceof DamageException ? Finding.Kind.MISSING : Finding.Kind.UNREADABLE;
            findings.add(kind, pathOf(segmentId), 0, String.valueOf(e.getMessage()));
        }
    }

    private static void closeAll(List<RecordSource> sources) {
        for (RecordSource source : sources) {
            try {
                source.close();
            } catch (IOException e) {
                System.getLogger(OnlineIndexCheck.class.getName())
                        .log(System.Logger.Level.WARNING, "closing a hint failed: " + e.getMessage());
            }
        }
        sources.clear();
    }

    private long compare(List<RecordSource> sources) throws IOException {
        sources.forEach(source -> advance(new Source(source, 0)));
        Cursor cursor = index.cursor(Long.MIN_VALUE);
        boolean hasEntry = cursor.next();
        long entries = 0;
        for (long keys = 0; hasEntry || !queue.isEmpty(); keys++) {
            if (keys % KEYS_PER_PASS == 0) {
                pass.accept(keys == 0 ? 0 : KEYS_PER_PASS * HintEntry.BYTES);
            }
            Source first = queue.peek();
            boolean entryIsFirst = hasEntry && (first == null || cursor.key() <= first.key());
            long key = entryIsFirst || first == null ? cursor.key() : first.key();
            Newest newest = takeNewest(key);
            if (entryIsFirst) {
                entries++;
                if (cursor.location() != newest.location()) {
                    checkEntry(key, newest);
                }
                hasEntry = cursor.next();
            } else if (newest.location() != RecordSource.TOMBSTONE) {
                addMissing(key, newest);
            }
        }
        checkMissing();
        return entries;
    }

    private Newest takeNewest(long key) {
        Newest newest = new Newest(-1, RecordSource.TOMBSTONE);
        while (!queue.isEmpty() && queue.element().key() == key) {
            Source source = queue.remove();
            RecordSource record = source.records();
            boolean wins = record.version() > newest.version()
                    || (record.version() == newest.version() && newest.location() == RecordSource.TOMBSTONE);
            if (wins) {
                newest = new Newest(record.version(), record.location());
            }
            advance(source);
        }
        return newest;
    }

    private void advance(Source source) {
        if (source.records().next()) {
            queue.add(source);
        }
    }

    /** The entry is not the newest record that the log had: it must be a later one, or that one elsewhere. */
    private void checkEntry(long key, Newest newest) {
        while (true) {
            long entry = index.get(key);
            if (entry == OrderedIndex.ABSENT) {
                if (newest.location() != RecordSource.TOMBSTONE) {
                    addMissing(key, newest);
                }
                return;
            }
            if (entry == newest.location() || checkRecord(key, entry, newest)) {
                return;
            }
        }
    }

    /** False where the entry is another one by now. */
    private boolean checkRecord(long key, long entry, Newest newest) {
        pass.accept(RecordLocation.frameBytesAtLeast(entry));
        int id = RecordLocation.segmentId(entry);
        @Nullable Segment pinned;
        try {
            pinned = segments.pin(id);
        } catch (DamageException | StoreIoException e) {
            addUnopened(id, e);
            return true;
        }
        String wrong;
        try {
            if (pinned == null) {
                wrong = "the index has key " + key + " there, and the store has no such segment";
            } else {
                long version = SegmentReads.read(pinned, entry, key).header().version();
                boolean isRemoved = newest.version() >= 0 && newest.location() == RecordSource.TOMBSTONE;
                if (version > newest.version() || (version == newest.version() && !isRemoved)) {
                    return true;
                }
                wrong = "the index has version " + version + " of key " + key + " there; the log has version "
                        + newest.version() + ", " + describe(newest.location());
            }
        } catch (DamageException e) {
            wrong = "the index has key " + key + " there: expected " + e.expected() + ", found " + e.found();
        } catch (StoreIoException e) {
            wrong = "the index has key " + key + " there: " + e.getMessage();
        } finally {
            if (pinned != null) {
                pinned.unpin();
            }
        }
        if (index.get(key) != entry) {
            return false;
        }
        findings.add(Finding.Kind.INDEX, pathOf(id), RecordLocation.offset(entry), wrong);
        return true;
    }

    private void addMissing(long key, Newest newest) {
        missingTotal++;
        if (missing.size() < MISSING_MAX) {
            missing.put(key, newest);
        }
    }

    /** A key that lost its entry since the check began has a later record in what was appended since. */
    private void checkMissing() throws IOException {
        if (missingTotal == 0 || !complete) {
            return;
        }
        subject.awaitWrites().run();
        int lastId = segments.lastId();
        Map<Integer, Segment> now = new HashMap<>();
        segments.all().forEach(segment -> now.put(segment.id(), segment));
        for (int id = tailId; id <= lastId; id++) {
            // Where one of these is gone, so may be the tombstone of a key that was removed meanwhile.
            if (id > 0 && !now.containsKey(id)) {
                findings.note(missingTotal + " keys that may have been removed meanwhile were not told from lost ones: "
                        + "a segment written since is collected already");
                return;
            }
        }
        for (int id = tailId; id <= lastId; id++) {
            Segment segment = now.get(id);
            if (segment != null && segment.header().kind() == SegmentHeader.Kind.APPENDED) {
                forgetWritten(segment, lengthsAtFirst.getOrDefault(id, (long) SegmentHeader.BYTES));
            }
        }
        missing.forEach((key, newest) -> findings.add(
                Finding.Kind.INDEX,
                pathOf(RecordLocation.segmentId(newest.location())),
                RecordLocation.offset(newest.location()),
                "the index has no entry for key " + key + "; the log has version " + newest.version()
                        + " there, and no later record"));
        if (missingTotal > MISSING_MAX) {
            findings.note("of " + missingTotal + " keys that have no entry in the index, " + MISSING_MAX
                    + " were looked up in what was written meanwhile");
        }
    }

    /** Leaves out keys that were written behind an offset. */
    private void forgetWritten(Segment segment, long offset) throws IOException {
        @Nullable Segment pinned;
        try {
            pinned = segments.pin(segment.id());
        } catch (DamageException | StoreIoException e) {
            addUnopened(segment.id(), e);
            findings.note(missingTotal + " keys that may have been removed meanwhile were not told from lost ones: "
                    + "a segment written since cannot be opened");
            missing.clear();
            return;
        }
        if (pinned == null) {
            // Gone this moment; nothing is known of what was in it.
            missing.clear();
            return;
        }
        try {
            SegmentScanner scanner =
                    new SegmentScanner(paced.apply(pinned.file()), segment.path(), segment.header(), segment.length());
            scanner.resumeAt(offset);
            while (scanner.next()) {
                FrameHeader frame = scanner.frame();
                Optional<Newest> newest = Optional.ofNullable(missing.get(frame.key()));
                if (frame.kind() != FrameHeader.Kind.MARK
                        && newest.isPresent()
                        && frame.version() > newest.get().version()) {
                    missing.remove(frame.key());
                }
            }
        } finally {
            pinned.unpin();
        }
    }

    private String pathOf(int segmentId) {
        return segments.directory().file(StoreFileNames.segment(segmentId)).toString();
    }

    private static String describe(long location) {
        return location == RecordSource.TOMBSTONE
                ? "no value"
                : "segment " + RecordLocation.segmentId(location) + ", offset " + RecordLocation.offset(location);
    }
}
