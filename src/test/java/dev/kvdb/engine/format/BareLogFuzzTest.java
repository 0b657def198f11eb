package dev.kvdb.engine.format;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.testkit.Allocation;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Any bytes as a bare log, in both byte orders: they are refused with an offset in the file, or they are a log, and
 * then the same bytes come out when what was read is written again.
 */
class BareLogFuzzTest {

    private static final int BYTES_ALLOCATED_MAX = 1 << 20;
    private static final int BYTES_ALLOCATED_PER_BYTE = 64;

    @FuzzTest
    void anyBytesAsABareLog_areReadForWhatTheyAreOrRefused(byte[] data) {
        for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
            long bytesMax = BYTES_ALLOCATED_MAX + (long) BYTES_ALLOCATED_PER_BYTE * data.length;
            Allocation.requireAtMost(bytesMax, () -> read(data, data.length, order));
            if (data.length > 0
                    && !read(Arrays.copyOf(data, data.length - 1), data.length, order)
                            .isDamage()) {
                throw new AssertionError("a file that became shorter passed for a whole one");
            }
        }
    }

    /** What came of a read: a summary, or damage. */
    private record Read(
            @Nullable BareLogSummary summary, @Nullable DamageException damage) {

        boolean isDamage() {
            return damage != null;
        }
    }

    private static Read read(byte[] data, int fileBytes, ByteOrder order) {
        try {
            Read summarized = summarize(data, fileBytes, order);
            AtomicBoolean entriesDamaged = new AtomicBoolean();
            byte[] written = readAndWrite(data, fileBytes, order, entriesDamaged);
            if (summarized.isDamage() != entriesDamaged.get()) {
                throw new AssertionError("read whole and read by entries, a log ends differently: " + summarized);
            }
            boolean same = summarized.isDamage()
                    ? Arrays.equals(written, 0, written.length, data, 0, written.length)
                    : Arrays.equals(written, data);
            if (!same) {
                throw new AssertionError("read and written again, the bytes are others");
            }
            return summarized;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Read summarize(byte[] data, int fileBytes, ByteOrder order) throws IOException {
        try {
            return new Read(BareLogReader.summarize(new ByteArrayInputStream(data), "log", fileBytes, order), null);
        } catch (DamageException e) {
            if (e.offset() < 0 || e.offset() > fileBytes) {
                throw new AssertionError("an offset outside the file", e);
            }
            return new Read(null, e);
        }
    }

    private static byte[] readAndWrite(byte[] data, int fileBytes, ByteOrder order, AtomicBoolean damaged)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BareLogWriter writer = new BareLogWriter(out, order);
        BareLogReader reader = new BareLogReader(new ByteArrayInputStream(data), "log", fileBytes, order);
        try {
            for (BareLogEntry entry = reader.next(); entry != null; entry = reader.next()) {
                byte[] value = entry.value();
                if (value == null) {
                    writer.writeRemove(entry.key());
                } else {
                    writer.writeSet(entry.key(), value);
                }
                if (writer.position() != reader.position()) {
                    throw new AssertionError("an entry of another length");
                }
            }
        } catch (DamageException e) {
            damaged.set(true);
        }
        return out.toByteArray();
    }
}
