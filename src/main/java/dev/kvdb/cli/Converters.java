package dev.kvdb.cli;

import dev.kvdb.client.ServerAddress;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads arguments strictly. A refused one is a usage error whose message says what is accepted. */
final class Converters {

    private static final Pattern KEY = Pattern.compile("[+-]?[0-9]+");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})(|B|KiB|MiB|GiB)");

    /** What a server can be configured to accept. */
    static final int VALUE_BYTES_MAX = 256 * 1024 * 1024;

    private Converters() {}

    /** A key: a signed 64-bit integer in decimal. */
    static long key(String text) {
        if (!KEY.matcher(text).matches()) {
            String what = text.startsWith("-") && text.length() > 1 ? "neither an option nor a key" : "not a key";
            throw new TypeConversionException("'" + text + "' is " + what + "; a key is a whole number from "
                    + Long.MIN_VALUE + " to " + Long.MAX_VALUE);
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException(
                    "key " + text + " is out of range; keys go from " + Long.MIN_VALUE + " to " + Long.MAX_VALUE);
        }
    }

    /** Where a server listens, or is called. */
    static ServerAddress serverAddress(String text) {
        try {
            return ServerAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** The address of a server to call. */
    static ServerAddress calledAddress(String text) {
        ServerAddress address = serverAddress(text);
        if (address.port() == 0) {
            throw new TypeConversionException(
                    "'" + text + "' is not a server address: port 0 is only for 'kvdb serve'");
        }
        return address;
    }

    /** A duration of at least a millisecond: a whole number and {@code ms}, {@code s}, {@code m} or {@code h}. */
    static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
            throw new TypeConversionException("'" + text + "' is not a duration; write for example 500ms, 5s or 2m");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }

    /** A number of bytes: a whole number, alone or with {@code KiB}, {@code MiB} or {@code GiB}. */
    static long size(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("'" + text + "' is not a size; write for example 4096, 512KiB or 16MiB");
        }
        long count = Long.parseLong(matcher.group(1));
        int shift = switch (matcher.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
        };
        if (count > Long.MAX_VALUE >> shift) {
            throw new TypeConversionException("'" + text + "' is too large");
        }
        return count << shift;
    }

    /** The size of the largest value accepted, which a server can be configured for too. */
    static long valueSize(String text) {
        long bytes = size(text);
        if (bytes > VALUE_BYTES_MAX) {
            throw new TypeConversionException("'" + text + "' is over " + Text.bytes(VALUE_BYTES_MAX)
                    + ", the largest value that any database can hold");
        }
        return bytes;
    }

    /** A byte order's name. */
    static ByteOrderChoice byteOrder(String text) {
        for (ByteOrderChoice choice : ByteOrderChoice.values()) {
            if (choice.toString().equalsIgnoreCase(text)) {
                return choice;
            }
        }
        throw new TypeConversionException("'" + text + "' is not a byte order; write big or little");
    }

    /** {@link #calledAddress} for picocli. */
    static final class CalledAddress implements ITypeConverter<ServerAddress> {

        @Override
        public ServerAddress convert(String value) {
            return calledAddress(value);
        }
    }

    /** {@link #key} for picocli. */
    static final class Key implements ITypeConverter<Long> {

        @Override
        public Long convert(String value) {
            return key(value);
        }
    }

    /** {@link #size} for picocli. */
    static final class Size implements ITypeConverter<Long> {

        @Override
        public Long convert(String value) {
            return size(value);
        }
    }

    /** {@link #valueSize} for picocli. */
    static final class ValueSize implements ITypeConverter<Long> {

        @Override
        public Long convert(String value) {
            return valueSize(value);
        }
    }
}
