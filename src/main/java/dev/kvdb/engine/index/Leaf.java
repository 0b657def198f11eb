package dev.kvdb.engine.index;

import dev.kvdb.engine.format.LeafHeader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A leaf: at most {@value #ENTRIES_MAX} entries, ascending by key, in one byte array.
 *
 * <p>An entry is the difference of its key to {@code keyBase} and of its location to {@code locationBase}, both
 * little-endian in as few bytes as the {@link Frame} allows that is chosen when the leaf is built. What does not fit,
 * or an entry beyond the capacity, needs a new leaf. An index snapshot holds the same bytes behind a
 * {@link LeafHeader}.
 *
 * <pre>
 *   | key - keyBase | location - locationBase | key ... | location ... | ... | spare entries | padding |
 *   |   keyBytes    |      locationBytes      |
 * </pre>
 *
 * <p>Threads: one writer at a time, by the lock of the tree. Readers are optimistic (a sequence lock): what they read
 * between {@link #beginRead} and {@link #unchangedSince} counts only if the latter is true. Until then they may see
 * entries half moved, but never leave the array: it and the widths are final, the count never exceeds the capacity, and
 * it bounds each loop.
 */
final class Leaf extends Node {

    /** With this many entries, consecutive keys take one byte each even when the leaf is full. */
    static final int ENTRIES_MAX = LeafHeader.ENTRIES_MAX;

    private static final int OBJECT_BYTES = 56;
    private static final int SPARE_ENTRIES_MIN = 8;

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle VERSION = versionHandle();

    private final byte[] entries;
    private final long keyBase;
    private final long locationBase;
    private final byte keyBytes;
    private final byte locationBytes;
    private int count;

    /** Odd while a writer changes the leaf. */
    private volatile long version;

    /**
     * A leaf of the entries of {@code source} from position {@code from} to before {@code to}, with room for
     * {@code capacity}.
     */
    Leaf(Entries source, int from, int to, int capacity) {
        long keyMin = source.key(from);
        long keyMax = source.key(Math.max(from, to - 1));
        long locationMin = source.locationMin(from, to);
        long locationMax = source.locationMax(from, to);
        keyBytes = (byte) Frame.width(keyMin, keyMax);
        locationBytes = (byte) Frame.width(locationMin, locationMax);
        keyBase = Frame.base(keyMin, keyMax, keyBytes);
        locationBase = Frame.base(locationMin, locationMax, locationBytes);
        entries = new byte[capacity * stride() + Long.BYTES - locationBytes];
        pack(source, from, to);
        count = to - from;
    }

    /** A leaf of the entries that follow {@code header} in {@code source}, with room for no more. */
    Leaf(LeafHeader header, ByteBuffer source) {
        keyBytes = (byte) header.keyBytes();
        locationBytes = (byte) header.locationBytes();
        keyBase = header.keyBase();
        locationBase = header.locationBase();
        entries = new byte[header.entriesBytes() + Long.BYTES - locationBytes];
        source.get(entries, 0, header.entriesBytes());
        count = header.count();
    }

    /**
     * The number of entries to make room for when a leaf of {@code count} is built: little spare, since growth only
     * costs a copy.
     */
    static int capacityFor(int count) {
        return Math.min(ENTRIES_MAX, count + Math.max(SPARE_ENTRIES_MIN, count / 8));
    }

    @Override
    int count() {
        return count;
    }

    @Override
    int keyCount() {
        return count;
    }

    @Override
    int countMax() {
        return ENTRIES_MAX;
    }

    int capacity() {
        return (entries.length - Long.BYTES + locationBytes) / stride();
    }

    @Override
    long memoryBytes() {
        return OBJECT_BYTES + arrayBytes(entries.length, 1);
    }

    /** Whether so few entries are left that they may fit into a neighbour. */
    boolean isSmall() {
        return count < ENTRIES_MAX / 3;
    }

    /** Whether so many entries were removed that a smaller array is worth a copy. */
    boolean isWasteful() {
        return capacity() - count > Math.max(2 * SPARE_ENTRIES_MIN, count / 4);
    }

    /** How the entries are packed. */
    LeafHeader header() {
        return new LeafHeader(count, keyBytes, locationBytes, keyBase, locationBase);
    }

    /** Appends the packed entries to {@code target}. */
    void copyTo(ByteBuffer target) {
        target.put(entries, 0, count * stride());
    }

    long beginRead() {
        return (long) VERSION.getAcquire(this);
    }

    /** Whether what was read since {@link #beginRead} returned {@code stamp} is a state that this leaf had. */
    boolean unchangedSince(long stamp) {
        VarHandle.acquireFence();
        return (stamp & 1) == 0 && stamp == (long) VERSION.getOpaque(this);
    }

    /** The position of the first entry whose key is at least this one; the range is this leaf's. */
    int positionAtLeast(long key, long low, long high) {
        int position = positionOf(key, low, high);
        return position < 0 ? -1 - position : position;
    }

    @Override
    long key(int position) {
        return keyBase + ((long) WORD.get(entries, position * stride()) & Frame.mask(keyBytes));
    }

    long location(int position) {
        return locationBase + ((long) WORD.get(entries, position * stride() + keyBytes) & Frame.mask(locationBytes));
    }

    /** Whether {@link #insert} may be called with this entry. */
    boolean canInsert(long key, long location) {
        return count < capacity() && Frame.fits(key, keyBase, keyBytes) && canHold(location);
    }

    /** Whether {@link #setLocation} may be called with this location. */
    boolean canHold(long location) {
        return Frame.fits(location, locationBase, locationBytes);
    }

    void insert(int position, long key, long location) {
        beginWrite();
        int at = position * stride();
        System.arraycopy(entries, at, entries, at + stride(), (count - position) * stride());
        store(position, key, location);
        count++;
        endWrite();
    }

    void setLocation(int position, long location) {
        beginWrite();
        storeLocation(position, location);
        endWrite();
    }

    void remove(int position) {
        beginWrite();
        int next = (position + 1) * stride();
        System.arraycopy(entries, next, entries, next - stride(), (count - position - 1) * stride());
        count--;
        endWrite();
    }

    @Override
    Node mergedWith(long separator, Node right) {
        return new Entries()
                .copyFrom(this, 0)
                .append((Leaf) right, 0, right.count())
                .toLeaf();
    }

    private int stride() {
        return keyBytes + locationBytes;
    }

    /** Whole words in ascending order: what is too much of one is overwritten by the next. */
    private void pack(Entries source, int from, int to) {
        int at = 0;
        for (int i = from; i < to; i++) {
            WORD.set(entries, at, source.key(i) - keyBase);
            WORD.set(entries, at + keyBytes, source.location(i) - locationBase);
            at += stride();
        }
    }

    private void store(int position, long key, long location) {
        storeBytes(position * stride(), key - keyBase, Frame.mask(keyBytes));
        storeLocation(position, location);
    }

    private void storeLocation(int position, long location) {
        storeBytes(position * stride() + keyBytes, location - locationBase, Frame.mask(locationBytes));
    }

    private void storeBytes(int at, long value, long mask) {
        WORD.set(entries, at, ((long) WORD.get(entries, at) & ~mask) | value);
    }

    /** Tells readers to wait; the holder of the lock ends what it begins. */
    void beginWrite() {
        VERSION.setOpaque(this, version + 1);
        VarHandle.releaseFence();
    }

    void endWrite() {
        VERSION.setRelease(this, version + 1);
    }

    private static VarHandle versionHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(Leaf.class, "version", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
