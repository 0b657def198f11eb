package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecordTableTest {

    @Test
    void rows_areSortedAsACollectionOfObjectsWouldBe() {
        for (int rows = 0; rows < 200; rows++) {
            SplittableRandom random = new SplittableRandom(rows);
            RecordTable table = new RecordTable();
            List<HintEntry> expected = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                long key = rows % 2 == 0 ? random.nextLong(-9, 9) : random.nextLong() >> random.nextInt(Long.SIZE);
                HintEntry entry = new HintEntry(key, random.nextLong(0, 9), random.nextInt(0, 1000), i);
                table.add(entry);
                expected.add(entry);
            }
            assertThat(table.rows()).isEqualTo(rows);
            expected.sort(Comparator.comparingLong(HintEntry::key).thenComparingLong(HintEntry::version));
            assertThat(entries(table.byKey())).isEqualTo(expected);
            List<HintEntry> byOffset = entries(table, table.byOffset());
            assertThat(byOffset).hasSize(rows).isSortedAccordingTo(Comparator.comparingInt(HintEntry::offset));
        }
    }

    @Test
    void keysAndVersionsOfAllSizes_areSortedAsNumbers() {
        SplittableRandom random = new SplittableRandom(1);
        RecordTable table = new RecordTable();
        List<HintEntry> expected = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            long key = random.nextLong() >> random.nextInt(Long.SIZE);
            HintEntry entry = new HintEntry(key, random.nextLong() >>> 2 + random.nextInt(60), 5000 - i, i);
            table.add(entry);
            expected.add(entry);
        }
        for (long key : new long[] {Long.MIN_VALUE, Long.MAX_VALUE, 0, -1, Long.MIN_VALUE}) {
            HintEntry entry = new HintEntry(key, 7, RecordLocation.OFFSET_MAX, 1);
            table.add(entry);
            expected.add(entry);
        }
        expected.sort(Comparator.comparingLong(HintEntry::key).thenComparingLong(HintEntry::version));
        assertThat(entries(table.byKey())).isEqualTo(expected);
        expected.sort(Comparator.comparingInt(HintEntry::offset));
        assertThat(entries(table, table.byOffset()))
                .extracting(HintEntry::offset)
                .isEqualTo(expected.stream().map(HintEntry::offset).toList());
    }

    @Test
    void sortedRows_stayAsTheyAre() {
        RecordTable table = new RecordTable();
        for (int i = 0; i < 1000; i++) {
            table.add(new HintEntry(i, i, i, i));
        }
        assertThat(entries(table.byKey())).isEqualTo(entries(table));
        assertThat(table.byOffset()).isSorted();
    }

    @Test
    void rowAddedAfterATableWasSorted_isInTheNextOne() {
        RecordTable table = new RecordTable();
        table.add(new HintEntry(5, 1, 200, 0));
        assertThat(entries(table.byKey())).hasSize(1);
        table.add(new HintEntry(-5, 2, 300, 0));

        assertThat(entries(table.byKey()).stream().map(HintEntry::key)).containsExactly(-5L, 5L);
    }

    private static List<HintEntry> entries(RecordTable table) {
        return entries(table, IntStream.range(0, table.rows()).toArray());
    }

    private static List<HintEntry> entries(RecordTable table, int[] rows) {
        List<HintEntry> entries = new ArrayList<>();
        for (int row : rows) {
            entries.add(table.row(row));
        }
        return entries;
    }
}
