package dev.kvdb.engine.env;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DirectoryLockedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Any bytes as the text of a lock file that somebody holds: the refusal quotes some of them, and they stay. */
class LockTextFuzzTest {

    private static final int MESSAGE_CHARACTERS_MAX = 2048;
    private static final String NO_NAME = DiskLock.ownerIn(ByteBuffer.allocate(0));

    private static Path directory;
    private static FileChannel holder;
    private static FileLock lock;

    @BeforeAll
    static void hold() throws IOException {
        directory = Files.createTempDirectory("kvdb-lock");
        holder = FileChannel.open(
                directory.resolve("LOCK"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        lock = holder.lock(Long.MAX_VALUE - 1, 1, false);
    }

    @AfterAll
    static void release() throws IOException {
        lock.release();
        holder.close();
        Files.delete(directory.resolve("LOCK"));
        Files.delete(directory);
    }

    /** In memory, so that more of them are tried. */
    @FuzzTest
    void anyBytesAsTheTextOfALock_nameAnOwnerWhoseNameIsReadBack(byte[] data) {
        String owner = DiskLock.ownerIn(ByteBuffer.wrap(data));
        if (owner.isBlank() || owner.length() > Math.max(data.length, NO_NAME.length())) {
            throw new AssertionError("an owner of " + owner.length() + " characters: " + owner);
        }
        String readBack = DiskLock.ownerIn(StandardCharsets.UTF_8.encode(owner + "\n"));
        if (!readBack.equals(owner)) {
            throw new AssertionError(owner + " is read back as " + readBack);
        }
    }

    @FuzzTest
    void anyBytesAsTheTextOfALock_areQuotedInTheRefusal(byte[] data) throws IOException {
        holder.truncate(0);
        holder.write(ByteBuffer.wrap(data), 0);
        try {
            DiskLock.acquire(directory.resolve("LOCK"), "another").close();
            throw new AssertionError("a lock that somebody holds was given out");
        } catch (DirectoryLockedException refused) {
            String message = String.valueOf(refused.getMessage());
            if (!message.contains(directory.toString()) || message.length() > MESSAGE_CHARACTERS_MAX) {
                throw new AssertionError("a message of " + message.length() + " characters: " + message);
            }
        }
        if (holder.size() != data.length) {
            throw new AssertionError("the text was changed");
        }
    }
}
