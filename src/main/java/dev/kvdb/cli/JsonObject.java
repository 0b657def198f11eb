package dev.kvdb.cli;

import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One JSON object on one line, members in the order in which they were put.
 *
 * <p>Keys and versions are 64-bit integers, which most JSON readers round past 2^53: put them as strings, by
 * {@link #putExact}. Counts and sizes are put as numbers.
 */
final class JsonObject {

    private final StringBuilder text = new StringBuilder("{");

    JsonObject put(String name, String value) {
        name(name);
        quote(value);
        return this;
    }

    JsonObject put(String name, long value) {
        name(name).append(value);
        return this;
    }

    JsonObject put(String name, double value) {
        name(name).append(value);
        return this;
    }

    JsonObject put(String name, boolean value) {
        name(name).append(value);
        return this;
    }

    JsonObject put(String name, JsonObject value) {
        name(name).append(value);
        return this;
    }

    JsonObject putObjects(String name, List<JsonObject> values) {
        name(name).append(values.stream().map(JsonObject::toString).collect(Collectors.joining(",", "[", "]")));
        return this;
    }

    JsonObject putStrings(String name, List<String> values) {
        name(name).append('[');
        for (int i = 0; i < values.size(); i++) {
            if (i > 0) {
                text.append(',');
            }
            quote(values.get(i));
        }
        text.append(']');
        return this;
    }

    /** A signed 64-bit integer, as a string. */
    JsonObject putExact(String name, long value) {
        return put(name, Long.toString(value));
    }

    /** An unsigned 64-bit integer, as a string. */
    JsonObject putExactUnsigned(String name, long value) {
        return put(name, Long.toUnsignedString(value));
    }

    private StringBuilder name(String name) {
        if (text.length() > 1) {
            text.append(',');
        }
        quote(name);
        return text.append(':');
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < ' ' || c == '\u007f' || c == '\u2028' || c == '\u2029') {
                        text.append("\\u").append(HexFormat.of().toHexDigits(c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }

    @Override
    public String toString() {
        return text + "}";
    }
}
