package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Histories of which it is known whether they are linearizable. */
class LinearizabilityCheckTest {

    private static final long KEY = 7;

    private final History history = new History();

    @Test
    void nothingHappened_isLinearizable() {
        accepted();
    }

    @Test
    void oneAfterTheOther_isLinearizable() {
        history.get(KEY).foundNothing();
        history.set(KEY, 100).acknowledged(1, false);
        history.get(KEY).found(100, 1);
        history.set(KEY, 101).acknowledged(2, true);
        history.remove(KEY).acknowledged(5, true);
        history.remove(KEY).acknowledged(5, false);
        history.get(KEY).foundNothing();
        accepted();
    }

    @Test
    void readBesideAWrite_mayFindEither_butNotTheOldAfterTheNew() {
        history.set(KEY, 100).acknowledged(1, false);
        History.Call set = history.set(KEY, 101);
        history.get(KEY).found(100, 1);
        history.get(KEY).found(101, 2);
        history.get(KEY).found(101, 2);
        set.acknowledged(2, true);
        accepted();

        History.Call other = history.set(KEY, 102);
        history.get(KEY).found(102, 3);
        history.get(KEY).found(101, 2);
        other.acknowledged(3, true);
        rejected("not linearizable");
    }

    @Test
    void overlappingReads_mayDisagree() {
        history.set(KEY, 100).acknowledged(1, false);
        History.Call set = history.set(KEY, 101);
        History.Call slow = history.get(KEY);
        history.get(KEY).found(101, 2);
        slow.found(100, 1);
        set.acknowledged(2, true);
        accepted();
    }

