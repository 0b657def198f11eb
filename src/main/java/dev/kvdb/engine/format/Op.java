package dev.kvdb.engine.format;

import java.util.ArrayList;
import java.util.List;

/**
 * The byte that says what a frame is: its kind in the low nibble, flags in the high one.
 *
 * <pre>
 *  kind                              flag                      extension bytes
 *  0  set                            0x10  expiry*             8   milliseconds since 1970, UTC
 *  1  remove                         0x20  compressed*         9   codec 1, bytes of the value unpacked 8
 *  2  mark                           0x40  batch continues*    0   the next frame is of the same version
 *  3  reference to a blob file*      0x80  external order*    16   term 8, index 8
 * </pre>
 *
 * <p>Extensions lie behind the frame's size (behind the key where there is none), in ascending order of their flags,
 * and are covered by the header's checksum. Kinds and flags marked * are defined and not built: a frame that has one is
 * refused as a format that is not known, and never taken for damage.
 */
final class Op {

    static final int SET = 0;
    static final int REMOVE = 1;
    static final int MARK = 2;
    static final int BLOB_REFERENCE = 3;

    static final int EXPIRY = 0x10;
    static final int COMPRESSED = 0x20;
    static final int BATCH_CONTINUES = 0x40;
    static final int EXTERNAL_ORDER = 0x80;

    /** Bytes of all extensions together. */
    static final int EXTENSION_BYTES_MAX = 33;

    private static final int KIND_MASK = 0x0F;
    private static final int EXPIRY_BYTES = 8;
    private static final int COMPRESSED_BYTES = 9;
    private static final int EXTERNAL_ORDER_BYTES = 16;

    private Op() {}

    static int kind(int op) {
        return op & KIND_MASK;
    }

    /** Bytes that the flags of {@code op} add to a header. */
    static int extensionBytes(int op) {
        return ((op & EXPIRY) == 0 ? 0 : EXPIRY_BYTES)
                + ((op & COMPRESSED) == 0 ? 0 : COMPRESSED_BYTES)
                + ((op & EXTERNAL_ORDER) == 0 ? 0 : EXTERNAL_ORDER_BYTES);
    }

    /** Whether this build writes and reads such frames. */
    static boolean isBuilt(int op) {
        return op == SET || op == REMOVE || op == MARK;
    }

    /** What the byte says, for a person. */
    static String describe(int op) {
        List<String> parts = new ArrayList<>();
        parts.add(
                switch (kind(op)) {
                    case SET -> "a set";
                    case REMOVE -> "a remove";
                    case MARK -> "a mark";
                    case BLOB_REFERENCE -> "a reference to a blob file";
                    default -> "a record of kind " + kind(op);
                });
        addIf(parts, op, EXPIRY, "expiry");
        addIf(parts, op, COMPRESSED, "compression");
        addIf(parts, op, BATCH_CONTINUES, "a batch that continues");
        addIf(parts, op, EXTERNAL_ORDER, "external order");
        return String.join(" with ", parts) + " (op 0x" + Integer.toHexString(op) + ")";
    }

    private static void addIf(List<String> parts, int op, int flag, String name) {
        if ((op & flag) != 0) {
            parts.add(name);
        }
    }
}
