package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.index.OrderedIndex;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.ManualClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An index in memory that is wrong, beside a log that is whole. */
class OnlineIndexCheckTest {

    private static final int OPEN_FILES_MAX = 16;

    private FailingFileSystem files;
    private RecoveryListener listener = (phase, done, total) -> {};
    private Segments segments;
    private OrderedIndex index;

    /** All locations that a key has had, in the order of their versions. */
    private final Map<Long, List<Long>> locations = new HashMap<>();

    @BeforeEach
    void open() throws IOException {
        Logs.silenceEngine();
        CrashingFileSystem disk = storeOnDisk();
        files = new FailingFileSystem(disk);
        // One file is open at a time: each pin of another segment opens its file.
        Recovered recovered = new Recovery(
                        new StoreDirectory(files, disk.root()),
                        new SplittableRandom(1),
                        new RecoveryLimits(1, 0),
                        (phase, done, total) -> {})
                .run();
        segments = recovered.segments();
        index = recovered.index();
        for (Segment segment : segments.all()) {
            try (HintFile hint = HintFile.open(segments.directory(), segment)) {
                for (HintEntry entry = hint.next(); entry != null; entry = hint.next()) {
                    if (!entry.isTombstone()) {
                        locations
                                .computeIfAbsent(entry.key(), key -> new ArrayList<>())
                                .add(entry.location(segment.id()));
                    }
                }
            }
        }
    }

    private static CrashingFileSystem storeOnDisk() {
        try (MemoryStore store = new MemoryStore().open()) {
            for (int key = 0; key < 6; key++) {
                store.set(key, 30);
            }
            store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
            store.reopen();
            store.set(2, 20);
            store.set(3, 20);
            store.set(3, 21);
            store.remove(4);
            store.close();
            return store.disk;
        }
    }

    @AfterEach
    void close() {
        segments.close();
    }

    private VerificationReport verify(int openFilesMax) {
        return new OnlineVerification(
                        new OnlineVerification.Subject(segments, index, openFilesMax, () -> {}),
                        new ManualClock(),
                        0,
                        () -> false,
                        listener,
                        finding -> {})
                .run();
    }

    private Finding onlyFinding() {
        VerificationReport report = verify(OPEN_FILES_MAX);
        assertThat(report.findings()).as(report.toString()).hasSize(1);
        Finding finding = report.findings().get(0);
        assertThat(finding.kind()).isEqualTo(Finding.Kind.INDEX);
        return finding;
    }

    private long location(long key, int nth) {
        return locations.get(key).get(nth);
    }

    @Test
    void rightIndex_isClean() {
        assertThat(verify(OPEN_FILES_MAX).findings()).isEmpty();
        assertThat(verify(OPEN_FILES_MAX).liveRecords()).isEqualTo(5);
    }

    @Test
    void entryOfAnOlderRecord_isFound() {
        index.put(2, location(2, 0));

        Finding finding = onlyFinding();
        assertThat(finding.message()).contains("key 2", "the log has version");
        assertThat(finding.offset()).isEqualTo(RecordLocation.offset(location(2, 0)));
    }

    @Test
    void entryOfAnOlderRecordInTheSameSegment_isFound() {
        index.put(3, location(3, 1));

        assertThat(onlyFinding().message()).contains("key 3");
    }

    @Test
    void entryOfARemovedKey_isFound() {
        index.put(4, location(4, 0));

        assertThat(onlyFinding().message()).contains("key 4", "no value");
    }

    @Test
    void keyWithoutItsEntry_isFound() {
        index.remove(2);

        Finding finding = onlyFinding();
        assertThat(finding.message()).contains("no entry for key 2");
        assertThat(finding.offset()).isEqualTo(RecordLocation.offset(location(2, 1)));
    }

    @Test
    void entryOfAnotherKeysRecord_isFound() {
        index.put(0, location(1, 0));

        assertThat(onlyFinding().message()).contains("key 0");
    }

    @Test
    void entryOfAKeyThatWasNeverWritten_isFound() {
        index.put(77, location(1, 0));

        assertThat(onlyFinding().message()).contains("key 77");
    }

    @Test
    void entryInASegmentThatIsNotThere_isFound() {
        index.put(1, RecordLocation.of(4_000, 128, 60));

        assertThat(onlyFinding().message()).contains("no such segment");
    }

