package dev.kvdb.testkit;

import java.util.List;

/**
 * A walk over every place at which a recorded run may crash: after 0, 1, 2, ... operations.
 *
 * <pre>{@code
 * CrashImages images = files.crashImages();
 * do {
 *     for (long seed = 0; seed < (images.pendingOperations() == 0 ? 1 : 20); seed++) {
 *         check(images.image(seed), images.notes());
 *     }
 * } while (images.advance());
 * }</pre>
 *
 * <p>An image costs what is pending at that place, not what went before. The walk ends where the journal ended when it
 * was begun. Not safe for use by several threads; the images are independent of it and of each other.
 */
public final class CrashImages {

    private final SimulatedDisk.Recording recording;
    private final DurableState state;
    private int position;
    private int notesPassed;

    CrashImages(SimulatedDisk.Recording recording) {
        this.recording = recording;
        this.state = new DurableState(recording);
        passNotes();
    }

    /** Operations carried out before the crash. */
    public int position() {
        return position;
    }

    /** Moves the crash one operation later; false at the end. */
    public boolean advance() {
        if (position == recording.journal().size()) {
            return false;
        }
        state.apply(recording.journal().get(position));
        position++;
        passNotes();
        return true;
    }

    /** Moves the crash forward to a position. */
    public void advanceTo(int target) {
        if (target < position || target > recording.journal().size()) {
            throw new IllegalArgumentException("no way from " + position + " to " + target + " of "
                    + recording.journal().size());
        }
        while (position < target) {
            advance();
        }
    }

    /** Operations of which it is open whether they survive. With 0, all images of this place are the same. */
    public int pendingOperations() {
        return state.pendingOperations();
    }

    /** The notes made before the next operation began, oldest first; a view that stays as it is. */
    public List<Object> notes() {
        return recording.notes().subList(0, notesPassed);
    }

    /** The next operation, which the crash comes before; for messages. */
    public String nextOperation() {
        return position == recording.journal().size()
                ? "end of the run"
                : recording.journal().get(position).trace(recording.root());
    }

    /** What is left after a crash here, in the variant that {@link CrashVariant#of} names. */
    public CrashingFileSystem image(long seed) {
        return image(CrashVariant.of(seed), seed);
    }

    /**
     * What is left after a crash here: all of it durable, its journal empty, its lock free. The same arguments give the
     * same image.
     */
    public CrashingFileSystem image(CrashVariant variant, long seed) {
        return new CrashingFileSystem(state.image(new Survival(variant, seed, position)));
    }

    private void passNotes() {
        while (notesPassed < recording.notes().size()
                && recording.notePositions().get(notesPassed) <= position) {
            notesPassed++;
        }
    }
}
