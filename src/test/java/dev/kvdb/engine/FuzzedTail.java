package dev.kvdb.engine;

import dev.kvdb.testkit.CrashingFileSystem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A segment that was being appended to when its process died, one group for each write, and what may be read of it once
 * it is damaged: each write before the last intact mark, or an error; of those behind that, the first few.
 *
 * @param disk the store
 * @param intact the segment's bytes
 * @param writes its writes, in their order
 */
record FuzzedTail(CrashingFileSystem disk, byte[] intact, List<Write> writes) {

    static final String SEGMENT = "0000000001.log";

    /** Bytes of a mark, which each group begins with. */
    private static final int MARK_BYTES = 65;

    private static final int KEYS = 5;
    private static final int WRITES = 14;

    /**
     * A write.
     *
     * @param end where its record ends
     * @param answers what is read when it was the last one
     */
    record Write(int end, Map<Long, String> answers) {}

    static FuzzedTail write() {
        MemoryStore store = new MemoryStore().open();
        TreeMap<Long, String> answers = new TreeMap<>();
        List<Write> writes = new ArrayList<>();
        for (int i = 0; i < WRITES; i++) {
            long key = i * 3 % KEYS;
            if (i % 4 == 3) {
                store.remove(key);
                answers.remove(key);
            } else {
                int bytes = i % 3 * 20;
                long version = store.set(key, bytes).version();
                answers.put(key, FuzzedStore.present(version, MemoryStore.value(key, bytes)));
            }
            writes.add(new Write(contents(store.disk).length, Map.copyOf(answers)));
        }
        CrashingFileSystem disk = store.image().disk;
        store.close();
        return new FuzzedTail(disk, contents(disk), List.copyOf(writes));
    }

    private static byte[] contents(CrashingFileSystem disk) {
        return disk.contents(disk.path(SEGMENT));
    }

    /** Holds answers against what was written; the segment was damaged before they were asked for. */
    void checkAnswers(Map<Long, String> answers, byte[] damaged) {
        if (answers.isEmpty()) {
            return;
        }
        int surely = writesBeforeTheLastIntactMark(damaged);
        for (int last = surely; last <= writes.size(); last++) {
            if (fits(answers, last == 0 ? Map.of() : writes.get(last - 1).answers())) {
                return;
            }
        }
        throw new AssertionError("after the first " + surely + " of " + writes + " these are no state: " + answers);
    }

    private static boolean fits(Map<Long, String> answers, Map<Long, String> written) {
        return answers.entrySet().stream()
                .allMatch(answer -> answer.getValue().equals(FuzzedStore.DAMAGED)
                        || answer.getValue().equals(written.getOrDefault(answer.getKey(), FuzzedStore.ABSENT)));
    }

    private int writesBeforeTheLastIntactMark(byte[] damaged) {
        int surely = 0;
        for (int i = 1; i < writes.size(); i++) {
            int mark = writes.get(i - 1).end();
            if (mark + MARK_BYTES <= damaged.length
                    && Arrays.equals(intact, mark, mark + MARK_BYTES, damaged, mark, mark + MARK_BYTES)) {
                surely = i;
            }
        }
        return surely;
    }
}
