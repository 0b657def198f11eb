package dev.kvdb.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.testkit.LoggedLines;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DistinctLogTest {

    private static final int MESSAGES_MAX = 1_000;

    private final LoggedLines log = new LoggedLines(DistinctLogTest.class.getName());
    private final DistinctLog distinct = new DistinctLog(Logger.getLogger(DistinctLogTest.class));

    @AfterEach
    void leaveLog() {
        log.close();
    }

    @Test
    void sameLine_isLoggedOnce_untilItIsForgotten() {
        distinct.error("a");
        distinct.error("a");
        distinct.error("b");
        assertThat(log.lines).containsExactly("a", "b");

        distinct.reset();
        distinct.error("a");

        assertThat(log.lines).containsExactly("a", "b", "a");
    }

    @Test
    void sameLineOfAnotherFailure_isLoggedToo() {
        distinct.error("failed", new IllegalStateException("one"));
        distinct.error("failed", new IllegalStateException("one"));
        distinct.error("failed", new IllegalStateException("another"));

        assertThat(log.lines).hasSize(2);
    }

    @Test
    void linesBeyondThoseThatAreRemembered_areNotLogged() {
        for (int i = 0; i < MESSAGES_MAX + 10; i++) {
            distinct.error("line " + i);
            distinct.error("line " + i, new IllegalStateException());
        }

        assertThat(log.lines).hasSize(MESSAGES_MAX);
    }
}
