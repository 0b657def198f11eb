package dev.kvdb.engine.log;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The direct buffers that records are read into: the system fills one, and the value is copied out of it once. They are
 * kept and used again, and there are few of them for a store, however many threads read: at most {@value #BYTES_MAX}
 * bytes for each of some twice as many as there are processors. Where all are in use, as while many reads wait for a
 * disk, a reader gets one of the heap's, which Java copies through a direct buffer of its own.
 *
 * <p>Safe for use by several threads. A thread looks in a place of its own first, so that it meets no other there.
 */
final class ReadBuffers {

    /** What a buffer has at most: more is read in parts. */
    static final int BYTES_MAX = 1024 * 1024;

    private static final int BYTES_MIN = 4096;

    /** Places lie on cache lines of their own: references have 4 or 8 bytes, a line has 64 or 128. */
    private static final int STRIDE_SHIFT = 5;

    private static final ByteBuffer NOT_YET_MADE = ByteBuffer.allocate(0);

    /** A power of two. */
    private final int places;

    /** A buffer, or null where a reader has it. */
    private final AtomicReferenceArray<@Nullable ByteBuffer> free;

    /** As many as suit the machine that this runs on: a native executable may have been built on another. */
    ReadBuffers() {
        this(Runtime.getRuntime().availableProcessors());
    }

    ReadBuffers(int processors) {
        places = Integer.highestOneBit(Math.max(2, processors)) * 2;
        free = new AtomicReferenceArray<>(places << STRIDE_SHIFT);
        for (int place = 0; place < places; place++) {
            free.set(place << STRIDE_SHIFT, NOT_YET_MADE);
        }
    }

    /** An empty buffer of so many bytes, or of {@link #BYTES_MAX} where that is less, until it is given back. */
    ByteBuffer take(int bytes) {
        int capacity = Math.min(bytes, BYTES_MAX);
        int own = ownPlace();
        for (int i = 0; i < places; i++) {
            int place = ((own + i) & (places - 1)) << STRIDE_SHIFT;
            ByteBuffer buffer = free.getOpaque(place);
            if (buffer != null && free.compareAndSet(place, buffer, null)) {
                return (buffer.capacity() < capacity ? larger(buffer, capacity) : buffer)
                        .clear()
                        .limit(capacity);
            }
        }
        return ByteBuffer.allocate(capacity);
    }

    /** Takes a buffer back, which its reader must not use any more. */
    void giveBack(ByteBuffer buffer) {
        if (!buffer.isDirect() && buffer.capacity() > 0) {
            return;
        }
        int own = ownPlace();
        // No more are out than places are empty.
        for (int i = 0; ; i++) {
            int place = ((own + i) & (places - 1)) << STRIDE_SHIFT;
            if (free.getOpaque(place) == null && free.compareAndSet(place, null, buffer)) {
                return;
            }
        }
    }

    private ByteBuffer larger(ByteBuffer small, int capacity) {
        int doubled = Math.max(BYTES_MIN, Integer.highestOneBit(Math.max(1, capacity - 1)) * 2);
        try {
            return ByteBuffer.allocateDirect(doubled);
        } catch (OutOfMemoryError e) {
            giveBack(small);
            return ByteBuffer.allocate(capacity);
        }
    }

    private static int ownPlace() {
        return (int) Thread.currentThread().getId();
    }
}
