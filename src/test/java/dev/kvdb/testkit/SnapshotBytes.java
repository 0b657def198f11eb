package dev.kvdb.testkit;

import dev.kvdb.engine.format.LeafHeader;
import dev.kvdb.engine.format.SnapshotBlocks;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Blocks of an index snapshot with any entries in any order, under the right checksums. */
public final class SnapshotBytes {

    private static final int LEAVES_OF_A_BLOCK = 4;

    private SnapshotBytes() {}

    /** Blocks of full leaves; keys are given each before its location. */
    public static byte[] blocks(long... keysAndLocations) {
        ByteArrayOutputStream blocks = new ByteArrayOutputStream();
        int perBlock = 2 * LeafHeader.ENTRIES_MAX * LEAVES_OF_A_BLOCK;
        for (int from = 0; from < keysAndLocations.length; from += perBlock) {
            ByteBuffer block = ByteBuffer.allocate(SnapshotBlocks.BYTES_MAX);
            SnapshotBlocks.begin(block);
            int to = Math.min(from + perBlock, keysAndLocations.length);
            for (int at = from; at < to; at += 2 * LeafHeader.ENTRIES_MAX) {
                leaf(block, keysAndLocations, at, Math.min(at + 2 * LeafHeader.ENTRIES_MAX, to));
            }
            SnapshotBlocks.end(block);
            blocks.write(block.array(), 0, block.limit());
        }
        return blocks.toByteArray();
    }

    private static void leaf(ByteBuffer target, long[] keysAndLocations, int from, int to) {
        long keyMin = Long.MAX_VALUE;
        long keyMax = Long.MIN_VALUE;
        long locationMin = Long.MAX_VALUE;
        long locationMax = Long.MIN_VALUE;
        for (int i = from; i < to; i += 2) {
            keyMin = Math.min(keyMin, keysAndLocations[i]);
            keyMax = Math.max(keyMax, keysAndLocations[i]);
            locationMin = Math.min(locationMin, keysAndLocations[i + 1]);
            locationMax = Math.max(locationMax, keysAndLocations[i + 1]);
        }
        int keyBytes = width(keyMin, keyMax);
        int locationBytes = width(locationMin, locationMax);
        long keyBase = base(keyMin, keyBytes);
        long locationBase = base(locationMin, locationBytes);
        new LeafHeader((to - from) / 2, keyBytes, locationBytes, keyBase, locationBase).encode(target);
        for (int i = from; i < to; i += 2) {
            target.put(littleEndian(keysAndLocations[i] - keyBase), 0, keyBytes);
            target.put(littleEndian(keysAndLocations[i + 1] - locationBase), 0, locationBytes);
        }
    }

    private static int width(long min, long max) {
        int bytes = 1;
        while (bytes < Long.BYTES && (max - min) >>> bytes * Byte.SIZE != 0) {
            bytes++;
        }
        return bytes;
    }

    private static long base(long min, int width) {
        return width == Long.BYTES ? Long.MIN_VALUE : Math.min(min, Long.MAX_VALUE - (1L << width * Byte.SIZE) + 1);
    }

    private static byte[] littleEndian(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    /** Told of each entry that a plain reading finds. */
    @FunctionalInterface
    public interface Each {

        /** @param offset where in the file the entry is */
        void entry(long key, long location, int offset);
    }

    /**
     * Reads the blocks of a file in the plainest way, without the engine's decoders.
     *
     * @param from where the first block begins
     * @param entries how many entries there are said to be
     * @param each told of the entries of each leaf that can be read
     * @return whether all is as it must be: to the end of the file, and keys ascend
     */
    public static boolean read(byte[] file, int from, long entries, Each each) {
        int at = from;
        long found = 0;
        long[] keyBefore = new long[1];
        while (at < file.length) {
            int left = file.length - at;
            int length = left < 8 ? 0 : ByteBuffer.wrap(file).getInt(at);
            if (length <= 0
                    || length > Math.min(left, SnapshotBlocks.BYTES_MAX) - 8
                    || !FuzzedBlocks.hasChecksum(file, at, 4 + length)) {
                return false;
            }
            int end = at + 4 + length;
            for (at += 4; at < end; ) {
                int leafBytes = leafBytes(file, at, end);
                if (leafBytes == 0) {
                    return false;
                }
                int count = ByteBuffer.wrap(file).getShort(at);
                if (found + count > entries || !readLeaf(file, at, found == 0, keyBefore, each)) {
                    return false;
                }
                found += count;
                at += leafBytes;
            }
            at = end + 4;
        }
        return found == entries;
    }

    /** Bytes of the leaf at an offset; 0 where there is none. */
    private static int leafBytes(byte[] file, int at, int end) {
        if (end - at < 20) {
            return 0;
        }
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int count = bytes.getShort(at);
        boolean isLeaf = count > 0
                && count <= 256
                && isFrame(bytes.getLong(at + 4), bytes.get(at + 2))
                && isFrame(bytes.getLong(at + 12), bytes.get(at + 3));
        int leafBytes = 20 + count * (bytes.get(at + 2) + bytes.get(at + 3));
        return isLeaf && leafBytes <= end - at ? leafBytes : 0;
    }

    private static boolean isFrame(long base, int width) {
        if (width < 1 || width > 8) {
            return false;
        }
        long greatest = base;
        for (int i = 0; i < width; i++) {
            long more = 255L << i * Byte.SIZE;
            // Only the topmost byte of eight may wrap, and that only from the least base.
            if (i == 7 ? base != Long.MIN_VALUE : greatest > Long.MAX_VALUE - more) {
                return false;
            }
            greatest += more;
        }
        return true;
    }

    private static boolean readLeaf(byte[] file, int at, boolean isFirst, long[] keyBefore, Each each) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int count = bytes.getShort(at);
        int keyBytes = bytes.get(at + 2);
        int locationBytes = bytes.get(at + 3);
        long before = keyBefore[0];
        for (int i = 0; i < count; i++) {
            long key = bytes.getLong(at + 4) + difference(file, at + 20 + i * (keyBytes + locationBytes), keyBytes);
            if (!(isFirst && i == 0) && key <= before) {
                return false;
            }
            before = key;
        }
        keyBefore[0] = before;
        for (int i = 0; i < count; i++) {
            int entry = at + 20 + i * (keyBytes + locationBytes);
            each.entry(
                    bytes.getLong(at + 4) + difference(file, entry, keyBytes),
                    bytes.getLong(at + 12) + difference(file, entry + keyBytes, locationBytes),
                    entry);
        }
        return true;
    }

    private static long difference(byte[] file, int at, int width) {
        long difference = 0;
        for (int i = 0; i < width; i++) {
            difference |= (file[at + i] & 0xFFL) << i * Byte.SIZE;
        }
        return difference;
    }
}
