package dev.kvdb.bench;

import java.util.List;

/**
 * How much is measured.
 *
 * @param name its name
 * @param fills sizes of the fills
 * @param writers how many threads write durably
 * @param reads sizes of the stores that are read
 * @param readers how many threads read
 * @param updated sizes of the stores that are updated
 * @param opened sizes of the stores that are opened
 * @param rememberedKeys how many keys the stores hold whose memory is measured, ascending
 * @param timing how long is waited and measured
 * @param appendedBytes size of the file that shows the machine's limits
 * @param checkedKeys about how many keys are read again where not all are
 */
record Scale(
        String name,
        List<Size> fills,
        List<Integer> writers,
        List<Size> reads,
        List<Integer> readers,
        List<Size> updated,
        List<Size> opened,
        List<Long> rememberedKeys,
        Timing timing,
        long appendedBytes,
        long checkedKeys) {

    private static final long MIB = 1 << 20;
    private static final int KIB = 1 << 10;
    private static final int SMALL = 100;

    /** A store's size in keys, and bytes of each value. */
    record Size(long keys, int valueBytes) {}

    /**
     * How long things take, in milliseconds.
     *
     * @param warmUpMillis before each timed measurement
     * @param measuredMillis each timed measurement
     * @param quietMillis after a load or updates a store is settled once nothing has changed for so long
     * @param settleMillisMax and is taken for settled after so long even where it is not
     */
    record Timing(long warmUpMillis, long measuredMillis, long quietMillis, long settleMillisMax) {}

    /** Shows within a minute or two that everything works; its figures mean nothing. */
    static final Scale QUICK = new Scale(
            "quick",
            List.of(new Size(2_000, SMALL)),
            List.of(1, 4),
            List.of(new Size(5_000, SMALL)),
            List.of(2),
            List.of(new Size(2_000, KIB)),
            List.of(new Size(10_000, SMALL)),
            List.of(5_000L, 20_000L),
            new Timing(50, 200, 300, 3_000),
            16 * MIB,
            1_000_000);

    /** A tenth of the full scale, in keys. */
    static final Scale TENTH = new Scale(
            "tenth",
            List.of(new Size(1_000_000, SMALL), new Size(200_000, KIB), new Size(30_000, 10 * KIB)),
            List.of(1, 4, 16, 64),
            List.of(new Size(1_000_000, SMALL), new Size(200_000, KIB)),
            List.of(1, 2),
            List.of(new Size(100_000, KIB)),
            List.of(new Size(100_000, SMALL), new Size(1_000_000, SMALL)),
            List.of(100_000L, 300_000L, 1_000_000L),
            new Timing(2_000, 4_000, 5_000, 30_000),
            512 * MIB,
            100_000);

    /** What published figures are made of. */
    static final Scale FULL = new Scale(
            "full",
            List.of(new Size(10_000_000, SMALL), new Size(2_000_000, KIB), new Size(300_000, 10 * KIB)),
            List.of(1, 4, 16, 64),
            List.of(new Size(10_000_000, SMALL), new Size(2_000_000, KIB)),
            List.of(1, 2),
            List.of(new Size(1_000_000, KIB)),
            List.of(new Size(1_000_000, SMALL), new Size(10_000_000, SMALL)),
            List.of(1_000_000L, 3_000_000L, 10_000_000L),
            new Timing(5_000, 10_000, 5_000, 120_000),
            1024 * MIB,
            100_000);

    /** As many keys as one machine may have to hold, with the smallest values. */
    static final Scale HUGE = new Scale(
            "huge",
            List.of(new Size(100_000_000, Values.BYTES_MIN)),
            List.of(),
            List.of(new Size(100_000_000, Values.BYTES_MIN)),
            List.of(1, 2),
            List.of(),
            List.of(new Size(100_000_000, Values.BYTES_MIN)),
            List.of(100_000_000L),
            new Timing(5_000, 10_000, 5_000, 120_000),
            1024 * MIB,
            100_000);
}
