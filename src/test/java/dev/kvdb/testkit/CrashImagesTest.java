package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.StoreFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CrashImagesTest {

    private static final int SECTOR = 512;

    private final CrashingFileSystem files = new CrashingFileSystem();
    private final Path a = files.path("a.log");

    @Test
    void reordered_laterWriteMaySurviveWithoutTheEarlierOne() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 0, SECTOR, 1);
        fill(file, SECTOR, SECTOR, 2);

        assertThat(outcomes(CrashVariant.REORDERED, 200)).anySatisfy(bytes -> {
            assertThat(bytes).hasSize(2 * SECTOR);
            assertThat(Arrays.copyOf(bytes, SECTOR)).containsOnly(0);
            assertThat(Arrays.copyOfRange(bytes, SECTOR, 2 * SECTOR)).containsOnly(2);
        });
    }

    @Test
    void reordered_oneWriteMayLoseASectorInItsMiddle() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 100, 3 * SECTOR, 1);

        assertThat(outcomes(CrashVariant.REORDERED, 200)).anySatisfy(bytes -> {
            assertThat(bytes).hasSizeGreaterThan(2 * SECTOR);
            assertThat(bytes[SECTOR - 1]).isEqualTo((byte) 1);
            assertThat(Arrays.copyOfRange(bytes, SECTOR, 2 * SECTOR)).containsOnly(0);
            assertThat(bytes[2 * SECTOR]).isEqualTo((byte) 1);
        });
    }

    @Test
    void torn_isAPrefixCutAtAByteOrASector() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 0, 3 * SECTOR, 1);

        List<byte[]> outcomes = outcomes(CrashVariant.TORN, 200);

        assertThat(outcomes).allSatisfy(bytes -> {
            int written = 0;
            while (written < bytes.length && bytes[written] == 1) {
                written++;
            }
            assertThat(Arrays.copyOfRange(bytes, written, bytes.length))
                    .as("after the cut")
                    .containsOnly(new byte[bytes.length - written]);
        });
        assertThat(outcomes).anyMatch(bytes -> bytes.length == SECTOR);
        assertThat(outcomes).anyMatch(bytes -> bytes.length % SECTOR != 0);
        assertThat(outcomes).anyMatch(bytes -> bytes.length == 3 * SECTOR && bytes[3 * SECTOR - 1] == 0);
    }

    @Test
    void sizesWithoutBytes_newBytesAreZerosAndSyncedOnesStay() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 0, 2, 1);
        file.sync();
        fill(file, 1, 3, 2);

        CrashingFileSystem image = files.crashAt(files.position(), CrashVariant.SIZES_WITHOUT_BYTES, 0);
        assertThat(image.contents(a)).containsExactly(1, 1, 0, 0);
    }

    @Test
    void overwrittenSyncedBytes_areOldOrNewInEveryVariant() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 0, 2000, 1);
        file.sync();
        fill(file, 0, 2000, 2);

        for (long seed = 0; seed < 200; seed++) {
            byte[] bytes = files.crashAt(files.position(), seed).contents(a);
            for (byte b : bytes) {
                assertThat(b).isIn((byte) 1, (byte) 2);
            }
        }
    }

    @Test
    void sameSeed_givesTheSameImage() throws IOException {
        recordRandomRun(new SplittableRandom(1), 60);
        for (int position = 0; position <= files.position(); position++) {
            for (long seed = 0; seed < 20; seed++) {
                CrashingFileSystem one = files.crashAt(position, seed);
                CrashingFileSystem two = files.crashAt(position, seed);
                assertThat(one.list(one.root())).isEqualTo(two.list(two.root()));
                for (String name : one.list(one.root())) {
                    assertThat(one.contents(one.path(name))).isEqualTo(two.contents(two.path(name)));
                }
            }
        }
    }

    @Test
    void seeds_coverEveryVariant() {
        Set<CrashVariant> seen = EnumSet.noneOf(CrashVariant.class);
        for (long seed = 0; seed < 8; seed++) {
            seen.add(CrashVariant.of(seed));
        }
        assertThat(seen).containsExactly(CrashVariant.values());
        assertThat(CrashVariant.of(-1)).isNotNull();
        assertThat(CrashVariant.of(Long.MIN_VALUE)).isNotNull();
    }

    @Test
    void everythingAtEveryPosition_isWhatRunningCodeSaw() throws Exception {
        Seeds.run(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            CrashImages images = files.crashImages();
            assertThat(images.position()).isZero();
            for (int i = 0; i < 30; i++) {
                recordRandomRun(random, 3);
                CrashingFileSystem image = files.crashAt(files.position(), CrashVariant.EVERYTHING, seed);
                assertThat(image.list(image.root())).isEqualTo(files.list(files.root()));
                for (String name : image.list(image.root())) {
                    assertThat(image.contents(image.path(name))).isEqualTo(files.contents(files.path(name)));
                }
            }
        });
    }

    @Test
    void walk_endsWhereTheJournalEndedWhenItBegan() throws IOException {
        files.create(a).close();
        CrashImages images = files.crashImages();
        files.delete(a);

        assertThat(images.nextOperation()).isEqualTo("create a.log");
        assertThat(images.advance()).isTrue();
        assertThat(images.advance()).isFalse();
        assertThat(images.position()).isEqualTo(1);
        assertThat(images.nextOperation()).isEqualTo("end of the run");
        assertThatThrownBy(() -> images.advanceTo(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fileDeletedForGood_isNotPendingAnyMore() throws IOException {
        StoreFile file = durableEmptyFile();
        fill(file, 0, 10, 1);
        files.delete(a);
        fill(file, 10, 10, 1);
        files.syncDirectory(files.root());
        fill(file, 20, 10, 1);

        CrashImages images = files.crashImages();
        images.advanceTo(files.position());
        assertThat(images.pendingOperations()).isZero();
    }

    private void recordRandomRun(SplittableRandom random, int operations) throws IOException {
        for (int i = 0; i < operations; i++) {
            Path file = files.path("f" + random.nextInt(4));
            if (!files.exists(file)) {
                StoreFile created = files.create(file);
                fill(created, random.nextInt(100), 1 + random.nextInt(2000), i);
                if (random.nextBoolean()) {
                    created.sync();
                } else if (random.nextBoolean()) {
                    created.truncate(random.nextInt(300));
                }
                created.close();
            } else if (random.nextInt(3) == 0) {
                files.delete(file);
            } else if (random.nextInt(3) == 0) {
                files.rename(file, files.path("f" + random.nextInt(4)));
            } else {
                files.syncDirectory(files.root());
            }
        }
    }

    private StoreFile durableEmptyFile() throws IOException {
        StoreFile file = files.create(a);
        files.syncDirectory(files.root());
        return file;
    }

    private List<byte[]> outcomes(CrashVariant variant, int seeds) {
        List<byte[]> outcomes = new ArrayList<>();
        CrashImages images = files.crashImages();
        images.advanceTo(files.position());
        for (long seed = 0; seed < seeds; seed++) {
            outcomes.add(images.image(variant, seed).contents(a));
        }
        return outcomes;
    }

    private static void fill(StoreFile file, long position, int length, int value) throws IOException {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        file.write(ByteBuffer.wrap(bytes), position);
    }
}
