package dev.kvdb.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Text for people. */
final class Text {

    private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Text() {}

    /** The bytes as text, or null where they are not valid UTF-8. */
    static @Nullable String decodeUtf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** Whether the bytes are text that cannot do harm to a terminal. */
    static boolean isPrintable(byte[] bytes) {
        String text = decodeUtf8(bytes);
        return text != null
                && text.chars().allMatch(c -> c == '\n' || c == '\t' || c == '\r' || !Character.isISOControl(c));
    }

    /** A number of bytes, for example {@code 812 bytes} or {@code 1.5 MiB}. */
    static String bytes(long count) {
        if (count < 1024) {
            return count == 1 ? "1 byte" : count + " bytes";
        }
        double scaled = count / 1024.0;
        int unit = 0;
        while (scaled >= 1023.95 && unit < UNITS.length - 1) {
            scaled /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", scaled, UNITS[unit]);
    }

    /** A count with its noun, for example {@code 1 segment} or {@code 2 segments}. */
    static String count(long count, String noun) {
        return count(count, noun, noun + "s");
    }

    /** A count with its noun, for example {@code 1 entry} or {@code 2 entries}. */
    static String count(long count, String one, String many) {
        return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
    }

    /** A duration, for example {@code 12 ms}, {@code 3.4 s} or {@code 2h 5m}. */
    static String millis(long millis) {
        if (millis < 1_000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", millis / 1_000.0);
        }
        long minutes = millis / 60_000;
        if (minutes < 60) {
            return minutes + "m " + millis / 1_000 % 60 + "s";
        }
        return minutes < 24 * 60
                ? minutes / 60 + "h " + minutes % 60 + "m"
                : minutes / 1_440 + "d " + minutes / 60 % 24 + "h";
    }
}
