package dev.kvdb.cli;

import java.nio.ByteOrder;
import java.util.Locale;

/** Names of byte orders on the command line. */
enum ByteOrderChoice {
    BIG(ByteOrder.BIG_ENDIAN),
    LITTLE(ByteOrder.LITTLE_ENDIAN);

    private final ByteOrder order;

    ByteOrderChoice(ByteOrder order) {
        this.order = order;
    }

    ByteOrder order() {
        return order;
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
