package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.format.HintEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecordTableTest {

    @Test
    void rows_areSortedAsACollectionOfObjectsWouldBe() {
        for (int rows = 0; rows < 200; rows++) {
            SplittableRandom random = new SplittableRandom(rows);
            RecordTable table = new RecordTable();
            List<HintEntry> expected = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                HintEntry entry =
                        new HintEntry(random.nextLong(-9, 9), random.nextLong(0, 9), random.nextInt(0, 1000), i);
                table.add(entry);
                expected.add(entry);
            }
            assertThat(table.rows()).isEqualTo(rows);
            expected.sort(Comparator.comparingLong(HintEntry::key).thenComparingLong(HintEntry::version));
            assertThat(entries(table, table.byKey())).isEqualTo(expected);
            List<HintEntry> byOffset = entries(table, table.byOffset());
            assertThat(byOffset).hasSize(rows).isSortedAccordingTo(Comparator.comparingInt(HintEntry::offset));
        }
    }

    @Test
    void sortedRows_stayAsTheyAre() {
        RecordTable table = new RecordTable();
        for (int i = 0; i < 1000; i++) {
            table.add(new HintEntry(i, i, i, i));
        }
        assertThat(table.byKey()).isSorted();
        assertThat(table.byOffset()).isSorted();
    }

    private static List<HintEntry> entries(RecordTable table, int[] rows) {
        List<HintEntry> entries = new ArrayList<>();
        for (int row : rows) {
            entries.add(table.row(row));
        }
        return entries;
    }
}