    @Test
    void staleRead_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.set(KEY, 101).acknowledged(2, true);
        history.get(KEY).found(100, 1);
        rejected("not linearizable");
    }

    @Test
    void lostWrite_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.get(KEY).foundNothing();
        rejected("not linearizable");
    }

    @Test
    void removedValueThatIsBack_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.remove(KEY).acknowledged(2, true);
        history.get(KEY).found(100, 1);
        rejected("not linearizable");
    }

    @Test
    void valueThatNobodyWrote_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.get(KEY).found(55, 2);
        rejected("never had what was read");
    }

    @Test
    void valueUnderAnotherVersion_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.get(KEY).found(100, 2);
        rejected("has version");
    }

    @Test
    void wrongWordOnWhetherThereWasAValue_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        history.set(KEY, 101).acknowledged(2, false);
        rejected("not linearizable");
    }

    @Test
    void twoRemovesOfOneValue_isRejected() {
        history.set(KEY, 100).acknowledged(1, false);
        History.Call one = history.remove(KEY);
        History.Call other = history.remove(KEY);
        one.acknowledged(2, true);
        other.acknowledged(3, true);
        rejected("not linearizable");
    }

    @Test
    void versionsAgainstTheOrderOfWrites_areRejected() {
        history.set(KEY, 100).acknowledged(5, false);
        history.set(KEY + 1, 101).acknowledged(4, false);
        rejected("came after");
    }

    @Test
    void noOpRemoveThatMissesAnEarlierWrite_isRejected() {
        history.set(KEY, 100).acknowledged(5, false);
        history.remove(KEY + 1).acknowledged(4, false);
        rejected("came after");
    }

    @Test
    void oneVersionForTwoWrites_isRejected() {
        History.Call one = history.set(KEY, 100);
        history.set(KEY + 1, 101).acknowledged(5, false);
        one.acknowledged(5, false);
        rejected("one version for two");
    }

    @Test
    void readBesideTwoWrites_seesTheOneOfTheHigherVersionLast() {
        History.Call one = history.set(KEY, 100);
        History.Call other = history.set(KEY, 101);
        history.get(KEY).found(101, 2);
        history.get(KEY).found(100, 1);
        one.acknowledged(1, false);
        other.acknowledged(2, true);
        rejected("not linearizable");
    }

    @Test
    void writeWithoutAReply_mayTakeEffectLaterOrNever() {
        history.set(KEY, 100).acknowledged(1, false);
        history.set(KEY, 101);
        history.remove(KEY);
        history.get(KEY).found(100, 1);
        accepted();
        history.get(KEY).found(101, 4);
        accepted();
        history.get(KEY).foundNothing();
        accepted();
        history.get(KEY).found(101, 4);
        rejected("not linearizable");
    }

    @Test
    void writeWithoutAReply_doesNotTakeEffectBeforeItWasBegun() {
        history.get(KEY).found(101, 1);
        history.set(KEY, 101);
        rejected("not linearizable");
    }

    @Test
    void abandonedWrite_takesEffectBeforeOrNever() {
        history.set(KEY, 100).acknowledged(1, false);
        history.set(KEY, 101);
        history.set(KEY, 102);
        history.abandonOpenCalls();
        history.get(KEY).found(102, 3);
        accepted();
        history.get(KEY).found(101, 4);
        rejected("not linearizable");
    }

    @Test
    void abandonedWriteThatWasNotThere_doesNotComeLater() {
        history.set(KEY, 100).acknowledged(1, false);
        history.remove(KEY);
        history.abandonOpenCalls();
        history.get(KEY).found(100, 1);
        accepted();
        history.get(KEY).foundNothing();
        rejected("not linearizable");
    }

    @Test
    void refusedWrite_hasNoEffect() {
        history.set(KEY, 100).acknowledged(1, false);
        history.set(KEY, 101).refused();
        history.get(KEY).found(101, 2);
        rejected("never had what was read");
    }

    @Test
    void readWithoutAReply_saysNothing() {
        history.get(KEY);
        history.set(KEY, 100).acknowledged(1, false);
        accepted();
    }

    /** A register that is one by construction; then a reply is changed to what was true a while before. */
    @Test
    void randomHistories_areAccepted_andRejectedWithAReplyFromThePast() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            for (int round = 0; round < 300; round++) {
                boolean stale = round % 2 == 0;
                History made = randomHistory(random, stale);
                if (stale) {
                    assertThatThrownBy(made::check).isInstanceOf(AssertionError.class);
                } else {
                    assertThatCode(made::check).doesNotThrowAnyException();
                }
            }
        });
    }

    private static History randomHistory(SplittableRandom random, boolean stale) {
        History made = new History();
        long version = 0;
        long value = History.ABSENT;
        List<Runnable> replies = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            while (replies.size() > random.nextInt(6)) {
                replies.remove(random.nextInt(replies.size())).run();
            }
            boolean existed = value != History.ABSENT;
            if (random.nextInt(3) == 0) {
                History.Call get = made.get(KEY);
                long found = value;
                long ofVersion = version;
                replies.add(existed ? () -> get.found(found, ofVersion) : get::foundNothing);
            } else if (random.nextInt(3) == 0) {
                History.Call remove = made.remove(KEY);
                version += existed ? 1 : 0;
                long told = version;
                value = History.ABSENT;
                replies.add(() -> remove.acknowledged(told, existed));
            } else {
                History.Call set = made.set(KEY, i);
                long told = ++version;
                value = i;
                // Some replies get lost.
                replies.add(random.nextInt(8) == 0 ? () -> {} : () -> set.acknowledged(told, existed));
            }
        }
        replies.forEach(Runnable::run);
        made.set(KEY, 1_000).acknowledged(++version, value != History.ABSENT);
        made.set(KEY, 1_001).acknowledged(++version, true);
        made.get(KEY).found(stale ? 1_000 : 1_001, stale ? version - 1 : version);
        return made;
    }

    private void accepted() {
        assertThatCode(history::check).doesNotThrowAnyException();
    }

    private void rejected(String why) {
        assertThatThrownBy(history::check).isInstanceOf(AssertionError.class).hasMessageContaining(why);
    }
}
