package dev.kvdb.engine.log;

import dev.kvdb.engine.format.HintEntry;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The records of a segment, in columns: key, version, offset and value size, without an object each. Grows as records
 * are added.
 *
 * <p>Belongs to one thread.
 */
public final class RecordTable {

    private static final int ROWS_AT_FIRST = 64;

    private static final int DIGIT_BITS = 11;
    private static final int DIGIT_VALUES = 1 << DIGIT_BITS;
    private static final int DIGITS = (Long.SIZE + DIGIT_BITS - 1) / DIGIT_BITS;

    private long[] keys = new long[ROWS_AT_FIRST];
    private long[] versions = new long[ROWS_AT_FIRST];
    private int[] offsets = new int[ROWS_AT_FIRST];
    private int[] valueBytes = new int[ROWS_AT_FIRST];
    private int rows;

    /** What {@link #byKey} returned, until a row is added: both the index and the hint are made of that. */
    private @Nullable RecordTable byKey;

    /** An empty table. */
    public RecordTable() {}

    /** The rows of another table in another order. */
    private RecordTable(RecordTable from, int[] order) {
        rows = from.rows;
        keys = inOrder(from.keys, order);
        versions = inOrder(from.versions, order);
        offsets = inOrder(from.offsets, order);
        valueBytes = inOrder(from.valueBytes, order);
    }

    private static long[] inOrder(long[] column, int[] order) {
        long[] ordered = new long[Math.max(ROWS_AT_FIRST, order.length)];
        for (int i = 0; i < order.length; i++) {
            ordered[i] = column[order[i]];
        }
        return ordered;
    }

    private static int[] inOrder(int[] column, int[] order) {
        int[] ordered = new int[Math.max(ROWS_AT_FIRST, order.length)];
        for (int i = 0; i < order.length; i++) {
            ordered[i] = column[order[i]];
        }
        return ordered;
    }

    /** Adds a record. */
    public void add(HintEntry record) {
        if (rows == keys.length) {
            int capacity = rows + (rows >> 1);
            keys = Arrays.copyOf(keys, capacity);
            versions = Arrays.copyOf(versions, capacity);
            offsets = Arrays.copyOf(offsets, capacity);
            valueBytes = Arrays.copyOf(valueBytes, capacity);
        }
        keys[rows] = record.key();
        versions[rows] = record.version();
        offsets[rows] = record.offset();
        valueBytes[rows] = record.valueBytes();
        rows++;
        byKey = null;
    }

    /** How many records there are. */
    public int rows() {
        return rows;
    }

    /** The record in a row. */
    public HintEntry row(int row) {
        return new HintEntry(keys[row], versions[row], offsets[row], valueBytes[row]);
    }

    /** The same rows in ascending order of key, then version; not to be added to. */
    public RecordTable byKey() {
        RecordTable ordered = byKey;
        if (ordered == null) {
            // An appended segment has its versions in order already.
            ordered = new RecordTable(this, sorted(sorted(rowsInTurn(), versions), keys));
            byKey = ordered;
        }
        return ordered;
    }

    /** The rows in ascending order of offset. */
    public int[] byOffset() {
        long[] column = new long[rows];
        for (int row = 0; row < rows; row++) {
            column[row] = offsets[row];
        }
        return sorted(rowsInTurn(), column);
    }

    private int[] rowsInTurn() {
        int[] order = new int[rows];
        for (int row = 0; row < rows; row++) {
            order[row] = row;
        }
        return order;
    }

    /**
     * Sorts row numbers by a column; those with equal numbers in it stay in their order. A radix sort, least
     * significant digit first (D. E. Knuth, The Art of Computer Programming, volume 3, section 5.2.5): no comparisons,
     * and one pass where the rows are in order already.
     */
    private static int[] sorted(int[] rowNumbers, long[] column) {
        if (isSorted(rowNumbers, column)) {
            return rowNumbers;
        }
        int[][] counts = new int[DIGITS][DIGIT_VALUES];
        for (int row : rowNumbers) {
            for (int digit = 0; digit < DIGITS; digit++) {
                counts[digit][digitOf(column[row], digit)]++;
            }
        }
        int[] from = rowNumbers;
        int[] to = new int[from.length];
        for (int digit = 0; digit < DIGITS; digit++) {
            int[] next = counts[digit];
            if (next[digitOf(column[from[0]], digit)] == from.length) {
                continue;
            }
            int place = 0;
            for (int value = 0; value < DIGIT_VALUES; value++) {
                int count = next[value];
                next[value] = place;
                place += count;
            }
            for (int row : from) {
                to[next[digitOf(column[row], digit)]++] = row;
            }
            int[] swapped = from;
            from = to;
            to = swapped;
        }
        return from;
    }

    private static boolean isSorted(int[] rowNumbers, long[] column) {
        for (int i = 1; i < rowNumbers.length; i++) {
            if (column[rowNumbers[i - 1]] > column[rowNumbers[i]]) {
                return false;
            }
        }
        return true;
    }

    /** A digit of a number, of which the most negative one has the lowest digits. */
    private static int digitOf(long number, int digit) {
        return (int) ((number ^ Long.MIN_VALUE) >>> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1);
    }
}
