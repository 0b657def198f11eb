package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.FileSystem;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stores that released versions wrote: this build must open them and find what they held, and nothing else. */
class GoldenFixtureTest {

    private static final String CLOSED = "snapshot-2";
    private static final String UNCLEAN = "snapshot-2-unclean";
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden");
    private static final FileSystem FILES = Environment.system().files();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"format-1", "format-1-unclean", CLOSED, UNCLEAN})
    void storeOfAnEarlierVersion_isOpenedWithItsEntriesAndVersions(String fixture) throws IOException {
        List<String> expected = expected(fixture);
        for (String name : FILES.list(GOLDEN.resolve(fixture))) {
            // Where the snapshot is of this build's format it does without them.
            if (!fixture.equals(CLOSED) || !name.endsWith(".hint")) {
                write(directory.resolve(name), read(GOLDEN.resolve(fixture).resolve(name)));
            }
        }
        boolean closedProperly = !fixture.endsWith("-unclean");
        try (Store store = open(directory)) {
            assertThat(listing(store)).isEqualTo(expected);
            StoreStatistics.Recovery recovery = store.statistics().recovery();
            assertThat(recovery.clean()).isEqualTo(closedProperly);
            assertThat(recovery.hintsRebuilt()).isZero();
            if (closedProperly) {
                assertThat(recovery.recordsScanned())
                        .as("snapshot or hints serve")
                        .isZero();
            }
            assertThat(store.statistics().state()).isEqualTo(StoreState.WRITABLE);
        }
        try (Store store = open(directory)) {
            assertThat(listing(store)).as("after a close by this build").isEqualTo(expected);
            store.collectGarbage(GarbageCollectionRequest.EVERYTHING);
            assertThat(listing(store)).as("after a collection by this build").isEqualTo(expected);
        }
        try (Store store = open(directory)) {
            assertThat(listing(store)).as("after all that").isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"format-1", "format-1-unclean", CLOSED, UNCLEAN})
    void storeOfAnEarlierVersionWithoutItsCaches_isReadFromItsSegments(String fixture) throws IOException {
        for (String name : FILES.list(GOLDEN.resolve(fixture))) {
            if (name.equals("MANIFEST") || name.endsWith(".log")) {
                write(directory.resolve(name), read(GOLDEN.resolve(fixture).resolve(name)));
            }
        }
        try (Store store = open(directory)) {
            assertThat(listing(store)).isEqualTo(expected(fixture));
        }
    }

    @Test
    void fixtures_holdEachKindOfFile() throws IOException {
        for (String fixture : List.of("format-1", CLOSED)) {
            assertThat(FILES.list(GOLDEN.resolve(fixture)))
                    .contains("MANIFEST", "SNAPSHOT")
                    .anyMatch(name -> name.endsWith(".hint"))
                    .doesNotContain("LOCK");
        }
        for (String fixture : List.of("format-1-unclean", UNCLEAN)) {
            assertThat(FILES.list(GOLDEN.resolve(fixture))).contains("MANIFEST", "SNAPSHOT");
            Manifest manifest =
                    Manifest.decode(ByteBuffer.wrap(read(GOLDEN.resolve(fixture).resolve("MANIFEST"))), "MANIFEST");
            assertThat(manifest.segments().stream().map(Manifest.SegmentEntry::kind))
                    .contains(SegmentHeader.Kind.APPENDED, SegmentHeader.Kind.REWRITTEN);
            assertThat(manifest.segments().stream().filter(segment -> !segment.sealed()))
                    .hasSize(1);
        }
    }

    @Test
    void fixtureWrittenTwice_isTheSame() throws IOException {
        Map<String, byte[]> first = new TreeMap<>();
        Map<String, byte[]> second = new TreeMap<>();
        generate(first);
        generate(second);

        assertThat(second.keySet()).isEqualTo(first.keySet());
        first.forEach((name, bytes) -> assertThat(second.get(name)).as(name).isEqualTo(bytes));
    }

    @Test
    @EnabledIfSystemProperty(named = "kvdb.golden.write", matches = "true")
    void fixture_isWrittenAnew() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        generate(files);
        for (String fixture : List.of(CLOSED, UNCLEAN)) {
            FILES.createDirectories(GOLDEN.resolve(fixture));
            for (String name : FILES.list(GOLDEN.resolve(fixture))) {
                FILES.delete(GOLDEN.resolve(fixture).resolve(name));
            }
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = GOLDEN.resolve(file.getKey());
            if (FILES.exists(path)) {
                FILES.delete(path);
            }
            write(path, file.getValue());
        }
    }

    /** Appended and rewritten segments, tombstones that are needed and some that are not, and an end cut by a crash. */
    private static void generate(Map<String, byte[]> files) throws IOException {
        MemoryStore store = new MemoryStore().open();
        store.set(Long.MIN_VALUE, 0);
        store.set(Long.MAX_VALUE, 1);
        for (long key = -20; key < 20; key++) {
            store.set(key * key * key, (int) (100 + 37 * Math.abs(key)));
        }
        for (long key = -10; key < 10; key++) {
            store.set(key * key * key, 200);
        }
        store.remove(-8000);
        store.reopen();
        store.store().collectGarbage(GarbageCollectionRequest.EVERYTHING);
        for (long key = 0; key < 30; key++) {
            store.set(1_000_000 + key, 1500 + (int) key);
        }
        for (long key = 0; key < 30; key += 3) {
            store.remove(1_000_000 + key);
        }
        store.reopen();
        for (long key = 0; key < 5; key++) {
            store.set(key * key * key, 300);
        }
        store.remove(1_000_001);
        store.reopen();
        store.set(2_000_000, 50);
        store.remove(2_000_000);
        store.close();
        keep(store.disk, CLOSED, listing(store.open().store()), files);
        store.set(0, 25);
        store.remove(1);
        store.set(3_000_000, 70);
        List<String> expected = listing(store.store());
        store.set(3_000_001, 70);
        MemoryStore crashed = store.image();
        String tail = crashed.disk.list(crashed.disk.root()).stream()
                .filter(name -> name.endsWith(".log"))
                .reduce((first, second) -> second)
                .orElseThrow();
        crashed.disk.truncateFile(crashed.file(tail), crashed.disk.contents(crashed.file(tail)).length - 9);
        keep(crashed.disk, UNCLEAN, expected, files);
        store.close();
    }

    private static void keep(CrashingFileSystem disk, String fixture, List<String> listing, Map<String, byte[]> files)
            throws IOException {
        for (String name : disk.list(disk.root())) {
            if (!name.equals("LOCK")) {
                files.put(fixture + "/" + name, disk.contents(disk.path(name)));
            }
        }
        files.put(fixture + ".entries.txt", (String.join("\n", listing) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** A line an entry: key, version, bytes of the value and their checksum. */
    private static List<String> listing(Store store) {
        List<String> lines = new ArrayList<>();
        for (Iterator<Entry> entries = store.entries(); entries.hasNext(); ) {
            Entry entry = entries.next();
            CRC32C crc = new CRC32C();
            crc.update(entry.value(), 0, entry.value().length);
            lines.add("key %d version %d bytes %d crc32c %08x"
                    .formatted(entry.key(), entry.version(), entry.value().length, crc.getValue()));
        }
        return lines;
    }

    private static Store open(Path path) {
        return Store.open(path, MemoryStore.SMALL, TestEnvironment.of(FILES, 7), StoreListener.NONE);
    }

    private static List<String> expected(String fixture) throws IOException {
        return new String(read(GOLDEN.resolve(fixture + ".entries.txt")), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static byte[] read(Path path) throws IOException {
        try (StoreFile file = FILES.openForReading(path)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);
            return bytes.array();
        }
    }

    private static void write(Path path, byte[] bytes) throws IOException {
        try (StoreFile file = FILES.create(path)) {
            file.write(ByteBuffer.wrap(bytes), 0);
        }
    }
}