    @Test
    void entryBetweenFrames_isFound() {
        index.put(1, location(1, 0) + (1 << 10));

        assertThat(onlyFinding().message()).contains("key 1");
    }

    @Test
    void moreSegmentsThanFilesMayBeOpen_isNotedAndNotPassedOver() {
        index.remove(2);

        VerificationReport report = verify(1);
        assertThat(report.findings()).isEmpty();
        assertThat(report.notes()).anyMatch(note -> note.contains("the index was not compared"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void segmentThatCannotBeOpened_isFoundOnceAndTheOthersAreCompared(boolean hintIsKept) throws IOException {
        int unreadable = RecordLocation.segmentId(location(0, 0));
        if (!hintIsKept) {
            files.delete(pathOf(StoreFileNames.hint(unreadable)));
        }
        cannotBeOpened(unreadable);
        index.put(3, location(3, 1));

        assertThat(verify(OPEN_FILES_MAX).findings())
                .extracting(Finding::kind, Finding::file)
                .containsExactly(
                        tuple(
                                Finding.Kind.UNREADABLE,
                                pathOf(StoreFileNames.segment(unreadable)).toString()),
                        tuple(
                                Finding.Kind.INDEX,
                                pathOf(StoreFileNames.segment(RecordLocation.segmentId(location(3, 1))))
                                        .toString()));
    }

    @Test
    void segmentWithoutAHintThatCannotBeOpenedAnyMore_isFound() throws IOException {
        int unreadable = RecordLocation.segmentId(location(0, 0));
        files.delete(pathOf(StoreFileNames.hint(unreadable)));
        whenTheIndexIsCompared(() -> cannotBeOpened(unreadable));

        assertOnlyFinding(Finding.Kind.UNREADABLE, unreadable);
    }

    @Test
    void segmentOfAnEntryThatCannotBeOpenedAnyMore_isFound() {
        int unreadable = RecordLocation.segmentId(location(2, 0));
        index.put(2, location(2, 0));
        index.put(3, location(3, 0));
        whenTheIndexIsCompared(() -> cannotBeOpened(unreadable));

        assertOnlyFinding(Finding.Kind.UNREADABLE, unreadable);
    }

    @Test
    void segmentThatMayHaveTheLaterRecordOfAMissingKeyAndCannotBeOpenedAnyMore_isFound() {
        int unreadable = segments.lastId();
        index.remove(0);
        whenTheIndexIsCompared(() -> cannotBeOpened(unreadable));

        VerificationReport report = assertOnlyFinding(Finding.Kind.UNREADABLE, unreadable);
        assertThat(report.notes()).singleElement().asString().startsWith("1 keys");
    }

    @Test
    void segmentThatIsMissingSinceItWasRead_isFound() {
        int missing = RecordLocation.segmentId(location(2, 0));
        index.put(2, location(2, 0));
        index.put(3, location(3, 0));
        whenTheIndexIsCompared(() -> delete(missing));

        assertOnlyFinding(Finding.Kind.MISSING, missing);
    }

    private void whenTheIndexIsCompared(Runnable change) {
        listener = (phase, done, total) -> {
            if (phase.equals("comparing the index")) {
                change.run();
            }
        };
    }

    private void cannotBeOpened(int segmentId) {
        for (Segment segment : segments.all()) {
            if (segment.id() != segmentId) {
                segments.pin(segment.id()).unpin();
            }
        }
        files.inject(Fault.on(FileOperation.OPEN)
                .named(StoreFileNames.segment(segmentId))
                .as(Fault.Kind.NO_DESCRIPTOR)
                .forEver());
    }

    private void delete(int segmentId) {
        try {
            files.delete(pathOf(StoreFileNames.segment(segmentId)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path pathOf(String name) {
        return segments.directory().file(name);
    }

    private VerificationReport assertOnlyFinding(Finding.Kind kind, int segmentId) {
        VerificationReport report = verify(OPEN_FILES_MAX);
        assertThat(report.findings())
                .extracting(Finding::kind, Finding::file)
                .containsExactly(
                        tuple(kind, pathOf(StoreFileNames.segment(segmentId)).toString()));
        return report;
    }
}
