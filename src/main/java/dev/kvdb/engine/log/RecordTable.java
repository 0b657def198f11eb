package dev.kvdb.engine.log;

import dev.kvdb.engine.format.HintEntry;
import java.util.Arrays;

/**
 * The records of a segment, in columns: key, version, offset and value size, without an object each. Grows as records
 * are added.
 *
 * <p>Belongs to one thread.
 */
public final class RecordTable {

    private static final int ROWS_AT_FIRST = 64;

    private long[] keys = new long[ROWS_AT_FIRST];
    private long[] versions = new long[ROWS_AT_FIRST];
    private int[] offsets = new int[ROWS_AT_FIRST];
    private int[] valueBytes = new int[ROWS_AT_FIRST];
    private int rows;

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
    }

    /** How many records there are. */
    public int rows() {
        return rows;
    }

    /** The record in a row. */
    public HintEntry row(int row) {
        return new HintEntry(keys[row], versions[row], offsets[row], valueBytes[row]);
    }

    /** The rows in ascending order of key, then version. */
    public int[] byKey() {
        return sorted(
                (a, b) -> keys[a] != keys[b] ? Long.compare(keys[a], keys[b]) : Long.compare(versions[a], versions[b]));
    }

    /** The rows in ascending order of offset. */
    public int[] byOffset() {
        return sorted((a, b) -> Integer.compare(offsets[a], offsets[b]));
    }

    private interface RowOrder {
        int compare(int a, int b);
    }

    /** Bottom-up merge sort of row numbers: no boxing, and linear where the rows are in order already. */
    private int[] sorted(RowOrder order) {
        int[] from = new int[rows];
        for (int i = 0; i < rows; i++) {
            from[i] = i;
        }
        int[] to = new int[rows];
        for (int width = 1; width < rows && width > 0; width *= 2) {
            for (int start = 0; start < rows; start += 2 * width) {
                int middle = Math.min(start + width, rows);
                int end = Math.min(start + 2 * width, rows);
                merge(from, to, start, middle, end, order);
            }
            int[] swapped = from;
            from = to;
            to = swapped;
        }
        return from;
    }

    private static void merge(int[] from, int[] to, int start, int middle, int end, RowOrder order) {
        if (middle == end || order.compare(from[middle - 1], from[middle]) <= 0) {
            System.arraycopy(from, start, to, start, end - start);
            return;
        }
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++) {
            if (left < middle && (right == end || order.compare(from[left], from[right]) <= 0)) {
                to[i] = from[left++];
            } else {
                to[i] = from[right++];
            }
        }
    }
}
