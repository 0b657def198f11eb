package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DiskFullException;
import dev.kvdb.engine.error.StoreClosedException;
import dev.kvdb.engine.error.StoreReadOnlyException;
import dev.kvdb.engine.error.StoreReadOnlyException.Reason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AvailabilityTest {

    private final List<String> heard = new ArrayList<>();
    private final Availability availability = new Availability("/data", new StoreListener() {
        @Override
        public void stateChanged(StoreState state, String detail) {
            heard.add(state + " " + detail);
        }
    });

    @Test
    void writable_refusesNothing() {
        assertThat(availability.refusal(false)).isNull();
        assertThat(availability.refusal(true)).isNull();
        assertThat(availability.mayWrite()).isTrue();
        assertThat(availability.detail()).isEmpty();
        assertThatCode(availability::checkOpen).doesNotThrowAnyException();
    }

    @Test
    void fullDisk_refusesSetsAndPasses() {
        assertThat(availability.diskFull("17 bytes left")).isInstanceOf(DiskFullException.class);
        assertThat(availability.refusal(false))
                .isInstanceOf(DiskFullException.class)
                .hasMessageContaining("17 bytes");
        assertThat(availability.refusal(true)).isNull();
        assertThat(availability.mayWrite()).isTrue();
        availability.diskFull("again");
        availability.spaceReturned();
        availability.spaceReturned();

        assertThat(availability.state()).isEqualTo(StoreState.WRITABLE);
        assertThat(heard).containsExactly("DISK_FULL 17 bytes left", "WRITABLE ");
    }

    @Test
    void failure_staysWithItsFirstReason() {
        assertThat(availability.fail(Reason.DAMAGED, "the first"))
                .isInstanceOf(StoreReadOnlyException.class)
                .hasMessageContaining("the first")
                .hasMessageContaining("repair");
        availability.fail(Reason.IO_FAILED, "the second");
        availability.diskFull("the third");
        availability.spaceReturned();

        assertThat(availability.state()).isEqualTo(StoreState.READ_ONLY);
        assertThat(availability.mayWrite()).isFalse();
        assertThat(availability.refusal(true))
                .isInstanceOfSatisfying(
                        StoreReadOnlyException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.DAMAGED));
        assertThat(heard).containsExactly("READ_ONLY the first");
    }

    @Test
    void failureOnAFullDisk_isAFailure() {
        availability.diskFull("full");
        availability.fail(Reason.IO_FAILED, "broken");

        assertThat(availability.refusal(true)).isInstanceOf(StoreReadOnlyException.class);
    }

    @Test
    void closed_refusesEverything() {
        availability.close();
        availability.close();

        assertThat(availability.refusal(true)).isInstanceOf(StoreClosedException.class);
        assertThatThrownBy(availability::checkOpen).isInstanceOf(StoreClosedException.class);
        assertThat(availability.fail(Reason.IO_FAILED, "late")).isInstanceOf(StoreClosedException.class);
        assertThat(heard).containsExactly("CLOSED closed");
    }
}
