package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.ClockFloor;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import dev.kvdb.testkit.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NeverFallingClockTest {

    private static final Duration TEN_YEARS = Duration.ofDays(3652);
    private static final int STEPS = 400;
    private static final int VARIANTS = 4;

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);
    private final ManualClock wall = new ManualClock();
    private final List<String> jumps = new ArrayList<>();

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    private NeverFallingClock open() throws IOException {
        return NeverFallingClock.open(new StoreDirectory(files, disk.root()), wall, jumps::add);
    }

    private NeverFallingClock openAfterCrash(CrashingFileSystem image) throws IOException {
        return NeverFallingClock.open(new StoreDirectory(image, image.root()), wall, jumps::add);
    }

    private long wallMillis() {
        return wall.now().toEpochMilli();
    }

    @Test
    void steadyWallClock_isFollowed_withAWriteEachTenSeconds() throws IOException {
        NeverFallingClock clock = open();
        for (int second = 0; second < 100; second++) {
            assertThat(clock.nowMillis()).isEqualTo(wallMillis());
            wall.advance(Duration.ofSeconds(1));
        }

        assertThat(files.count(FileOperation.RENAME)).isBetween(9L, 11L);
        assertThat(jumps).isEmpty();
    }

    @Test
    void properRestart_goesOnWithoutAPause() throws IOException {
        NeverFallingClock clock = open();
        clock.nowMillis();
        clock.close();
        wall.advance(Duration.ofMillis(1));

        assertThat(open().nowMillis()).isEqualTo(wallMillis());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1H", "P3652D"})
    void jumpAhead_isFollowedAndTold_andTheWayBackStandsStill_alsoAcrossRestarts(Duration jump) throws IOException {
        NeverFallingClock clock = open();
        long before = clock.nowMillis();
        wall.jump(jump);

        assertThat(clock.nowMillis()).isEqualTo(before + jump.toMillis());
        assertThat(jumps).hasSize(1).allMatch(line -> line.contains("ahead by " + jump.toSeconds() + " s"));

        wall.jump(jump.negated());
        assertThat(clock.nowMillis()).isEqualTo(before + jump.toMillis());
        clock.close();
        assertThat(open().nowMillis()).isEqualTo(before + jump.toMillis());
        wall.advance(jump.plusSeconds(1));
        assertThat(open().nowMillis()).isEqualTo(wallMillis());
        assertThat(jumps).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1H", "P3652D"})
    void jumpBack_standsStill_andNoCallOrRestartGivesLess(Duration jump) throws IOException {
        NeverFallingClock clock = open();
        long before = clock.nowMillis();
        wall.jump(jump.negated());

        assertThat(clock.nowMillis()).isEqualTo(before);
        // Not closed: killed.
        assertThat(open().nowMillis()).isGreaterThanOrEqualTo(before);
        assertThat(jumps).isEmpty();
    }

    @Test
    void anyJumpsRestartsAndCrashes_noTimeIsBelowOneThatWasGivenOut() throws Exception {
        Seeds.run(seed -> assertThat(checkNoTimeFalls(seed, STEPS)).isGreaterThan(1_000));
    }

    /** Gives out that many times; returns the number of crashes. */
    int checkNoTimeFalls(long seed, int steps) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        NeverFallingClock clock = open();
        long last = clock.nowMillis();
        for (int step = 0; step < steps; step++) {
            move(random, last);
            long now = clock.nowMillis();
            assertThat(now).as("step " + step).isGreaterThanOrEqualTo(last);
            last = now;
            disk.note(now);
            if (random.nextInt(20) == 0) {
                clock.close();
                clock = open();
            }
        }
        return crashEverywhere(random);
    }

    /** Jumps, catches up with what was given out, or lets some seconds pass. */
    private void move(SplittableRandom random, long last) {
        Duration hour = Duration.ofHours(1);
        switch (random.nextInt(24)) {
            case 0 -> wall.jump(hour);
            case 1 -> wall.jump(hour.negated());
            case 2 -> wall.jump(TEN_YEARS);
            case 3 -> wall.jump(TEN_YEARS.negated());
            case 4, 5, 6, 7 -> wall.jump(Duration.ofMillis(Math.max(0, last - wallMillis())));
            default -> wall.advance(Duration.ofMillis(random.nextInt(20_000)));
        }
    }

    private int crashEverywhere(SplittableRandom random) throws IOException {
        wall.jump(TEN_YEARS.multipliedBy(-20));
        CrashImages images = disk.crashImages();
        int crashes = 0;
        do {
            List<Object> given = images.notes();
            if (!given.isEmpty()) {
                for (int variant = 0; variant < VARIANTS; variant++) {
                    NeverFallingClock recovered = openAfterCrash(images.image(random.nextLong(1L << 40)));
                    assertThat(recovered.nowMillis())
                            .as("killed after " + images.position() + " operations")
                            .isGreaterThanOrEqualTo((long) given.get(given.size() - 1));
                    crashes++;
                }
            }
        } while (images.advance());
        return crashes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"WRITE", "SYNC", "RENAME", "SYNC_DIRECTORY"})
    void fileThatCannotBeWritten_clockStandsStillAtWhatIsOnDisk(FileOperation operation) throws IOException {
        NeverFallingClock clock = open();
        long first = clock.nowMillis();
        files.inject(Fault.on(operation).forEver());
        wall.advance(Duration.ofHours(1));

        long second = clock.nowMillis();
        assertThat(second).isGreaterThanOrEqualTo(first).isLessThan(wallMillis());
        files.heal();
        wall.advance(Duration.ofHours(1));
        assertThat(clock.nowMillis()).as("nothing is tried again").isEqualTo(second);
        clock.close();
        assertThat(openAfterCrash(disk.crashAt(disk.position(), 1)).nowMillis()).isGreaterThanOrEqualTo(second);
    }

    @Test
    void eachDamagedByte_isToldAndNoTimeIsMadeUp() throws IOException {
        open().nowMillis();
        for (int offset = 0; offset < ClockFloor.BYTES; offset++) {
            disk.flipBit(disk.path("CLOCK"), offset, offset % 8);
            assertThatThrownBy(this::open).as("byte " + offset).isInstanceOf(DamageException.class);
            disk.flipBit(disk.path("CLOCK"), offset, offset % 8);
        }
        disk.truncateFile(disk.path("CLOCK"), ClockFloor.BYTES - 1);
        assertThatThrownBy(this::open).isInstanceOf(DamageException.class);
    }

    @Test
    void newerFormat_isRefused() {
        ByteBuffer newer = new ClockFloor(5).encode().putShort(8, (short) 2);
        newer.putInt(24, crcOf(newer));
        disk.put(disk.path("CLOCK"), newer.array());

        assertThatThrownBy(this::open).isInstanceOf(UnsupportedFormatException.class);
    }

    private static int crcOf(ByteBuffer file) {
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(file.array(), 0, 24);
        return (int) crc.getValue();
    }
}
