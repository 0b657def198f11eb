package dev.kvdb.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.GarbageCollectionRequest;
import dev.kvdb.engine.MemoryStore;
import dev.kvdb.engine.StoreRepair;
import dev.kvdb.engine.StoreState;
import dev.kvdb.engine.StoreVerification;
import dev.kvdb.engine.SyncPolicy;
import dev.kvdb.engine.VerificationListener;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.testkit.Fault;
import dev.kvdb.testkit.FileOperation;
import dev.kvdb.testkit.TestEnvironment;
import java.util.Map;
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

    private void assertRefused(byte[] oldManifest) {
        byte[] newest = manifest();
        Map<String, String> before = store.contents();
        store.disk.put(store.file("MANIFEST"), oldManifest);
        assertThatThrownBy(store::open)
                .isInstanceOf(DamageException.class)
                .hasMessageContaining("MANIFEST")
                .hasMessageContaining("an older one");
        VerificationReport report = new StoreVerification(TestEnvironment.of(store.disk, 1))
                .run(store.disk.root(), VerificationListener.NONE);
        assertThat(report.findings()).anyMatch(finding -> finding.kind() == Finding.Kind.MANIFEST);

        MemoryStore repaired = store.image();
        new StoreRepair(TestEnvironment.of(repaired.disk, 2))
                .run(repaired.disk.root(), new StoreRepair.Request(true, false), VerificationListener.NONE);
        try (MemoryStore open = repaired.open()) {
            assertThat(open.store().get(21)).as("after a repair").isPresent();
            assertThat(open.store().statistics().state()).isEqualTo(StoreState.WRITABLE);
        }

        store.disk.put(store.file("MANIFEST"), newest);
        assertThat(store.contents()).as("the refused open changed nothing").isEqualTo(before);
        store.open();
        assertThat(store.store().get(21))
                .as("a key written after the old manifest")
                .isPresent();
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
