package dev.kvdb.engine;

/** What a client of a recorded run did or learnt, as a note between the file operations of the journal. */
sealed interface ClientNote {

    /**
     * A write is about to be handed to the store.
     *
     * @param id the write's number, which makes its value
     * @param key its key
     * @param valueBytes length of its value, or {@link #REMOVE}
     */
    record Begun(int id, long key, int valueBytes) implements ClientNote {

        /** Stands for a remove where a length is expected. */
        static final int REMOVE = -1;
    }

    /**
     * A write was acknowledged.
     *
     * @param id the write's number
     * @param version the version that the client was told
     * @param changed false for the remove of an absent key, whose version is that of an earlier write
     */
    record Acknowledged(int id, long version, boolean changed) implements ClientNote {}

    /** A write was refused before anything of it was written. */
    record Refused(int id) implements ClientNote {}

    /** Everything up to a version is durable, whatever the policy: the store was closed, or garbage collected. */
    record Durable(long version) implements ClientNote {}

    /** A recovery served what it found: exactly the state after the write of that version. */
    record Served(long version) implements ClientNote {}
}
