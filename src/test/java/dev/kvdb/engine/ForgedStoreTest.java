package dev.kvdb.engine;

import static dev.kvdb.engine.ForgedStore.SNAPSHOT_VERSION;
import static dev.kvdb.engine.VerificationScenario.verify;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.engine.recovery.VerificationReport;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.Logs;
import dev.kvdb.testkit.TestEnvironment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files whose checksums are right and that are wrong all the same: each is found by the one check that can. */
class ForgedStoreTest {

    @BeforeAll
    static void silence() {
        Logs.silenceEngine();
    }

    @Test
    void storeAsItIsForged_isClean() {
        VerificationReport report = verify(new ForgedStore().disk);
        assertThat(report.findings()).isEmpty();
        assertThat(report.notes()).isEmpty();
        assertThat(report.records()).isEqualTo(10);
        assertThat(report.liveRecords()).isEqualTo(3);
    }

    static Stream<Forgery> forgeries() {
        return Forgery.all();
    }

    @ParameterizedTest
    @MethodSource("forgeries")
    void forgery_isFoundAndNothingElse(Forgery forgery) {
        forgery.requireFound();
    }

    @ParameterizedTest
    @MethodSource("forgeries")
    void forgery_isRepairedOrRefusedAsOfALaterFormat(Forgery forgery) {
        ForgedStore store = new ForgedStore();
        forgery.forging().in(store);
        if (forgery.kind() == Finding.Kind.UNSUPPORTED) {
            assertThatThrownBy(() -> RepairScenario.repair(store.disk, true))
                    .isInstanceOf(UnsupportedFormatException.class);
        } else {
            assertThat(RepairScenario.repair(store.disk, true).outcome()).isNotEqualTo(RepairReport.Outcome.LEFT);
            assertThat(verify(store.disk).findings()).isEmpty();
        }
    }

    @Test
    void segmentThatContradictsTheOneBeforeIt_isWrittenAnewAndNothingIsLost() {
        ForgedStore store = new ForgedStore();
        Previous said = store.appended.asPrevious();
        store.put(ForgedStore.appended(3, 14, new Previous(2, said.length(), said.lastVersion() - 1))
                .mark()
                .set(14, 1, 6)
                .mark());
        RepairReport first = RepairScenario.requireRepaired(
                store.disk, RepairScenario.Truth.of(store.disk), "a segment that contradicts the one before it");
        assertThat(first.outcome()).isEqualTo(RepairReport.Outcome.REPAIRED);
        assertThat(first.segmentsWritten()).isEqualTo(1);
    }

    private static void assertClean(ForgedStore store, long liveRecords) {
        VerificationReport report = verify(store.disk);
        assertThat(report.findings()).isEmpty();
        assertThat(report.liveRecords()).isEqualTo(liveRecords);
    }

    @Test
    void entriesOfSegmentsThatTheSnapshotDoesNotCover_areNotLookedAt() {
        ForgedStore store = new ForgedStore();
        long[] entries = store.snapshotEntries();
        entries[1] = store.last.location(0) + (1 << 10);
        store.snapshot(SNAPSHOT_VERSION, store.covered(), entries);
        assertClean(store, 3);
    }

    @Test
    void snapshotOfASegmentThatIsCollectedSince_isReadAsFarAsItHolds() {
        ForgedStore store = new ForgedStore();
        List<CoveredSegment> covered = new ArrayList<>(store.covered());
        covered.add(new CoveredSegment(77, 5000, 1, 1, 1));
        store.snapshot(SNAPSHOT_VERSION, covered, store.snapshotEntries());
        assertClean(store, 3);
    }

    @Test
    void snapshotThatBeginsWithTheLowestKey_isClean() {
        ForgedStore store = new ForgedStore();
        ForgedSegment lowest = ForgedStore.appended(4, 17, Previous.NONE)
                .mark()
                .set(17, Long.MIN_VALUE, 1)
                .mark();
        store.put(lowest).snapshot(17, List.of(lowest.asCovered()), Long.MIN_VALUE, lowest.location(0));
        assertClean(store, 4);
    }

    @Test
    void keyOfManyRecords_isClean() {
        ForgedStore store = new ForgedStore();
        ForgedSegment busy = ForgedStore.appended(4, 17, Previous.NONE).mark();
        for (int i = 0; i < 40; i++) {
            busy.set(17 + i, 8, 1);
        }
        store.put(busy.mark()).snapshot(56, List.of(busy.asCovered()), 8, busy.location(39));
        assertClean(store, 4);
    }

    @Test
    void markOfALaterVersionThanAnyRecordBeforeIt_isClean() {
        ForgedStore store = new ForgedStore();
        ForgedSegment gap = ForgedStore.appended(4, 17, Previous.NONE);
        gap.mark(new Mark(ForgedStore.ID, 4, gap.end(), gap.end(), 90)).set(91, 8, 1);
        store.put(gap);
        assertClean(store, 4);
    }

    @Test
    void previousSegmentThatIsCollectedSince_isNotCompared() {
        ForgedStore store = new ForgedStore();
        store.put(ForgedStore.appended(4, 17, new Previous(77, 5000, 16)).mark());
        assertClean(store, 3);
    }

