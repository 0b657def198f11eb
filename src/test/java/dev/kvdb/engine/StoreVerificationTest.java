package dev.kvdb.engine;

import static dev.kvdb.engine.VerificationScenario.kinds;
import static dev.kvdb.engine.VerificationScenario.verifiedFiles;
import static dev.kvdb.engine.VerificationScenario.verify;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.CrashWorkload.Plan;
import dev.kvdb.engine.env.DirectoryLock;
import dev.kvdb.engine.error.DirectoryLockedException;
import dev.kvdb.engine.error.StoreIoException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.Finding.Kind;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashImages;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.Seeds;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoreVerificationTest {

    private static final int PLACES = 60;
    private static final int VARIANTS = 6;

    private static final Pattern ZEROS_CUT_OFF = Pattern.compile("truncate .*[.]log");

    /** One run in a thousand does not suit. */
    private static final int RUNS_MAX = 5;

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @ParameterizedTest
    @EnumSource(SyncPolicy.class)
    void storeKilledAnywhere_isVerifiedWithoutAFinding(SyncPolicy policy) throws Exception {
        checkImages(new Plan(policy, 2, 120, 60, 3_000, 10, true, 0.3, 0, 0));
    }

    @Test
    void storeWithMuchGarbageCollection_isVerifiedWithoutAFinding() throws Exception {
        checkImages(new Plan(SyncPolicy.ALWAYS, 1, 300, 60, 8_000, 12, false, 0.6, 0, 0));
    }

    @Test
    void storeOnADiskThatWasFull_isVerifiedWithoutAFinding() throws Exception {
        checkImages(new Plan(SyncPolicy.ALWAYS, 1, 40, 30, 3_000, 6, false, 0.3, 40, 0));
    }

    @Test
    void storeOfSmallGroups_isVerifiedWithoutAFinding_alsoWhereZerosFollowThem() throws Exception {
        Plan plan = new Plan(SyncPolicy.ALWAYS, 1, 80, 30, 300, 5, false, 0.3, 0, 0);
        checkImages(
                plan,
                // Zeros are cut off when a segment is sealed.
                files -> ZEROS_CUT_OFF.matcher(files.trace()).find());
    }

    private static void checkImages(Plan plan) throws Exception {
        checkImages(plan, files -> true);
    }

    /** Images of a run that suits, each as the crash left it, and again after an open that was killed too. */
    private static void checkImages(Plan plan, Predicate<CrashingFileSystem> suits) throws Exception {
        Seeds.run(seed -> {
            CrashingFileSystem files = CrashWorkload.run(plan, seed);
            for (int runs = 1; !suits.test(files); runs++) {
                assertThat(runs).as("runs of which none suits").isLessThan(RUNS_MAX);
                files = CrashWorkload.run(plan, seed + runs);
            }
            Path path = files.path("db");
            checkClean(files.copy(), path, "closed");
            SplittableRandom random = new SplittableRandom(seed);
            CrashImages images = files.crashImages();
            int stride = Math.max(1, files.position() / PLACES);
            boolean more = true;
            while (more) {
                for (int variant = 0; variant < VARIANTS; variant++) {
                    CrashingFileSystem image = images.image(random.nextLong(1L << 40));
                    if (image.exists(path.resolve("MANIFEST"))) {
                        String place = "killed after " + images.position() + " operations, variant " + variant;
                        checkClean(image.copy(), path, place);
                        Store.open(path, plan.options(), TestEnvironment.of(image, seed), StoreListener.NONE)
                                .close();
                        checkClean(image.copy(), path, place + ", opened and closed");
                        int crashAt = random.nextInt(image.position() + 1);
                        checkClean(image.crashAt(crashAt, seed), path, place + ", killed in its recovery");
                    }
                }
                int steps = 1 + random.nextInt(2 * stride);
                for (int i = 0; i < steps && more; i++) {
                    more = images.advance();
                }
            }
        });
    }

    private static void checkClean(CrashingFileSystem image, Path path, String what) {
        assertThat(verify(image, path).findings()).as(what).isEmpty();
    }

    @Test
    void verificationThatIsDone_hasDoneAllThatThereWasToDo() {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        List<Long> left = new ArrayList<>();

        new StoreVerification(TestEnvironment.of(disk, 1))
                .run(disk.root(), (doneBytes, totalBytes) -> left.add(totalBytes - doneBytes));

        assertThat(left.get(0)).isPositive();
        assertThat(left).endsWith(0L);
    }

    @Test
    void report_countsWhatIsThere() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();

        VerificationReport report = verify(disk);

        assertThat(report.isClean()).as(report.toString()).isTrue();
        assertThat(report.notes())
                .as("what was written anew behind the durable point")
                .hasSize(1);
        assertThat(report.files()).isEqualTo(verifiedFiles(disk).size());
        assertThat(report.liveRecords()).isEqualTo(4);
        assertThat(report.records()).isGreaterThan(report.liveRecords());
        assertThat(report.bytes()).isPositive();
        List<Long> told = new ArrayList<>();
        new StoreVerification(TestEnvironment.of(disk, 1)).run(disk.root(), (done, total) -> {
            assertThat(done).isLessThanOrEqualTo(total);
            told.add(done);
        });
        assertThat(told).isSorted().hasSizeGreaterThan(2);
    }

    @Test
    void eachFlippedBit_isFoundInItsFile() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        assertThat(verifiedFiles(disk))
                .contains("MANIFEST", "SNAPSHOT")
                .anyMatch(name -> name.endsWith(".hint"))
                .filteredOn(name -> name.endsWith(".log"))
                .hasSizeGreaterThanOrEqualTo(3);
        assertThat(VerificationScenario.requireEachFlipFound(disk, 0)).isGreaterThan(10_000);
    }

    @Test
    void cachesThatAreIntactButWrong_areFound() throws IOException {
        assertThat(VerificationScenario.requireWrongCachesFound(VerificationScenario.smallStore()))
                .isGreaterThan(30);
    }

    @Test
    void eachTruncation_isFoundInItsFile() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        for (String name : verifiedFiles(disk)) {
            int bytes = disk.contents(disk.path(name)).length;
            int end = name.endsWith(".log") ? sealedLength(disk, name) : bytes;
            for (int size = 0; size < end; size++) {
                CrashingFileSystem cut = disk.copy();
                cut.truncateFile(cut.path(name), size);
                VerificationScenario.requireFound(cut, cut.path(name), name + " cut to " + size + " of " + bytes);
            }
        }
    }

    private static int sealedLength(CrashingFileSystem disk, String segment) {
        return (int) java.nio.ByteBuffer.wrap(disk.contents(disk.path(segment.replace(".log", ".hint"))))
                .getLong(40);
    }

    @Test
    void missingSegmentOrManifest_isFound_missingCachesAreNoted() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        for (String name : verifiedFiles(disk)) {
            CrashingFileSystem without = disk.copy();
            without.delete(without.path(name));
            VerificationReport report = verify(without);
            boolean isCache = name.endsWith(".hint") || name.equals("SNAPSHOT");
            assertThat(report.isClean()).as("without %s: %s", name, report).isEqualTo(isCache);
            if (isCache) {
                assertThat(report.notes()).hasSize(2);
                assertThat(report.liveRecords()).isEqualTo(4);
            } else {
                assertThat(report.findings().get(0).file())
                        .isEqualTo(without.path(name).toString());
                assertThat(report.findings()).hasSize(1);
            }
        }
    }

    @Test
    void fileThatCannotBeRead_isFound_andTheOthersAreReadAllTheSame() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        for (FileOperation operation : List.of(FileOperation.READ, FileOperation.OPEN)) {
            for (String name : verifiedFiles(disk)) {
                FailingFileSystem failing = new FailingFileSystem(disk);
                failing.inject(Fault.on(operation).named(name).forEver());
                VerificationReport report = new StoreVerification(TestEnvironment.of(failing, 1))
                        .run(disk.root(), VerificationListener.NONE);
                assertThat(report.findings())
                        .as("%s of %s: %s", operation, name, report)
                        .hasSize(1)
                        .first()
                        .extracting(Finding::file)
                        .isEqualTo(disk.path(name).toString());
                assertThat(disk.openHandles()).isEmpty();
            }
        }
    }

    @Test
    void readThatFailsAnywhere_isAFindingAndNeverTheEndOfTheRun() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        FailingFileSystem counting = new FailingFileSystem(disk);
        new StoreVerification(TestEnvironment.of(counting, 1)).run(disk.root(), VerificationListener.NONE);
        long reads = counting.count(FileOperation.READ);
        for (long nth = 1; nth <= reads; nth++) {
            FailingFileSystem failing = new FailingFileSystem(disk);
            failing.inject(Fault.on(FileOperation.READ).nth(nth));
            VerificationReport report =
                    new StoreVerification(TestEnvironment.of(failing, 1)).run(disk.root(), VerificationListener.NONE);
            assertThat(report.isClean()).as("read %d of %d", nth, reads).isFalse();
            assertThat(disk.openHandles()).isEmpty();
        }
    }

    @Test
    void severalDamages_areAllFound_andKeysAreNamed() throws IOException {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        List<String> segments = verifiedFiles(disk).stream()
                .filter(name -> name.endsWith(".log"))
                .toList();
        segments.forEach(name -> disk.flipBit(disk.path(name), 128 + 5, 0));
        List<String> damaged = verify(disk).findings().stream()
                .filter(finding -> finding.kind() == Kind.FRAME)
                .map(Finding::file)
                .toList();
        assertThat(damaged)
                .isEqualTo(segments.stream()
                        .map(name -> disk.path(name).toString())
                        .toList());
        assertThat(verify(disk).findings())
                .as("a hint names the key that a damaged header hides")
                .anyMatch(finding ->
                        finding.kind() == Kind.HINT && finding.message().contains("key "));
        assertThat(verify(disk).findings().size()).isEqualTo((int) verify(disk).findingsTotal());
    }

    @Test
    void tornTail_isNoted_damageBeforeTheDurablePointIsFound() {
        MemoryStore running = new MemoryStore().open();
        for (int key = 1; key <= 5; key++) {
            running.set(key, 20);
        }
        String tail = "0000000001.log";
        int groupBytes = 65 + 33 + 20;
        int end = 128 + 5 * groupBytes;
        assertThat(running.disk.contents(running.file(tail))).hasSize(end);
        for (int size = end - groupBytes + 1; size < end; size++) {
            MemoryStore torn = running.image();
            torn.disk.truncateFile(torn.file(tail), size);
            VerificationReport report = verify(torn.disk);
            assertThat(report.findings()).as("cut to %d", size).isEmpty();
            boolean markIsWhole = size == end - groupBytes + 65;
            assertThat(report.notes().stream()
                            .filter(note -> note.contains("torn"))
                            .count())
                    .isEqualTo(markIsWhole ? 0 : 1);
            assertThat(report.liveRecords()).isEqualTo(4);
        }
        for (int offset = 0; offset < end - groupBytes; offset++) {
            MemoryStore damaged = running.image();
            damaged.disk.flipBit(damaged.file(tail), offset, offset % 8);
            Finding finding = verify(damaged.disk).findings().get(0);
            assertThat(finding.file()).isEqualTo(damaged.file(tail).toString());
            assertThat(finding.offset()).isBetween(offset - 124L, (long) Math.max(offset, 124));
        }
        running.close();
    }

    @Test
    void unfinishedAndUnlistedFiles_areNoted() {
        CrashingFileSystem disk = VerificationScenario.smallStore();
        disk.put(disk.path("0000000999.log"), new byte[10]);
        disk.put(disk.path("0000000999.hint"), new byte[10]);
        disk.put(disk.path("SNAPSHOT.tmp"), new byte[10]);
        disk.put(disk.path("0000000001.torn"), new byte[10]);
        disk.put(disk.path("0000000001.damaged"), new byte[10]);

        VerificationReport report = verify(disk);

        assertThat(report.isClean()).isTrue();
        assertThat(report.notes()).hasSize(6);
    }

    @Test
    void findings_areCountedPastWhatIsKept() {
        MemoryStore store = new MemoryStore().open();
        for (int key = 0; key < 1_200; key++) {
            store.set(key, 1);
        }
        store.close();
        for (String name : List.of("0000000001.log", "0000000002.log")) {
            byte[] bytes = store.disk.contents(store.file(name));
            for (int at = 128; at < bytes.length; at += bytes[at + 16] == 2 ? 65 : 34) {
                if (bytes[at + 16] == 0) {
                    store.disk.flipBit(store.file(name), at + 33, 0);
                }
            }
        }
        VerificationReport report = verify(store.disk);
        assertThat(report.findings()).hasSize(1_000);
        assertThat(report.findingsTotal()).isEqualTo(1_200);
        assertThat(kinds(report)).containsExactly(Kind.VALUE);
    }

    @Test
    void directoryWithoutAStore_isRefusedAndStaysEmpty() throws IOException {
        CrashingFileSystem disk = new CrashingFileSystem();
        assertThatThrownBy(() -> verify(disk)).isInstanceOf(UnsupportedFormatException.class);
        assertThatThrownBy(() -> verify(disk, disk.path("nowhere"))).isInstanceOf(StoreIoException.class);
        disk.put(disk.path("letter.txt"), new byte[1]);
        assertThatThrownBy(() -> verify(disk)).isInstanceOf(UnsupportedFormatException.class);
        assertThat(disk.list(disk.root())).containsExactly("letter.txt");
    }

    @Test
    void openStore_isRefused_andNoStoreIsOpenedMeanwhile() throws IOException {
        try (MemoryStore store = new MemoryStore().open()) {
            store.set(1, 1);
            assertThatThrownBy(() -> verify(store.disk)).isInstanceOf(DirectoryLockedException.class);
        }
        MemoryStore closed = new MemoryStore(VerificationScenario.smallStore(), MemoryStore.SMALL);
        closed.open().close();
        List<String> refused = new ArrayList<>();
        new StoreVerification(TestEnvironment.of(closed.disk, 1)).run(closed.disk.root(), (done, total) -> {
            if (refused.isEmpty()) {
                assertThatThrownBy(closed::open).isInstanceOf(DirectoryLockedException.class);
                refused.add("refused");
            }
        });
        assertThat(refused).hasSize(1);
        try (DirectoryLock free = closed.disk.lock(closed.file("LOCK"), "me")) {
            assertThat(free).isNotNull();
        }
    }
}
