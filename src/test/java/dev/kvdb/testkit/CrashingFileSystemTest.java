package dev.kvdb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.engine.env.NoSpaceException;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.error.DirectoryLockedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CrashingFileSystemTest {

    private final CrashingFileSystem files = new CrashingFileSystem();
    private final Path a = files.path("a.log");
    private final Path b = files.path("b.log");

    @Test
    void writtenButNotSynced_bytesAreLost() throws IOException {
        StoreFile file = files.create(a);
        files.syncDirectory(files.root());
        write(file, 0, "hello");

        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).contents(a)).isEmpty();
        assertThat(afterCrash(CrashVariant.EVERYTHING).contents(a)).asString().isEqualTo("hello");
    }

    @Test
    void syncedFileInSyncedDirectory_isKeptInEveryVariant() throws IOException {
        StoreFile file = files.create(a);
        write(file, 0, "hello");
        file.sync();
        files.syncDirectory(files.root());

        for (CrashVariant variant : CrashVariant.values()) {
            assertThat(afterCrash(variant).contents(a)).asString().isEqualTo("hello");
        }
        assertThat(imagesAtEnd().pendingOperations()).isZero();
    }

    @Test
    void syncedFileInUnsyncedDirectory_mayVanish() throws IOException {
        StoreFile file = files.create(a);
        write(file, 0, "hello");
        file.sync();

        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).exists(a)).isFalse();
        assertThat(afterCrash(CrashVariant.EVERYTHING).contents(a)).asString().isEqualTo("hello");
    }

    @Test
    void renamedWithoutDirectorySync_oldTargetMayComeBack() throws IOException {
        files.put(a, bytes("old"));
        StoreFile file = files.create(b);
        write(file, 0, "new");
        file.sync();
        files.syncDirectory(files.root());
        files.rename(b, a);

        CrashingFileSystem before = afterCrash(CrashVariant.NOTHING_UNSYNCED);
        assertThat(before.contents(a)).asString().isEqualTo("old");
        assertThat(before.contents(b)).asString().isEqualTo("new");
        CrashingFileSystem after = afterCrash(CrashVariant.EVERYTHING);
        assertThat(after.contents(a)).asString().isEqualTo("new");
        assertThat(after.exists(b)).isFalse();
        assertThat(files.contents(a)).asString().isEqualTo("new");
    }

    @Test
    void renamedWithoutFileSync_targetMayBeEmpty() throws IOException {
        files.put(a, bytes("old"));
        write(files.create(b), 0, "new");
        files.rename(b, a);
        files.syncDirectory(files.root());

        assertThat(afterCrash(CrashVariant.ENTRIES_ONLY).contents(a)).isEmpty();
        assertThat(afterCrash(CrashVariant.SIZES_WITHOUT_BYTES).contents(a)).containsExactly(0, 0, 0);
    }

    @Test
    void deletedWithoutDirectorySync_fileMayComeBack() throws IOException {
        files.put(a, bytes("hello"));
        files.delete(a);

        assertThat(files.exists(a)).isFalse();
        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).contents(a))
                .asString()
                .isEqualTo("hello");
        assertThat(afterCrash(CrashVariant.BYTES_ONLY).exists(a)).isTrue();
        files.syncDirectory(files.root());
        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).exists(a)).isFalse();
    }

    @Test
    void directoryOperations_surviveInOrder() throws IOException {
        for (int i = 0; i < 5; i++) {
            files.create(files.path("f" + i)).close();
        }
        for (long seed = 0; seed < 200; seed++) {
            CrashingFileSystem image = files.crashAt(files.position(), seed);
            int count = image.list(image.root()).size();
            for (int i = 0; i < 5; i++) {
                assertThat(image.exists(image.path("f" + i)))
                        .as("f%d of %d", i, count)
                        .isEqualTo(i < count);
            }
        }
    }

    @Test
    void truncatedWithoutSync_mayOrMayNotSurvive() throws IOException {
        StoreFile file = files.create(a);
        write(file, 0, "hello");
        file.sync();
        files.syncDirectory(files.root());
        file.truncate(2);

        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).contents(a))
                .asString()
                .isEqualTo("hello");
        assertThat(afterCrash(CrashVariant.EVERYTHING).contents(a)).asString().isEqualTo("he");
        file.sync();
        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).contents(a))
                .asString()
                .isEqualTo("he");
    }

    @Test
    void failedSync_bytesAreReadButNeverDurable() throws IOException {
        StoreFile file = files.create(a);
        files.syncDirectory(files.root());
        write(file, 0, "lost");
        files.failNextSync();

        assertThatThrownBy(file::sync).isInstanceOf(IOException.class).hasMessageContaining("Input/output error");
        write(file, 4, "kept");
        file.sync();

        assertThat(files.contents(a)).asString().isEqualTo("lostkept");
        assertThat(afterCrash(CrashVariant.EVERYTHING).contents(a)).asString().isEqualTo("\0\0\0\0kept");
    }

    @Test
    void crashAfter_laterOperationsFailAndLeaveNoTrace() throws IOException {
        StoreFile file = files.create(a);
        files.crashAfter(1);
        write(file, 0, "hello");

        assertThatThrownBy(file::sync).hasMessage("crashed");
        assertThatThrownBy(() -> files.create(b)).hasMessage("crashed");
        assertThat(files.trace()).isEqualTo("create a.log\nwrite a.log 0+5");
    }

    @Test
    void notes_areBetweenOperations() throws IOException {
        files.note("start");
        StoreFile file = files.create(a);
        write(file, 0, "hello");
        file.sync();
        files.note("acknowledged");

        assertThat(files.notesBefore(0)).containsExactly("start");
        assertThat(files.notesBefore(2)).containsExactly("start");
        assertThat(files.notesBefore(files.position())).containsExactly("start", "acknowledged");
    }

    @Test
    void trace_tellsEveryOperation() throws IOException {
        files.createDirectories(files.path("sub"));
        files.lock(files.path("LOCK"), "PID 1").close();
        StoreFile file = files.create(files.path("MANIFEST.tmp"));
        write(file, 128, "xyz");
        file.truncate(130);
        file.sync();
        files.rename(files.path("MANIFEST.tmp"), files.path("MANIFEST"));
        files.syncDirectory(files.root());
        files.delete(files.path("MANIFEST"));

        assertThat(files.trace()).isEqualTo("""
                        mkdir sub
                        create LOCK
                        lock LOCK
                        create MANIFEST.tmp
                        write MANIFEST.tmp 128+3
                        truncate MANIFEST.tmp 130
                        sync MANIFEST.tmp
                        rename MANIFEST.tmp MANIFEST
                        syncdir .
                        delete MANIFEST""");
        assertThat(files.trace(9)).isEqualTo("delete MANIFEST");
    }

    @Test
    void fullDisk_writesWhatFitsThenFails() throws IOException {
        StoreFile file = files.create(a);
        files.capacityBytes(8);
        write(file, 0, "12345");

        assertThat(files.usableBytes(files.root())).isEqualTo(3);
        assertThatThrownBy(() -> write(file, 5, "67890")).isInstanceOf(NoSpaceException.class);
        assertThat(files.contents(a)).asString().isEqualTo("12345678");
        write(file, 0, "abc");
        files.capacityBytes(100);
        write(file, 8, "90");
        assertThat(files.contents(a)).asString().isEqualTo("abc4567890");
    }

    @Test
    void deletedButOpenFile_canBeReadAndHoldsSpaceUntilClosed() throws IOException {
        StoreFile file = files.create(a);
        write(file, 0, "hello");
        files.delete(a);

        ByteBuffer read = ByteBuffer.allocate(10);
        assertThat(file.read(read, 1)).isEqualTo(4);
        assertThat(files.bytesHeldByDeletedFiles()).isEqualTo(5);
        assertThat(files.openHandles()).containsExactly("a.log");
        file.close();
        file.close();
        assertThat(files.bytesHeldByDeletedFiles()).isZero();
        assertThat(files.openHandles()).isEmpty();
    }

    @Test
    void lock_secondTakerIsToldTheOwnerAndImagesAreFree() throws IOException {
        Path lock = files.path("LOCK");
        var held = files.lock(lock, "PID 42");

        assertThatThrownBy(() -> files.lock(lock, "PID 43"))
                .isInstanceOf(DirectoryLockedException.class)
                .hasMessageContaining("PID 42");
        CrashingFileSystem image = afterCrash(CrashVariant.EVERYTHING);
        image.lock(lock, "PID 43").close();
        held.close();
        files.lock(lock, "PID 43").close();
    }

    @Test
    void damage_isDurableAtOnce() {
        files.put(a, bytes("hello"));
        files.flipBit(a, 0, 0);
        files.overwrite(a, 4, bytes("ooh"));
        assertThat(files.contents(a)).asString().isEqualTo("iellooh");
        files.truncateFile(a, 3);

        assertThat(afterCrash(CrashVariant.NOTHING_UNSYNCED).contents(a))
                .asString()
                .isEqualTo("iel");
    }

    @Test
    void copy_changesOfOneAreNotSeenByTheOther() throws IOException {
        files.put(a, bytes("hello"));
        CrashingFileSystem copy = files.copy();
        copy.flipBit(a, 0, 0);
        files.overwrite(a, 4, bytes("!"));

        assertThat(files.contents(a)).asString().isEqualTo("hell!");
        assertThat(copy.contents(a)).asString().isEqualTo("iello");
    }

    @Test
    void image_canBeWrittenToAndCrashAgain() throws IOException {
        files.put(a, bytes("hello"));
        CrashingFileSystem image = afterCrash(CrashVariant.NOTHING_UNSYNCED);
        StoreFile file = image.create(b);
        write(file, 0, "again");

        assertThat(image.position()).isEqualTo(2);
        CrashingFileSystem second = image.crashAt(2, CrashVariant.NOTHING_UNSYNCED, 0);
        assertThat(second.list(second.root())).containsExactly("a.log");
        assertThat(files.exists(b)).isFalse();
    }

    @Test
    void missingAndExistingFiles_areRefusedAsOnDisk() throws IOException {
        files.create(a).close();

        assertThatThrownBy(() -> files.create(a)).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> files.openForReading(b)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> files.delete(b)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> files.create(files.path("no/such"))).isInstanceOf(NoSuchFileException.class);
    }

    private CrashImages imagesAtEnd() {
        CrashImages images = files.crashImages();
        images.advanceTo(files.position());
        return images;
    }

    private CrashingFileSystem afterCrash(CrashVariant variant) {
        return files.crashAt(files.position(), variant, 7);
    }

    private static void write(StoreFile file, long position, String text) throws IOException {
        file.write(ByteBuffer.wrap(bytes(text)), position);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }
}
