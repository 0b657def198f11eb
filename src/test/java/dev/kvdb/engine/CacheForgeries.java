package dev.kvdb.engine;

import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.format.HintHeader;
import dev.kvdb.engine.format.LeafHeader;
import dev.kvdb.engine.format.SegmentHeader.Previous;
import dev.kvdb.engine.format.SnapshotHeader;
import dev.kvdb.engine.format.SnapshotHeader.CoveredSegment;
import dev.kvdb.engine.recovery.Finding;
import dev.kvdb.testkit.CrashingFileSystem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What can be wrong with hints and snapshots whose checksums are right. */
final class CacheForgeries {

    private static final String LAST_HINT = "0000000003.hint";
    private static final String SNAPSHOT = "SNAPSHOT";

    /** Of a snapshot of several leaves and two blocks. */
    private static final int LARGE_KEYS = 1100;

    private CacheForgeries() {}

    static Stream<Forgery> all() {
        return Stream.of(
                        ofHints(),
                        ofSnapshotHeaders(),
                        ofSnapshotCounts(),
                        ofSnapshotCoverage(),
                        ofSnapshotEntries(),
                        ofSnapshotsAsAWhole())
                .flatMap(each -> each);
    }

    private static Stream<Forgery> ofHints() {
        return Stream.of(
                hintHeader(
                        "hint of another store",
                        header -> new HintHeader(ForgedStore.OTHER_ID, header.segmentId(), header.segmentLength(), 0)),
                hintHeader(
                        "hint of another length of its segment",
                        header -> new HintHeader(header.storeId(), header.segmentId(), header.segmentLength() - 1, 0)),
                hint(
                        "hint out of order",
                        "records in order",
                        records -> List.of(records.get(0), records.get(1), records.get(2), records.get(0))),
                hint(
                        "hint that lists a record twice",
                        "lists key 5",
                        records -> List.of(records.get(0), records.get(1), records.get(1), records.get(2))),
                hint(
                        "hint that lacks a record",
                        "does not list key 5, version 15, a tombstone",
                        records -> List.of(records.get(0), records.get(2))),
                new Forgery(
                        "hint that lacks the older of two records of a key",
                        store -> {
                            ForgedSegment twice = ForgedStore.appended(4, 17, Previous.NONE)
                                    .mark()
                                    .set(17, 8, 1)
                                    .set(18, 8, 1)
                                    .mark();
                            HintHeader header = new HintHeader(ForgedStore.ID, 4, twice.end(), 0);
                            store.put(twice).hint(header, twice.records.row(1));
                            return 0;
                        },
                        Finding.Kind.HINT,
                        "0000000004.hint",
                        "does not list key 8, version 17"),
                hint(
                        "hint of a record too many",
                        "lists key 9, version 17, 1 bytes, at offset 193, which is not",
                        records -> {
                            List<HintEntry> more = new ArrayList<>(records);
                            more.add(new HintEntry(9, 17, 193, 1));
                            return more;
                        }),
                hint(
                        "hint of another place",
                        "at offset 194, the segment has",
                        records -> List.of(new HintEntry(1, 14, 194, 6), records.get(1), records.get(2))));
    }

    private static Forgery hintHeader(String name, UnaryOperator<HintHeader> change) {
        return new Forgery(
                name,
                store -> {
                    HintHeader header = new HintHeader(ForgedStore.ID, 3, store.last.end(), 0);
                    store.hint(change.apply(header), lastRecords(store).toArray(new HintEntry[0]));
                    return 0;
                },
                Finding.Kind.HINT,
                LAST_HINT,
                "expected HintHeader");
    }

    private static Forgery hint(String name, String message, UnaryOperator<List<HintEntry>> change) {
        return new Forgery(
                name,
                store -> {
                    HintHeader header = new HintHeader(ForgedStore.ID, 3, store.last.end(), 0);
                    store.hint(header, change.apply(lastRecords(store)).toArray(new HintEntry[0]));
                    return 0;
                },
                Finding.Kind.HINT,
                LAST_HINT,
                message);
    }

    /** The last segment's records by key, which is their order in it too. */
    private static List<HintEntry> lastRecords(ForgedStore store) {
        return List.of(store.last.records.row(0), store.last.records.row(1), store.last.records.row(2));
    }

