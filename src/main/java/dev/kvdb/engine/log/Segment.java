package dev.kvdb.engine.log;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.format.SegmentHeader;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A segment file of the store. Its file is open only while it is of use: a reader pins the segment for the time of a
 * read, and a file that nobody pins may be closed to make room for others, or for good once the segment is retired.
 *
 * <p>Safe for use by several threads.
 */
public final class Segment {

    private static final int PARKED = -1;
    private static final int RETIRED = -2;

    private final SegmentHeader header;
    private final int id;
    private final StoreDirectory directory;
    private final String path;
    private final SegmentCounters counters = new SegmentCounters();

    /** The number of pins while the file is open, or {@link #PARKED}, or {@link #RETIRED}. */
    private final AtomicInteger pins;

    private volatile @Nullable StoreFile file;
    private volatile boolean retiring;
    private volatile boolean usedLately;
    private volatile boolean sealed;
    private volatile boolean damaged;
    private volatile boolean damageSeen;
    private volatile long length;

    private Segment(SegmentHeader header, StoreDirectory directory, boolean sealed, long length) {
        this.header = header;
        this.id = header.segmentId();
        this.directory = directory;
        this.path = directory.file(StoreFileNames.segment(header.segmentId())).toString();
        this.sealed = sealed;
        this.length = length;
        this.pins = new AtomicInteger(PARKED);
    }

    /** A segment that takes no more records; its file is opened when it is read. */
    public static Segment sealed(SegmentHeader header, StoreDirectory directory, long length) {
        return new Segment(header, directory, true, length);
    }

    /** The segment that is being appended to. Takes over the open file. */
    public static Segment active(SegmentHeader header, StoreDirectory directory, StoreFile file) {
        Segment segment = new Segment(header, directory, false, SegmentHeader.BYTES);
        segment.file = file;
        segment.pins.set(0);
        return segment;
    }

    /** What the file begins with. */
    public SegmentHeader header() {
        return header;
    }

    /** The segment's id. */
    public int id() {
        return id;
    }

    /** What the segment holds. */
    public SegmentCounters counters() {
        return counters;
    }

    /** The file's path, for messages. */
    public String path() {
        return path;
    }

    /** Bytes of the segment; while it is appended to, those that were acknowledged. */
    public long length() {
        return length;
    }

    /** Says how long the segment is now. */
    public void lengthen(long newLength) {
        length = newLength;
    }

    /** Whether the segment takes no more records. */
    public boolean isSealed() {
        return sealed;
    }

    /** Says that the segment takes no more records. */
    void seal(long sealedLength) {
        length = sealedLength;
        sealed = true;
    }

    /** Whether the segment holds damage that must stay; garbage collection leaves it alone. */
    public boolean isDamaged() {
        return damaged;
    }

    /** Says that the segment holds damage that must stay: it hides keys, or hits a live record. */
    public void markDamaged() {
        damaged = true;
        damageSeen = true;
    }

    /** Whether any damage was found in the segment, be it only in records that are dead by now. */
    public boolean isDamageSeen() {
        return damageSeen;
    }

    /** Says that damage was found in the segment. */
    public void noteDamage() {
        damageSeen = true;
    }

    /**
     * Pins the segment, opening its file where it is not open.
     *
     * @return false where the segment is retired: its live records are elsewhere by now
     * @throws DamageException where there is no such file
     * @throws StoreIoException where the file cannot be opened
     */
    boolean pin() {
        while (!retiring) {
            int now = pins.get();
            if (now >= 0) {
                if (pins.compareAndSet(now, now + 1)) {
                    if (!usedLately) {
                        usedLately = true;
                    }
                    return true;
                }
            } else if (now == RETIRED) {
                return false;
            } else {
                open();
            }
        }
        return false;
    }

    /** Gives a pin back. */
    public void unpin() {
        if (pins.decrementAndGet() == 0 && retiring) {
            closeUnpinned(RETIRED);
        }
    }

    /** The open file; the caller has the segment pinned. */
    public StoreFile file() {
        StoreFile open = file;
        if (open == null) {
            throw new IllegalStateException("segment " + id() + " is read but not pinned");
        }
        return open;
    }

    /** What its records are read into. */
    ReadBuffers readBuffers() {
        return directory.readBuffers();
    }

    /** Whether the file is open. */
    public boolean isOpen() {
        return pins.get() >= 0;
    }

    /** Closes the file unless it is pinned, appended to, or was used since the last call. */
    boolean park() {
        if (usedLately) {
            usedLately = false;
            return false;
        }
        return sealed && closeUnpinned(PARKED);
    }

    /** Refuses new pins, and closes the file now or when the last pin is given back. */
    public synchronized void retire() {
        retiring = true;
        if (!closeUnpinned(RETIRED)) {
            pins.compareAndSet(PARKED, RETIRED);
        }
    }

    private synchronized void open() {
        if (retiring || pins.get() != PARKED) {
            return;
        }
        try {
            file = directory.files().openForReading(directory.file(StoreFileNames.segment(id())));
        } catch (NoSuchFileException e) {
            markDamaged();
            throw new DamageException(path(), 0, "a segment that the manifest lists", "no such file");
        } catch (IOException e) {
            throw new StoreIoException("open", path(), e);
        }
        pins.set(0);
    }

    private synchronized boolean closeUnpinned(int next) {
        if (!pins.compareAndSet(0, next)) {
            return false;
        }
        StoreFile open = file;
        file = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                System.getLogger(Segment.class.getName())
                        .log(System.Logger.Level.WARNING, "closing " + path() + " failed: " + e);
            }
        }
        return true;
    }
}
