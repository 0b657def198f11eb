package dev.kvdb.engine;

/** What memory alone can tell about a key. */
public sealed interface Lookup {

    /** The key has no value. */
    record Absent() implements Lookup {

        static final Absent INSTANCE = new Absent();
    }

    /** The value is in the cache. */
    record Cached(Entry entry) implements Lookup {}

    /**
     * The value is on disk: {@link Store#get} costs one disk access.
     *
     * @param valueBytesMax the value has no more bytes than this, and hardly fewer: room for it can be set aside before
     *     it is read. A write may replace the value meanwhile
     */
    record OnDisk(int valueBytesMax) implements Lookup {}
}
