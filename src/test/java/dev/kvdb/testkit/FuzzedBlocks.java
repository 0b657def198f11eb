package dev.kvdb.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.zip.CRC32C;

/**
 * Entries of one size in blocks with checksums, as hints and snapshots have them: made by a fuzzer, and read in the
 * plainest way, without the engine's decoders.
 *
 * @param entries how many there are
 * @param bytes they and the checksums
 */
public record FuzzedBlocks(int entries, byte[] bytes) {

    private static final int ENTRIES_OF_A_BLOCK = 1024;
    private static final int CHECKSUM_BYTES = 4;
    private static final int ENTRIES_MAX = 64;
    private static final FuzzInput NOTHING = new FuzzInput(new byte[0]);

    /** Appends the bytes of an entry of a number. */
    @FunctionalInterface
    public interface Encoder {

        /** Appends them; of an input that is used up, an entry that may follow the one before. */
        void put(ByteBuffer target, int number, FuzzInput input);
    }

    /** Entries off the input; now and then some that fill a block before them, and checksums that are wrong. */
    public static FuzzedBlocks of(FuzzInput input, int entryBytes, Encoder encoder) {
        int first = input.oneOf(256) == 255 ? ENTRIES_OF_A_BLOCK - 2 : 0;
        int entries = first + input.oneOf(ENTRIES_MAX);
        boolean wrongChecksum = input.oneOf(32) == 31;
        int blocks = (entries + ENTRIES_OF_A_BLOCK - 1) / ENTRIES_OF_A_BLOCK;
        ByteBuffer target = ByteBuffer.allocate(entries * entryBytes + blocks * CHECKSUM_BYTES);
        int blockAt = 0;
        for (int i = 0; i < entries; i++) {
            encoder.put(target, i, i < first ? NOTHING : input);
            if ((i + 1) % ENTRIES_OF_A_BLOCK == 0 || i + 1 == entries) {
                int checksum = checksum(target.array(), blockAt, target.position() - blockAt);
                target.putInt(wrongChecksum ? ~checksum : checksum);
                blockAt = target.position();
            }
        }
        return new FuzzedBlocks(entries, target.array());
    }

    /** A file of a header and these blocks; what is left of the input changes some of its bytes, or its length. */
    public byte[] behind(ByteBuffer header, FuzzInput input) {
        byte[] file = Arrays.copyOf(header.array(), header.limit() + bytes.length);
        System.arraycopy(bytes, 0, file, header.limit(), bytes.length);
        while (!input.isEmpty()) {
            int how = input.oneOf(16);
            int at = (input.oneOf(256) << Byte.SIZE | input.oneOf(256)) % Math.max(1, file.length);
            if (how == 0) {
                file = Arrays.copyOf(file, at);
            } else if (how == 1) {
                file = Arrays.copyOf(file, file.length + input.oneOf(32));
            } else if (how < 8) {
                file = withNewChecksum(file, header.limit(), at, input);
            } else if (at < file.length) {
                file[at] ^= (byte) input.oneOf(256);
            }
        }
        return file;
    }

    /** Another byte in the header, whose checksum goes along. */
    private static byte[] withNewChecksum(byte[] file, int headerBytes, int at, FuzzInput input) {
        int end = headerBytes - CHECKSUM_BYTES;
        if (file.length >= headerBytes) {
            file[at % end] = (byte) input.oneOf(256);
            ByteBuffer.wrap(file).putInt(end, checksum(file, 0, end));
        }
        return file;
    }

    /** Whether so many bytes from an offset on are followed by their checksum. */
    public static boolean hasChecksum(byte[] file, int from, int length) {
        return ByteBuffer.wrap(file).getInt(from + length) == checksum(file, from, length);
    }

    /**
     * Reads the entries of a file, which must end with them.
     *
     * @param from where the first block begins
     * @param entries how many entries there are said to be
     * @param each is given the offset of each; false where it cannot be, which ends the reading
     * @return whether all could be read
     */
    public static boolean read(byte[] file, int from, long entries, int entryBytes, IntPredicate each) {
        long blocks = entries / ENTRIES_OF_A_BLOCK + (entries % ENTRIES_OF_A_BLOCK == 0 ? 0 : 1);
        if (entries < 0
                || entries > file.length
                || file.length != from + entries * entryBytes + blocks * CHECKSUM_BYTES) {
            return false;
        }
        int at = from;
        for (int left = (int) entries; left > 0; left -= ENTRIES_OF_A_BLOCK) {
            int count = Math.min(left, ENTRIES_OF_A_BLOCK);
            if (!hasChecksum(file, at, count * entryBytes)) {
                return false;
            }
            for (int i = 0; i < count; i++) {
                if (!each.test(at + i * entryBytes)) {
                    return false;
                }
            }
            at += count * entryBytes + CHECKSUM_BYTES;
        }
        return true;
    }

    private static int checksum(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }
}
