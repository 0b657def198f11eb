package dev.kvdb.cli;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.BareLogReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as a file to import: it has the byte order in which alone it is a log, and where that is none or both the
 * command refuses it with a message of its own.
 */
class ImportFileFuzzTest {

    private static Path file;

    @BeforeAll
    static void create() throws IOException {
        file = Files.createTempFile("kvdb-import", ".log");
    }

    @AfterAll
    static void delete() throws IOException {
        Files.delete(file);
    }

    @FuzzTest
    void anyBytesAsAFileToImport_haveTheByteOrderInWhichTheyAreALog(byte[] data) throws IOException {
        Files.write(file, data);
        boolean big = isLog(data, ByteOrder.BIG_ENDIAN);
        boolean little = isLog(data, ByteOrder.LITTLE_ENDIAN);
        check(null, big != little || data.length == 0, big ? ByteOrderChoice.BIG : ByteOrderChoice.LITTLE, data);
        check(ByteOrderChoice.BIG, big, ByteOrderChoice.BIG, data);
        check(ByteOrderChoice.LITTLE, little, ByteOrderChoice.LITTLE, data);
    }

    private static void check(ByteOrderChoice asked, boolean accepted, ByteOrderChoice order, byte[] data) {
        try {
            BareLogFile log = BareLogFile.check(file.toFile(), asked);
            if (!accepted || log.order() != order || log.bytes() != data.length) {
                throw new AssertionError("taken for " + log + " where " + asked + " was asked for");
            }
        } catch (CommandFailure refused) {
            if (accepted || !String.valueOf(refused.getMessage()).contains(file.toString())) {
                throw new AssertionError("refused where " + asked + " was asked for", refused);
            }
        }
    }

    private static boolean isLog(byte[] data, ByteOrder order) throws IOException {
        try {
            BareLogReader.summarize(new ByteArrayInputStream(data), "log", data.length, order);
            return true;
        } catch (DamageException e) {
            return false;
        }
    }
}
