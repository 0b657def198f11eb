package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.fail;

import dev.kvdb.engine.ClientNote.Acknowledged;
import dev.kvdb.engine.ClientNote.Begun;
import dev.kvdb.engine.ClientNote.Durable;
import dev.kvdb.engine.ClientNote.Refused;
import dev.kvdb.engine.ClientNote.Served;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All writes of a recorded run in the order of their versions, which the whole run tells, and what of them may be there
 * at each place of it: always the state after some prefix of them. Immutable.
 */
final class WriteHistory {

    private final List<Write> writes;
    private final Map<Long, Write> byVersion = new HashMap<>();
    private final Map<Long, byte[]> valueByVersion = new HashMap<>();

    /**
     * Writes that were never acknowledged: a full disk refused them, or there was no segment for them. A crash may
     * bring the newest of those back that a full disk refused.
     */
    private final List<Begun> refused;

    /** A write that changed something. */
    record Write(int id, long key, int valueBytes, long version) {

        boolean isRemove() {
            return valueBytes == Begun.REMOVE;
        }
    }

    /**
     * What a crash may leave: the state after a write between two.
     *
     * @param from the version of the last write that must be there
     * @param to the version of the last write that may be there
     * @param seen the highest version that a client was told
     * @param gone numbers of refused writes that must not be there: nothing of them was written, or a later write of
     *     the key was acknowledged
     */
    record Expected(long from, long to, long seen, Set<Integer> gone) {}

    private WriteHistory(List<Write> writes, List<Begun> refused) {
        this.writes = writes;
        this.refused = refused;
        for (Write write : writes) {
            byVersion.put(write.version(), write);
            if (!write.isRemove()) {
                valueByVersion.put(write.version(), valueOf(write.id(), write.valueBytes()));
            }
        }
    }

    /** The history that the notes of a whole run tell. */
    static WriteHistory of(Collection<?> notes) {
        Map<Integer, Begun> begun = new HashMap<>();
        List<Write> writes = new ArrayList<>();
        for (Object note : notes) {
            if (note instanceof Begun one) {
                begun.put(one.id(), one);
            } else if (note instanceof Acknowledged acknowledged && acknowledged.changed()) {
                Begun one = begun.get(acknowledged.id());
                writes.add(new Write(one.id(), one.key(), one.valueBytes(), acknowledged.version()));
            }
        }
        writes.sort(Comparator.comparingLong(Write::version));
        for (Object note : notes) {
            if (note instanceof Acknowledged acknowledged) {
                begun.remove(acknowledged.id());
            }
        }
        return new WriteHistory(List.copyOf(writes), List.copyOf(begun.values()));
    }

    /** A value that no other write has, from a write's number. */
    static byte[] valueOf(int id, int bytes) {
        byte[] value = new byte[bytes];
        ByteBuffer target = ByteBuffer.wrap(value);
        long word = id * 0x9E3779B97F4A7C15L;
        while (target.remaining() >= Long.BYTES) {
            word = word * 6364136223846793005L + 1442695040888963407L;
            target.putLong(word);
        }
        while (target.hasRemaining()) {
            target.put((byte) id);
        }
        return value;
    }

    /** What may be there when these notes were made before the crash. */
    Expected at(Collection<?> notes, SyncPolicy policy) {
        long from = 0;
        long seen = 0;
        Map<Integer, Begun> begun = new HashMap<>();
        Set<Integer> gone = new HashSet<>();
        for (Object note : notes) {
            if (note instanceof Begun one) {
                begun.put(one.id(), one);
            } else if (note instanceof Acknowledged acknowledged) {
                seen = Math.max(seen, acknowledged.version());
                if (policy == SyncPolicy.ALWAYS) {
                    from = seen;
                    refused.stream()
                            .filter(one -> one.id() < acknowledged.id()
                                    && one.key() == begun.get(acknowledged.id()).key())
                            .forEach(one -> gone.add(one.id()));
                }
            } else if (note instanceof Durable durable) {
                from = Math.max(from, durable.version());
            } else if (note instanceof Refused one) {
                gone.add(one.id());
            }
        }
        long to = from;
        for (Write write : writes) {
            if (write.version() > from && !begun.containsKey(write.id())) {
                break;
            }
            to = Math.max(to, write.version());
        }
        return new Expected(from, to, seen, Set.copyOf(gone));
    }

    /** What may be there after a second crash, given what the recovery after the first one served. */
    static Expected narrowed(Expected expected, Collection<?> notes) {
        Expected narrowed = expected;
        for (Object note : notes) {
            if (note instanceof Served served) {
                narrowed = new Expected(served.version(), served.version(), expected.seen(), expected.gone());
            } else if (note instanceof Acknowledged probe) {
                narrowed = new Expected(
                        narrowed.from(), narrowed.to(), Math.max(narrowed.seen(), probe.version()), expected.gone());
            }
        }
        return narrowed;
    }

