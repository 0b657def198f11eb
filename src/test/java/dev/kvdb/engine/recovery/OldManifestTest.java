package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.RepairReport;
import dev.kvdb.engine.StoreRepair;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.StoreVerification;
import dev.kvdb.engine.SyncPolicy;
import dev.kvdb.engine.VerificationListener;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.TestEnvironment;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Somebody puts a manifest back that is older than the segments. What it does not list would be removed by an open, as
 * if a crash had left it.
 */
class OldManifestTest {

    private static final int VALUE_BYTES = 5000;

    private final MemoryStore store = new MemoryStore().open();

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void manifestOfAnOpenStore_thatKnowsNoneOfTheSegmentsAppendedSince() {
        fill(0, 20);
        byte[] old = manifest();
        fill(20, 60);
        store.close();
        assertRefused(old);
    }

    @Test
    void manifestOfAClosedStore_thatKnowsNoneOfTheSegmentsAppendedSince() {
        fill(0, 20);
        store.close();
        byte[] old = manifest();
        store.open();
        fill(20, 22);
        store.close();
        assertRefused(old);
    }

    @Test
    void manifestFromBeforeSegmentsThatWereAppendedAndCollectedSince() {
        fill(0, 20);
        store.close();
        byte[] old = manifest();
        store.open();
        fill(20, 40);
        fill(20, 30);
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        store.close();
        assertRefused(old);
    }

    @Test
    void manifestFromBeforeCollectionsAlone_ofAStoreThatIsClosed() {
        fill(0, 24);
        fill(0, 10);
        store.close();
        byte[] old = manifest();
        store.open();
        collectGarbage(store);
        store.close();
        assertRefused(old);
    }

    @Test
    void manifestFromBeforeCollectionsAlone_ofAStoreThatWasKilled() {
        fill(0, 24);
        fill(0, 10);
        store.close();
        byte[] old = manifest();
        store.open();
        collectGarbage(store);
        assertRefused(store.image(), old);
    }

    @Test
    void manifestFromBeforeACollectionAlone_ofAStoreThatWasKilledBesideALogEnd() {
        fill(0, 12);
        fill(0, 10);
        byte[] old = manifest();
        collectGarbage(store);
        assertThat(store.contents()).containsKeys("0000000002.log", "0000000003.log");
        assertThat(store.contents()).doesNotContainKeys("0000000001.log");
        assertRefused(store.image(), old);
    }

    @Test
    void manifestFromBeforeARepair() {
        fill(0, 12);
        store.close();
        byte[] old = manifest();
        store.disk.flipBit(store.file("0000000001.log"), 0, 0);
        assertThat(repair(store, false).outcome()).isEqualTo(RepairReport.Outcome.REPAIRED);
        assertRefused(old);
    }

    @Test
    void manifestThatGaveOutTheIdOfACopyAndDoesNotListIt_copyOutlivesAnOpen() {
        fill(0, 24);
        fill(0, 10);
        store.close();
        Manifest before = Manifest.decode(ByteBuffer.wrap(manifest()), "MANIFEST");
        byte[] old = new Manifest(
                        before.storeId(), before.versionFloor(), before.nextSegmentId() + 1, before.segments())
                .encode()
                .array();
        store.open();
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        Map<Long, String> entries = store.entries();
        MemoryStore killed = store.image();
        byte[] newest = killed.disk.contents(killed.file("MANIFEST"));
        killed.disk.put(killed.file("MANIFEST"), old);
        killed.open();
        assertThatThrownBy(() -> killed.store().get(11)).isInstanceOf(DamageException.class);
        killed.close();

        killed.disk.put(killed.file("MANIFEST"), newest);
        killed.open();
        assertThat(killed.entries()).isEqualTo(entries);
        killed.close();
    }

    @Test
    void segmentOfANewerFormatThatTheManifestDoesNotList_isRefusedBeforeAnyWrite() {
        store.set(1, VALUE_BYTES);
        store.close();
        ByteBuffer segment = ByteBuffer.wrap(
                store.disk.contents(store.file("0000000001.log")).clone());
        segment.putLong(24, 1L << 7).putLong(48, 2);
        CRC32C crc = new CRC32C();
        crc.update(segment.slice(0, 124));
        segment.putInt(124, (int) crc.getValue());
        store.disk.put(store.file("0000000002.log"), segment.array());
        Map<String, String> before = store.contents();

        assertThatThrownBy(store::open).hasMessageContaining("0000000002.log");
        assertThatThrownBy(() -> repair(store, true))
                .isInstanceOf(UnsupportedFormatException.class)
                .hasMessageContaining("0000000002.log");

        assertThat(store.contents()).isEqualTo(before);
    }

