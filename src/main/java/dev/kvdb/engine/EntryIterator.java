package dev.kvdb.engine;

import dev.kvdb.engine.index.Cursor;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Entries in ascending order of key, each read when it is asked for. Belongs to one thread. */
final class EntryIterator implements Iterator<Entry> {

    private final Cursor cursor;
    private final LongFunction<Optional<Entry>> reader;
    private @Nullable Entry next;

    EntryIterator(Cursor cursor, LongFunction<Optional<Entry>> reader) {
        this.cursor = cursor;
        this.reader = reader;
    }

    @Override
    public boolean hasNext() {
        while (next == null && cursor.next()) {
            next = reader.apply(cursor.key()).orElse(null);
        }
        return next != null;
    }

    @Override
    public Entry next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException("no entry is left");
        }
        Entry entry = next;
        next = null;
        return entry;
    }
}