    /**
     * Finds the prefix that these entries are the state of.
     *
     * @return the version of its last write
     * @throws AssertionError where there is none in the expected range, or a value is not the one that was written
     */
    long prefixOf(Map<Long, Entry> entries, Expected expected) {
        Set<Long> refusedKeys = keysOfRefusedRemoves(expected);
        long versionMax = Long.MAX_VALUE;
        for (Entry entry : entries.values()) {
            Write write = byVersion.get(entry.version());
            if (write == null && isRefused(entry, expected)) {
                refusedKeys.add(entry.key());
                versionMax = Math.min(versionMax, entry.version() - 1);
            } else if (write == null || write.key() != entry.key() || write.isRemove()) {
                fail("key %d has version %d, which belongs to %s", entry.key(), entry.version(), write);
            } else if (!Arrays.equals(entry.value(), valueByVersion.get(entry.version()))) {
                fail("key %d has %d bytes that are not the value of %s", entry.key(), entry.value().length, write);
            }
        }
        State state = new State(entries, refusedKeys);
        long version = 0;
        for (int next = 0; ; next++) {
            long following = next < writes.size() ? writes.get(next).version() : Long.MAX_VALUE;
            if (following > expected.from() && state.isThatOfEntries() && version <= versionMax) {
                return version;
            }
            if (following > expected.to()) {
                throw new AssertionError("not the state after any write in " + expected
                        + "; against the first of them: " + differences(expected.from(), entries));
            }
            Write write = writes.get(next);
            version = write.version();
            state.apply(write);
        }
    }

    /** Whether the entry is of a set that was refused and is not gone for sure. */
    private boolean isRefused(Entry entry, Expected expected) {
        return refused.stream()
                .anyMatch(one -> one.key() == entry.key()
                        && one.valueBytes() == entry.value().length
                        && !expected.gone().contains(one.id())
                        && Arrays.equals(entry.value(), valueOf(one.id(), one.valueBytes())));
    }

    private Set<Long> keysOfRefusedRemoves(Expected expected) {
        Set<Long> keys = new HashSet<>();
        for (Begun one : refused) {
            if (one.valueBytes() == Begun.REMOVE && !expected.gone().contains(one.id())) {
                keys.add(one.key());
            }
        }
        return keys;
    }

    /**
     * The state after the writes applied so far, and how many keys of it differ from entries; without the keys of which
     * a refused write may be there.
     */
    private static final class State {
        private final Map<Long, Entry> entries;
        private final Set<Long> leftAside;
        private final Map<Long, Long> versions = new HashMap<>();
        private int keysThatDiffer;

        State(Map<Long, Entry> entries, Set<Long> leftAside) {
            this.entries = entries;
            this.leftAside = leftAside;
            for (Long key : entries.keySet()) {
                keysThatDiffer += leftAside.contains(key) ? 0 : 1;
            }
        }

        void apply(Write write) {
            Long key = write.key();
            if (leftAside.contains(key)) {
                return;
            }
            Entry entry = entries.get(key);
            Long before = write.isRemove() ? versions.remove(key) : versions.put(key, write.version());
            keysThatDiffer -= differs(before, entry) ? 1 : 0;
            keysThatDiffer += differs(write.isRemove() ? null : (Long) write.version(), entry) ? 1 : 0;
        }

        boolean isThatOfEntries() {
            return keysThatDiffer == 0;
        }

        private static boolean differs(@Nullable Long version, @Nullable Entry entry) {
            return version == null || entry == null ? version != null || entry != null : version != entry.version();
        }
    }

    /** How entries differ from the state after the writes up to a version. */
    private String differences(long version, Map<Long, Entry> entries) {
        Map<Long, Write> state = new HashMap<>();
        for (Write write : writes) {
            if (write.version() <= version) {
                state.put(write.key(), write);
            }
        }
        state.values().removeIf(Write::isRemove);
        Set<Long> keys = new HashSet<>(state.keySet());
        keys.addAll(entries.keySet());
        return keys.stream()
                .sorted()
                .filter(key -> !entries.containsKey(key)
                        || !state.containsKey(key)
                        || entries.get(key).version() != state.get(key).version())
                .map(key -> "key " + key + " should have " + state.get(key) + " but has "
                        + (entries.containsKey(key)
                                ? byVersion.get(entries.get(key).version())
                                : "none") + ", of its writes "
                        + writes.stream().filter(write -> write.key() == key).toList())
                .collect(Collectors.joining("\n  ", "\n  ", ""));
    }
}