    @Test
    void previousSegmentSaidToGoFurtherThanItsRecords_isClean() {
        ForgedStore store = new ForgedStore();
        store.put(ForgedStore.appended(4, 30, new Previous(3, store.last.end(), 29))
                .mark());
        assertClean(store, 3);
    }

    @Test
    void segmentThatIsNotSealed_hasNoHintToBeNoted() {
        ForgedStore store = new ForgedStore();
        store.put(
                ForgedStore.appended(4, 17, store.last.asPrevious()).mark().set(17, 8, 1),
                new SegmentEntry(4, Kind.APPENDED, false, 0));
        assertThat(verify(store.disk).notes()).isEmpty();
        assertClean(store, 4);
    }

    @Test
    void storeWithoutAnySegment_isAStore() {
        CrashingFileSystem disk = new CrashingFileSystem();
        Manifest empty = new Manifest(ForgedStore.ID, 1, 1, List.of());
        disk.put(disk.path("MANIFEST"), empty.encode().array());
        assertThat(verify(disk).isClean()).isTrue();
    }

    @Test
    void snapshotOfOtherLengths_isNotBlamedForKeysThatItLacks() {
        assertThat(findingsOfASnapshotWithoutKeyTwo(
                        said -> new CoveredSegment(said.id(), said.length() - 1, said.sets(), said.tombstones(), 13)))
                .singleElement()
                .matches(finding -> finding.message().contains("the segment is"));
    }

    @Test
    void snapshotOfOtherCounts_isBlamedForKeysThatItLacksToo() {
        assertThat(findingsOfASnapshotWithoutKeyTwo(
                        said -> new CoveredSegment(said.id(), said.length(), said.sets(), said.tombstones(), 12)))
                .hasSize(2)
                .last()
                .matches(finding -> finding.message().contains("no entry for key 2"));
    }

    private static List<Finding> findingsOfASnapshotWithoutKeyTwo(UnaryOperator<CoveredSegment> change) {
        ForgedStore store = new ForgedStore();
        CoveredSegment rewritten = store.rewritten.asCovered();
        CoveredSegment appended = change.apply(store.appended.asCovered());
        store.snapshot(
                SNAPSHOT_VERSION,
                List.of(rewritten, appended),
                1,
                store.rewritten.location(0),
                5,
                store.appended.location(1));
        return verify(store.disk).findings();
    }

    @Test
    void olderRecordInTheSnapshot_isFoundThoughDamageHidesOthers() {
        ForgedStore store = new ForgedStore();
        long[] entries = store.snapshotEntries();
        entries[3] = store.rewritten.location(1);
        store.snapshot(SNAPSHOT_VERSION, store.covered(), entries).delete("0000000003.hint");
        store.disk.flipBit(
                store.disk.path("0000000003.log"), store.last.records.row(2).offset(), 0);
        assertThat(verify(store.disk).findings())
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.FRAME, Finding.Kind.SNAPSHOT);
    }

    @Test
    void otherLengthInTheSnapshot_isFoundThoughDamageHidesRecordsOfThatSegment() {
        ForgedStore store = new ForgedStore();
        CoveredSegment said = store.appended.asCovered();
        CoveredSegment shorter =
                new CoveredSegment(2, said.length() - 1, said.sets(), said.tombstones(), said.tombstoneVersionMax());
        store.snapshot(SNAPSHOT_VERSION, List.of(store.rewritten.asCovered(), shorter), store.snapshotEntries())
                .delete("0000000002.hint");
        store.disk.flipBit(
                store.disk.path("0000000002.log"), store.appended.records.row(2).offset(), 0);
        assertThat(verify(store.disk).findings())
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.FRAME, Finding.Kind.SNAPSHOT);
    }

    @Test
    void segmentWhoseFramesCannotBeRead_isTheOnlyFinding() {
        ForgedStore store = new ForgedStore();
        store.delete("0000000001.hint")
                .snapshot(
                        SNAPSHOT_VERSION,
                        store.covered(),
                        2,
                        store.appended.location(0),
                        5,
                        store.appended.location(1));
        FailingFileSystem failing = new FailingFileSystem(store.disk);
        failing.inject(Fault.on(FileOperation.READ).named("0000000001.log").nth(2));
        VerificationReport report =
                new StoreVerification(TestEnvironment.of(failing, 1)).run(store.disk.root(), VerificationListener.NONE);
        assertThat(report.findings())
                .singleElement()
                .matches(finding ->
                        finding.kind() == Finding.Kind.UNREADABLE && finding.offset() == SegmentHeader.BYTES);
    }

    @Test
    void segmentsWithoutAManifest_areReadAsFarAsTheirFramesGo() {
        ForgedStore store = new ForgedStore().delete("MANIFEST");
        assertThat(verify(store.disk).records()).isEqualTo(10);
        store.disk.flipBit(
                store.disk.path("0000000001.log"),
                store.rewritten.records.row(0).offset(),
                0);
        VerificationReport report = verify(store.disk);
        assertThat(report.findings())
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.MANIFEST, Finding.Kind.FRAME);
        assertThat(report.notes()).singleElement().asString().contains("without a manifest");
    }
}