    @Test
    void manifestFromBeforeSegments_ofAStoreThatDoesNotSync() {
        store.close();
        store.with(MemoryStore.SMALL.toBuilder().syncPolicy(SyncPolicy.OS).build())
                .open();
        fill(0, 2);
        byte[] old = manifest();
        store.close();
        store.open();
        fill(20, 22);
        store.close();
        assertRefused(old);
    }

    @Test
    void powerIsLostBeforeARecoveredLogEndIsListed_storeOpens() {
        store.close();
        store.with(MemoryStore.SMALL.toBuilder().syncPolicy(SyncPolicy.OS).build())
                .open();
        store.set(1, VALUE_BYTES);
        String log = lastLog(store);
        try (MemoryStore killed = store.image()) {
            killed.files.inject(
                    Fault.on(FileOperation.CREATE).named("MANIFEST[.]tmp").nth(2));
            assertThatThrownBy(killed::open).hasMessageContaining("Input/output error");
            killed.files.heal();
            assertThat(lastLog(killed)).as("the copy of the log's end").isNotEqualTo(log);
            killed.disk.truncateFile(killed.file(log), SegmentHeader.BYTES);

            killed.open();
            assertThat(killed.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
        }
    }

    private static String lastLog(MemoryStore of) {
        return of.contents().keySet().stream()
                .filter(name -> name.endsWith(".log"))
                .reduce("", (first, second) -> second);
    }

    private void collectGarbage(MemoryStore of) {
        byte[] before = manifest();
        of.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        assertThat(manifest()).as("the manifest after a collection").isNotEqualTo(before);
    }

    private void assertRefused(byte[] oldManifest) {
        assertRefused(store, oldManifest);
    }

    /** @param of a store that is not open */
    private static void assertRefused(MemoryStore of, byte[] oldManifest) {
        byte[] newest = of.disk.contents(of.file("MANIFEST"));
        Map<Long, String> entries = entries(of.image());
        of.disk.put(of.file("MANIFEST"), oldManifest);
        Map<String, String> before = of.contents();
        assertThatThrownBy(of::open)
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("MANIFEST")
                .hasMessageContaining("an older one");
        assertThat(of.contents()).as("the refused open changed nothing").isEqualTo(before);
        VerificationReport report =
                new StoreVerification(TestEnvironment.of(of.disk, 1)).run(of.disk.root(), VerificationListener.NONE);
        assertThat(report.findings()).anyMatch(finding -> finding.kind() == Finding.Kind.MANIFEST);

        MemoryStore repaired = of.image();
        RepairReport cautious = repair(repaired, false);
        if (cautious.outcome() == RepairReport.Outcome.LOSS_NOT_ACCEPTED) {
            assertThat(repaired.contents())
                    .as("a repair that may lose nothing changed nothing")
                    .isEqualTo(before);
            assertThat(repair(repaired, true).loss().manifestUncertain()).isTrue();
        }
        assertThat(entries(repaired)).as("after a repair").isEqualTo(entries);

        of.disk.put(of.file("MANIFEST"), newest);
        assertThat(entries(of)).as("with the newest manifest").isEqualTo(entries);
    }

    private static RepairReport repair(MemoryStore of, boolean acceptLoss) {
        return new StoreRepair(TestEnvironment.of(of.disk, 2))
                .run(of.disk.root(), new StoreRepair.Request(acceptLoss, false), VerificationListener.NONE);
    }

    private static Map<Long, String> entries(MemoryStore of) {
        try (MemoryStore open = of.open()) {
            assertThat(open.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
            return open.entries();
        }
    }

    private byte[] manifest() {
        return store.disk.contents(store.file("MANIFEST"));
    }

    private void fill(long from, long to) {
        for (long key = from; key < to; key++) {
            store.set(key, VALUE_BYTES);
        }
    }
}
