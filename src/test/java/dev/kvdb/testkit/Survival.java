package dev.kvdb.testkit;

import dev.kvdb.testkit.JournalEntry.DataEntry;
import dev.kvdb.testkit.JournalEntry.Truncate;
import dev.kvdb.testkit.JournalEntry.Write;
import java.util.List;
import java.util.SplittableRandom;

/** Chooses, for one crash, what survives of unsynced operations. Belongs to one thread. */
final class Survival {

    private static final int SECTOR_BYTES = 512;
    private static final double[] SECTOR_ODDS = {0.1, 0.5, 0.9};
    private static final CrashVariant[] FOR_A_FILE = {
        CrashVariant.NOTHING_UNSYNCED,
        CrashVariant.EVERYTHING,
        CrashVariant.TORN,
        CrashVariant.REORDERED,
        CrashVariant.SIZES_WITHOUT_BYTES
    };

    private final CrashVariant variant;
    private final SplittableRandom random;

    Survival(CrashVariant variant, long seed, int position) {
        this.variant = variant;
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + position);
    }

    /** How many of the {@code pending} oldest operations on a directory survive. */
    int entries(int pending) {
        return switch (variant) {
            case NOTHING_UNSYNCED, BYTES_ONLY -> 0;
            case EVERYTHING, ENTRIES_ONLY -> pending;
            default -> random.nextInt(pending + 1);
        };
    }

    /** The file's bytes after the crash. */
    FileContent bytes(FileContent durable, List<DataEntry> pending) {
        CrashVariant chosen = variant == CrashVariant.MIXED ? FOR_A_FILE[random.nextInt(FOR_A_FILE.length)] : variant;
        FileContent survivor = durable.share();
        switch (chosen) {
            case NOTHING_UNSYNCED, ENTRIES_ONLY -> {}
            case EVERYTHING, BYTES_ONLY -> pending.forEach(entry -> apply(entry, survivor));
            case SIZES_WITHOUT_BYTES -> pending.forEach(entry -> applySize(entry, survivor));
            case TORN -> tear(pending, survivor);
            case REORDERED -> reorder(pending, survivor);
            default -> throw new AssertionError("not for a single file");
        }
        return survivor;
    }

    /** Applies the operation as a whole. */
    static void apply(DataEntry entry, FileContent content) {
        if (entry instanceof Write write) {
            content.write(write.position(), write.bytes(), 0, write.bytes().length);
        } else if (entry instanceof Truncate truncate) {
            content.resize(Math.min(truncate.size(), content.size()));
        }
    }

    private static void applySize(DataEntry entry, FileContent content) {
        if (entry instanceof Write write) {
            content.resize(Math.max(content.size(), write.position() + write.bytes().length));
        } else {
            apply(entry, content);
        }
    }

    private void tear(List<DataEntry> pending, FileContent content) {
        int whole = random.nextInt(pending.size() + 1);
        pending.subList(0, whole).forEach(entry -> apply(entry, content));
        if (whole < pending.size() && pending.get(whole) instanceof Write write) {
            long end = write.position() + random.nextInt(write.bytes().length + 1);
            if (random.nextBoolean()) {
                end -= end % SECTOR_BYTES;
            }
            if (end > write.position()) {
                content.write(write.position(), write.bytes(), 0, (int) (end - write.position()));
            }
        }
        if (random.nextInt(4) == 0) {
            pending.subList(whole, pending.size()).forEach(entry -> applySize(entry, content));
        }
    }

    private void reorder(List<DataEntry> pending, FileContent content) {
        double odds = SECTOR_ODDS[random.nextInt(SECTOR_ODDS.length)];
        for (DataEntry entry : pending) {
            if (entry instanceof Write write) {
                writeSomeSectors(write, odds, content);
            } else if (random.nextBoolean()) {
                apply(entry, content);
            }
        }
    }

    private void writeSomeSectors(Write write, double odds, FileContent content) {
        int length = write.bytes().length;
        int from = 0;
        while (from < length) {
            int sectorLeft = SECTOR_BYTES - (int) ((write.position() + from) % SECTOR_BYTES);
            int part = Math.min(sectorLeft, length - from);
            if (random.nextDouble() < odds) {
                int surviving = random.nextInt(16) == 0 ? random.nextInt(part + 1) : part;
                content.write(write.position() + from, write.bytes(), from, surviving);
            }
            from += part;
        }
    }
}
