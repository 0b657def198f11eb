package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.testkit.CrashingFileSystem;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a store that may be damaged answers to a get of each key: its version and a hash of its value, that it has none,
 * or that its record is damaged.
 */
record Answers(Map<Long, String> byKey) {

    private static final String NOT_FOUND = "not found";
    private static final String DAMAGED = "damaged";

    /** Opens a copy of the store and asks for the keys from 0 on; empty where damage keeps it from being opened. */
    static Optional<Answers> of(CrashingFileSystem disk, int keys) {
        try (MemoryStore store = new MemoryStore(disk.copy(), MemoryStore.SMALL).open()) {
            Map<Long, String> answers = new TreeMap<>();
            for (long key = 0; key < keys; key++) {
                answers.put(key, answer(store.store(), key));
            }
            return Optional.of(new Answers(answers));
        } catch (DamageException | UnsupportedFormatException e) {
            // Of a damaged manifest it may not even be told that it is one.
            return Optional.empty();
        }
    }

    private static String answer(Store store, long key) {
        try {
            return store.get(key)
                    .map(entry -> entry.version() + ":" + Arrays.hashCode(entry.value()))
                    .orElse(NOT_FOUND);
        } catch (DamageException e) {
            return DAMAGED;
        }
    }

    /** Each answer must be that of the store before, or that of the store after. */
    void requireBetween(Answers before, Answers after, String what) {
        byKey.forEach((key, answer) ->
                assertThat(answer).as("key %d, %s", key, what).isIn(before.byKey.get(key), after.byKey.get(key)));
    }
}
