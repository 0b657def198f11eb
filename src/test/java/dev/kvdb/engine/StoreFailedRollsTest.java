package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** No descriptor for a new segment, for as long as clients try. */
class StoreFailedRollsTest {

    private static final int ATTEMPTS = 500;

    private final MemoryStore store = new MemoryStore();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void rollsThatFailAgainAndAgain_useUpNoIds() {
        store.open();
        failRolls();
        assertThat(store.store().statistics().writes().failed()).isEqualTo(ATTEMPTS);
        store.files.heal();
        store.set(1, 10);
        store.reopen();
        store.set(2, 10);

        assertThat(store.contents().keySet()).contains("0000000001.log", "0000000002.log");
        assertThat(store.entries()).hasSize(2);
        store.close();
    }

    @Test
    void rollsThatFailAgainAndAgain_areToldInOneLineAMinute() {
        List<String> lines = Logs.linesOf(Committer.class, () -> {
            store.open();
            failRolls();
            store.files.heal();
            store.clock.advance(Duration.ofMinutes(1));
            store.set(1, 10);
            store.close();
        });

        assertThat(lines).hasSize(2);
        assertThat(lines.get(0))
                .startsWith("WARN")
                .contains("the log cannot go on to another segment")
                .contains("0000000001.log: Too many open files");
        assertThat(lines.get(1)).contains(ATTEMPTS - 1 + " more times").contains("Too many open files");
    }

    private void failRolls() {
        store.files.inject(Fault.on(FileOperation.CREATE)
                .named(".*\\.log")
                .as(Fault.Kind.NO_DESCRIPTOR)
                .forEver());
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            assertThatThrownBy(() -> store.set(1, 10)).isInstanceOf(StoreIoException.class);
        }
    }
}
