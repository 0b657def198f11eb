package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.env.Pace;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Reads all of an open store beside its readers, writers and garbage collection, and says what is wrong with it. Writes
 * nothing.
 *
 * <p>A segment is pinned while it is read, sealed ones as a whole, the one that is appended to up to what was
 * acknowledged. One that is collected meanwhile is left, and what it was copied to is read in a second round. A hint
 * counts only while the store still has its segment. Then each entry of the index is compared with the log: see
 * {@link OnlineIndexCheck}.
 *
 * <p>Holds the records of one segment at a time, and of those without a hint. Belongs to one thread.
 */
public final class OnlineVerification {

    private static final int ROUNDS = 2;
    private static final int SNAPSHOT_BYTES_PER_PASS = 16 * 1024;

    private final Subject subject;
    private final Segments segments;
    private final StoreDirectory directory;
    private final Clock clock;
    private final Pace pace;
    private final BooleanSupplier cancelled;
    private final Findings findings;
    private final Progress progress;
    private final long startNanos;
    private final Set<Integer> checked = new HashSet<>();

    /** Segments whose hint has their records. */
    private final Set<Integer> hinted = new HashSet<>();

    /** Segments that a finding says cannot be opened. */
    private final Set<Integer> unopened = new HashSet<>();

    private boolean complete = true;
    private int files;
    private long bytes;
    private long records;

    /**
     * The store.
     *
     * @param segments its segments
     * @param index its index
     * @param openFilesMax hints to hold open at a time
     * @param awaitWrites returns when all writes that were applied to the index before are in their segment's length
     */
    public record Subject(Segments segments, OrderedIndex index, int openFilesMax, Runnable awaitWrites) {}

    /**
     * @param subject the store
     * @param clock paces the reading, and says how long it took
     * @param bytesPerSecondMax how fast to read; 0 for no limit
     * @param cancelled asked often; true ends the verification
     * @param listener told how far it is
     * @param told each finding as it comes, the first thousand
     */
    public OnlineVerification(
            Subject subject,
            Clock clock,
            long bytesPerSecondMax,
            BooleanSupplier cancelled,
            RecoveryListener listener,
            Consumer<Finding> told) {
        this.subject = subject;
        this.segments = subject.segments();
        this.directory = segments.directory();
        this.clock = clock;
        this.pace = new Pace(clock, bytesPerSecondMax, cancelled);
        this.cancelled = cancelled;
        this.findings = new Findings(told);
        this.progress = new Progress(listener, bytesToRead());
        this.startNanos = clock.nanoTime();
    }

    private long bytesToRead() {
        return segments.all().stream().mapToLong(Segment::length).sum();
    }

    /**
     * Verifies the store. Damage is in the report, and never thrown.
     *
     * @throws CancellationException where it was cancelled
     */
    public VerificationReport run() {
        progress.phase("reading the manifest");
        checkManifest();
        for (int round = 0; round < ROUNDS; round++) {
            for (Segment segment : segments.all()) {
                if (checked.add(segment.id())) {
                    progress.phase("reading " + StoreFileNames.segment(segment.id()));
                    checkSegment(segment);
                }
            }
        }
        progress.phase("reading the snapshot");
        checkSnapshot();
        progress.phase("comparing the index");
        OnlineIndexCheck.SegmentsRead read = new OnlineIndexCheck.SegmentsRead(hinted, unopened, complete);
        long liveRecords = new OnlineIndexCheck(subject, this::paced, this::pass, read, findings).run();
        progress.done();
        return findings.report(files, bytes, records, liveRecords, clock.nanoTime() - startNanos);
    }