    private static Stream<Forgery> ofSnapshotHeaders() {
        return Stream.of(
                new Forgery(
                        "snapshot of another store",
                        store -> {
                            ForgedStore.snapshot(
                                    store.disk,
                                    new SnapshotHeader(ForgedStore.OTHER_ID, 13, 0, 0, store.covered()),
                                    store.snapshotEntries());
                            return 0;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "expected store"),
                new Forgery(
                        "snapshot of a version that none is",
                        store -> {
                            store.snapshot(Long.MAX_VALUE, store.covered(), store.snapshotEntries());
                            return 0;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "expected a version"),
                new Forgery(
                        "snapshot that would cover more segments than it has bytes for",
                        store -> {
                            CrashingFileSystem disk = store.disk;
                            byte[] bytes = disk.contents(disk.path(SNAPSHOT));
                            disk.put(
                                    disk.path(SNAPSHOT),
                                    ByteBuffer.wrap(bytes).putInt(12, 1 << 24).array());
                            return 0;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "bytes of header"),
                new Forgery(
                        "snapshot of a version below one that it covers",
                        store -> {
                            store.snapshot(12, store.covered(), store.snapshotEntries());
                            return 0;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "with version 13"));
    }

    private static Stream<Forgery> ofSnapshotCounts() {
        return Stream.of(
                counted("more", 4, "expected 1 more entries, found the end"),
                counted("fewer", 2, "expected no more entries than the snapshot has, found 3 more"));
    }

    /** Of three entries. */
    private static Forgery counted(String what, int entries, String message) {
        return new Forgery(
                "snapshot that counts " + what + " entries than it has",
                store -> {
                    byte[] bytes = store.disk.contents(store.disk.path(SNAPSHOT));
                    int start = SnapshotHeader.bytes(store.covered().size());
                    ByteBuffer header = new SnapshotHeader(
                                    ForgedStore.ID,
                                    ForgedStore.SNAPSHOT_VERSION,
                                    entries,
                                    bytes.length - start,
                                    store.covered())
                            .encode();
                    header.get(bytes, 0, start);
                    store.disk.put(store.disk.path(SNAPSHOT), bytes);
                    return entries > 3 ? bytes.length : start + Integer.BYTES;
                },
                Finding.Kind.SNAPSHOT,
                SNAPSHOT,
                message);
    }

    private static Stream<Forgery> ofSnapshotCoverage() {
        return Stream.of(
                covered(
                        "length",
                        said -> new CoveredSegment(
                                said.id(),
                                said.length() - 1,
                                said.sets(),
                                said.tombstones(),
                                said.tombstoneVersionMax())),
                covered(
                        "number of sets",
                        said -> new CoveredSegment(
                                said.id(),
                                said.length(),
                                said.sets() + 1,
                                said.tombstones(),
                                said.tombstoneVersionMax())),
                covered(
                        "number of tombstones",
                        said -> new CoveredSegment(
                                said.id(),
                                said.length(),
                                said.sets(),
                                said.tombstones() + 1,
                                said.tombstoneVersionMax())),
                covered(
                        "highest tombstone",
                        said -> new CoveredSegment(
                                said.id(),
                                said.length(),
                                said.sets(),
                                said.tombstones(),
                                said.tombstoneVersionMax() - 1)));
    }

    private static Forgery covered(String what, UnaryOperator<CoveredSegment> change) {
        return new Forgery(
                "snapshot that says another " + what + " of a segment",
                store -> {
                    List<CoveredSegment> covered = new ArrayList<>(store.covered());
                    covered.set(1, change.apply(covered.get(1)));
                    store.snapshot(ForgedStore.SNAPSHOT_VERSION, covered, store.snapshotEntries());
                    return 0;
                },
                Finding.Kind.SNAPSHOT,
                SNAPSHOT,
                "the segment is " + new ForgedStore().covered().get(1));
    }

    private static Stream<Forgery> ofSnapshotEntries() {
        return Stream.of(
                entries(
                        "snapshot's entries out of order",
                        3,
                        "expected a key above 5, found key 4",
                        store -> new long[] {
                            1,
                            store.rewritten.location(0),
                            2,
                            store.appended.location(0),
                            5,
                            store.appended.location(1),
                            4,
                            store.rewritten.location(3)
                        }),
                entries(
                        "snapshot with two entries of a key, and none behind them",
                        1,
                        "expected a key above 1, found key 1",
                        store -> new long[] {1, store.rewritten.location(0), 1, store.rewritten.location(0)}),
                entries(
                        "snapshot with an older record of a key",
                        1,
                        "is of version 2, though version 11",
                        store -> new long[] {
                            1,
                            store.rewritten.location(0),
                            2,
                            store.rewritten.location(1),
                            5,
                            store.appended.location(1)
                        }),
                entries("snapshot with a removed key", 2, "is of version 7, though version 13", store -> new long[] {
                    1,
                    store.rewritten.location(0),
                    2,
                    store.appended.location(0),
                    4,
                    store.rewritten.location(3),
                    5,
                    store.appended.location(1)
                }),
                entries(
                        "snapshot's entry at no record, of a key that was written since",
                        0,
                        "where no intact",
                        store -> new long[] {
                            1,
                            store.rewritten.location(0) + (1 << 10),
                            2,
                            store.appended.location(0),
                            5,
                            store.appended.location(1)
                        }),
                entries("snapshot's entry at another key's record", 1, "where no intact", store -> new long[] {
                    1, store.rewritten.location(0), 2, store.appended.location(1), 5, store.appended.location(1)
                }));
    }

    private static Stream<Forgery> ofSnapshotsAsAWhole() {
        return Stream.of(
                new Forgery(
                        "snapshot without an entry of a key",
                        store -> {
                            store.snapshot(
                                    ForgedStore.SNAPSHOT_VERSION,
                                    store.covered(),
                                    1,
                                    store.rewritten.location(0),
                                    5,
                                    store.appended.location(1));
                            return 0;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "has no entry for key 2; the log has segment 2, offset 193"),
                new Forgery(
                        "snapshot's entry at no record, behind a thousand others",
                        store -> {
                            inALargeSnapshot(store);
                            return store.snapshotOffset(LARGE_KEYS - 1);
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "the entry of key 1099"),
                new Forgery(
                        "snapshot's leaves out of order",
                        store -> {
                            int first = LeafHeader.ENTRIES_MAX;
                            inALargeSnapshot(store, entries -> entries[2 * first] = first - 1);
                            return store.snapshotOffset(first);
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "expected a key above 255, found key 255"),
                new Forgery(
                        "damage of a large snapshot's second block",
                        store -> {
                            inALargeSnapshot(store);
                            long end = store.disk.contents(store.disk.path(SNAPSHOT)).length - Integer.BYTES;
                            store.disk.flipBit(store.disk.path(SNAPSHOT), end, 0);
                            return end;
                        },
                        Finding.Kind.SNAPSHOT,
                        SNAPSHOT,
                        "expected checksum"));
    }

    private static Forgery entries(String name, int nth, String message, Function<ForgedStore, long[]> entries) {
        return new Forgery(
                name,
                store -> {
                    store.snapshot(ForgedStore.SNAPSHOT_VERSION, store.covered(), entries.apply(store));
                    return store.snapshotOffset(nth);
                },
                Finding.Kind.SNAPSHOT,
                SNAPSHOT,
                message);
    }

    /** Its last entry is wrong. */
    private static void inALargeSnapshot(ForgedStore store) {
        inALargeSnapshot(store, entries -> entries[entries.length - 1] = entries[1]);
    }

    private static void inALargeSnapshot(ForgedStore store, Consumer<long[]> change) {
        ForgedSegment large = ForgedStore.appended(4, 1001, Previous.NONE).mark();
        long[] entries = new long[2 * LARGE_KEYS];
        for (int key = 0; key < LARGE_KEYS; key++) {
            large.set(1001 + key, key, 1);
            entries[2 * key] = key;
            entries[2 * key + 1] = large.location(key);
        }
        store.put(large.mark());
        change.accept(entries);
        store.snapshot(1000 + LARGE_KEYS, List.of(large.asCovered()), entries);
    }
}
