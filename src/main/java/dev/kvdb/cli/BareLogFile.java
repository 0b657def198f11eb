package dev.kvdb.cli;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.SystemReason;
import dev.kvdb.engine.format.BareLogReader;
import dev.kvdb.engine.format.BareLogSummary;
import java.io.BufferedInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A file that was read from end to end and is a complete bare log.
 *
 * @param file the file
 * @param bytes its length
 * @param order its byte order
 * @param summary what it holds
 */
record BareLogFile(File file, long bytes, ByteOrderChoice order, BareLogSummary summary) {

    private static final int BUFFER_BYTES = 128 * 1024;

    /**
     * Reads the file once in each byte order that it may have.
     *
     * @param asked the byte order, or null to find it out
     * @throws CommandFailure where the file cannot be read, is no complete bare log, or reads as one in both byte
     *     orders
     */
    static BareLogFile check(File file, @Nullable ByteOrderChoice asked) {
        if (!file.isFile()) {
            throw new CommandFailure(ExitCode.FAILED, "cannot read '" + file + "': " + whyNot(file));
        }
        long bytes = file.length();
        if (asked != null) {
            Attempt attempt = Attempt.read(file, bytes, asked);
            if (attempt.summary == null) {
                throw new CommandFailure(ExitCode.FAILED, file + " is not a bare log: " + attempt.describe());
            }
            return new BareLogFile(file, bytes, asked, attempt.summary);
        }
        return detect(file, bytes);
    }

    private static String whyNot(File file) {
        if (file.exists()) {
            return "it is not a regular file";
        }
        return file.getPath().equals("-")
                ? "an import reads twice, so not from the standard input; save that to a file"
                : "there is no such file";
    }

    private static BareLogFile detect(File file, long bytes) {
        Attempt big = Attempt.read(file, bytes, ByteOrderChoice.BIG);
        Attempt little = Attempt.read(file, bytes, ByteOrderChoice.LITTLE);
        if (big.summary != null && little.summary != null && bytes > 0) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    file
                            + " reads as a bare log in both byte orders; say which with --byte-order big or "
                            + "--byte-order little");
        }
        if (big.summary != null) {
            return new BareLogFile(file, bytes, ByteOrderChoice.BIG, big.summary);
        }
        if (little.summary != null) {
            return new BareLogFile(file, bytes, ByteOrderChoice.LITTLE, little.summary);
        }
        // The right order goes on until the damage; the wrong one fails at the first value's size.
        boolean littleFurther = little.failureOffset() > big.failureOffset();
        Attempt further = littleFurther ? little : big;
        Attempt other = littleFurther ? big : little;
        String alternative = other.failureOffset() == further.failureOffset() ? "" : "; " + other.describe();
        throw new CommandFailure(ExitCode.FAILED, file + " is not a bare log: " + further.describe() + alternative);
    }

    /** Opens the file anew, from its start. */
    InputStream open() throws IOException {
        return open(file);
    }

    private static InputStream open(File file) throws IOException {
        return new BufferedInputStream(new FileInputStream(file), BUFFER_BYTES);
    }

    /** A reader of the file. */
    BareLogReader reader(InputStream in) {
        return new BareLogReader(in, file.getPath(), bytes, order.order());
    }

    /** What came of reading the file in one byte order: a summary or a failure. */
    private record Attempt(
            ByteOrderChoice order,
            @Nullable BareLogSummary summary,
            @Nullable DamageException failure) {

        static Attempt read(File file, long bytes, ByteOrderChoice order) {
            ByteOrder byteOrder = order.order();
            try (InputStream in = open(file)) {
                return new Attempt(order, BareLogReader.summarize(in, file.getPath(), bytes, byteOrder), null);
            } catch (DamageException e) {
                return new Attempt(order, null, e);
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILED, "cannot read '" + file + "': " + SystemReason.of(e));
            }
        }

        long failureOffset() {
            return failure == null ? Long.MAX_VALUE : failure.offset();
        }

        String describe() {
            // The message names the file, which the reader has seen already.
            String detail = failure == null ? "complete" : String.valueOf(failure.getMessage());
            int offset = detail.indexOf(" at offset ");
            return "read as " + order + "-endian," + (offset < 0 ? " " + detail : detail.substring(offset));
        }
    }
}