    private void checkCancelled() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the verification was cancelled");
        }
    }

    /** So many bytes are about to be read. */
    private void pass(long moreBytes) {
        pace.await(moreBytes);
        checkCancelled();
    }

    private StoreFile paced(StoreFile file) {
        return new PacedFile(file, pace, this::checkCancelled);
    }

    private void checkManifest() {
        String path = directory.file(StoreFileNames.MANIFEST).toString();
        try {
            ByteBuffer source = directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX);
            count(source.limit());
            Manifest manifest = Manifest.decode(source, path);
            if (!manifest.storeId().equals(segments.storeId())) {
                findings.add(
                        Finding.Kind.MANIFEST,
                        path,
                        0,
                        "is of store " + manifest.storeId() + ", the open one is " + segments.storeId());
            }
        } catch (DamageException e) {
            findings.add(Finding.Kind.MANIFEST, e);
        } catch (UnsupportedFormatException e) {
            findings.add(path, 0, e);
        } catch (IOException e) {
            findings.add(path, 0, e);
        }
    }

    private void checkSegment(Segment segment) {
        checkCancelled();
        boolean sealed = segment.isSealed();
        // What is counted here must not be counted in the store.
        Segment view = Segment.sealed(segment.header(), directory, segment.length());
        SegmentCheck.Contents contents;
        try {
            Segment pinned = segments.pin(segment.id());
            if (pinned == null) {
                return;
            }
            try {
                contents = checkFrames(pinned, view);
            } finally {
                pinned.unpin();
            }
        } catch (DamageException e) {
            // By the pin: what is damaged inside is a finding by itself.
            complete = false;
            unopened.add(segment.id());
            findings.add(Finding.Kind.MISSING, segment.path(), 0, "the store has this segment, and there is no file");
            return;
        } catch (StoreIoException e) {
            complete = false;
            unopened.add(segment.id());
            findings.add(Finding.Kind.UNREADABLE, segment.path(), 0, String.valueOf(e.getMessage()));
            return;
        }
        if (sealed) {
            checkHint(view, contents);
        }
    }

    private SegmentCheck.Contents checkFrames(Segment pinned, Segment view) {
        long before = findings.findingsTotal();
        StoreFile file = paced(pinned.file());
        long end = checkHeader(file, view);
        progress.addBytes(SegmentHeader.BYTES);
        SegmentCheck.Contents contents = SegmentCheck.check(file, view.header(), view.path(), end, findings, progress);
        count(end);
        records += contents.records().rows();
        boolean whole = contents.complete() && end == view.length();
        complete = complete && whole;
        if (!whole) {
            pinned.markDamaged();
        } else if (findings.findingsTotal() > before) {
            pinned.noteDamage();
        }
        return contents;
    }

    /** Answers how far the file goes, at most to the segment's end. */
    private long checkHeader(StoreFile file, Segment view) {
        try {
            long fileBytes = file.size();
            if (fileBytes < view.length()) {
                findings.add(
                        Finding.Kind.LENGTH,
                        view.path(),
                        fileBytes,
                        "the file ends here, before the segment's " + view.length() + " bytes");
            }
            ByteBuffer start = ByteBuffer.allocate(SegmentHeader.BYTES);
            file.read(start, 0);
            SegmentHeader header = SegmentHeader.decode(start.flip(), view.path());
            if (!header.equals(view.header())) {
                throw new DamageException(view.path(), 0, view.header().toString(), header.toString());
            }
            return Math.min(fileBytes, view.length());
        } catch (DamageException e) {
            findings.add(Finding.Kind.HEADER, e);
        } catch (UnsupportedFormatException e) {
            findings.add(view.path(), 0, e);
        } catch (IOException e) {
            findings.add(view.path(), 0, e);
        }
        // The frames can be checked by the header in memory.
        return view.length();
    }

    private void checkHint(Segment view, SegmentCheck.Contents contents) {
        String name = StoreFileNames.hint(view.id());
        Findings own = new Findings();
        try {
            if (!directory.files().exists(directory.file(name))) {
                return;
            }
            long hintBytes = directory.files().size(directory.file(name));
            pass(hintBytes);
            count(hintBytes);
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException e) {
            own.add(directory.file(name).toString(), 0, e);
        }
        if (own.findingsTotal() == 0 && HintCheck.agrees(directory, view, contents.records(), own)) {
            hinted.add(view.id());
        } else if (segments.find(view.id()) != null) {
            // A hint is deleted only after its segment is gone for readers.
            findings.addAll(own);
        }
    }

    private void checkSnapshot() {
        String path = directory.file(StoreFileNames.SNAPSHOT).toString();
        try {
            if (!directory.files().exists(directory.file(StoreFileNames.SNAPSHOT))) {
                return;
            }
            count(directory.files().size(directory.file(StoreFileNames.SNAPSHOT)));
            try (SnapshotFile.Opened snapshot = SnapshotFile.open(segments)) {
                // Checksums and the order of keys; locations count only at an open.
                long untoldBytes = 0;
                while (snapshot.leaves().next()) {
                    untoldBytes += snapshot.leaves().leaf().bytes();
                    if (untoldBytes >= SNAPSHOT_BYTES_PER_PASS) {
                        pass(untoldBytes);
                        untoldBytes = 0;
                    }
                }
            }
        } catch (DamageException e) {
            if (!SnapshotFile.isOfEarlierFormat(directory)) {
                findings.add(Finding.Kind.SNAPSHOT, e);
            }
        } catch (UnsupportedFormatException e) {
            findings.add(path, 0, e);
        } catch (IOException e) {
            findings.add(path, 0, e);
        }
    }

    private void count(long fileBytes) {
        files++;
        bytes += fileBytes;
    }
}
