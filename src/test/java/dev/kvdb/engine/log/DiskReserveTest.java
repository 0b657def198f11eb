package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DiskReserveTest {

    private static final int BYTES = 600_000;

    private final LogFixture fixture = new LogFixture();
    private final DiskReserve reserve = new DiskReserve(fixture.directory, BYTES);

    @Test
    void sizeOfAnotherOwner_isLeftAsItIs() throws IOException {
        DiskReserve other = new DiskReserve(fixture.directory, DiskReserve.AS_IT_IS);
        assertThat(other.take()).isTrue();
        assertThat(fixture.disk.list(fixture.disk.root())).doesNotContain("RESERVE");
        assertThat(reserve.take()).isTrue();
        assertThat(other.take()).isTrue();
        assertThat(fixture.disk.contents(fixture.disk.path("RESERVE"))).hasSize((int) BYTES);
    }

    @Test
    void reserve_takesItsSpaceOnceAndGivesItUp() throws IOException {
        assertThat(reserve.take()).isTrue();
        assertThat(fixture.disk.contents(fixture.disk.path("RESERVE"))).hasSize(BYTES);
        long writes = fixture.files.count(FileOperation.WRITE);
        assertThat(reserve.take()).isTrue();
        assertThat(fixture.files.count(FileOperation.WRITE)).isEqualTo(writes);

        reserve.release();
        assertThat(fixture.disk.list(fixture.disk.root())).isEmpty();
        reserve.release();
    }

    @Test
    void reserveCannotBeSynced_doesNotPassForOneTheNextTime() throws IOException {
        fixture.files.inject(Fault.on(FileOperation.SYNC).named("RESERVE"));
        assertThatThrownBy(reserve::take).hasMessageContaining("Input/output error");
        fixture.files.resetCounts();
        assertThat(reserve.take()).isTrue();
        assertThat(fixture.files.count(FileOperation.SYNC)).isEqualTo(1);
    }

    @Test
    void reserveOfAnotherSize_isMadeAnew() throws IOException {
        fixture.disk.put(fixture.disk.path("RESERVE"), new byte[10]);

        assertThat(reserve.take()).isTrue();
        assertThat(fixture.disk.contents(fixture.disk.path("RESERVE"))).hasSize(BYTES);
        assertThat(new DiskReserve(fixture.directory, 0).take()).isTrue();
        assertThat(fixture.disk.list(fixture.disk.root())).isEmpty();
    }

    @Test
    void diskWithTooLittleSpace_getsItBackAsAWhole() throws IOException {
        fixture.disk.capacityBytes(BYTES - 1);

        assertThat(reserve.take()).isFalse();
        assertThat(fixture.disk.list(fixture.disk.root())).isEmpty();
    }

    @Test
    void brokenDisk_isAnErrorWhenTakenAndALogLineWhenGivenUp() throws IOException {
        fixture.files.inject(Fault.on(FileOperation.WRITE));
        assertThatThrownBy(reserve::take).isInstanceOf(IOException.class);
        assertThat(reserve.take()).isTrue();
        fixture.files.inject(Fault.on(FileOperation.DELETE));
        reserve.release();
        assertThat(fixture.disk.list(fixture.disk.root())).containsExactly("RESERVE");
    }
}
