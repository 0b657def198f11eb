package dev.kvdb.testkit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What concurrent clients did to a store and what they were told, in the order in which they saw it.
 *
 * <p>A call is begun before it is sent and ended after its reply has come, so the store did its work in between. A
 * write without a reply, or with an error, may have taken effect at any time since it was begun, or never; it is never
 * ended, or {@linkplain #abandonOpenCalls abandoned} when whoever could have carried it out is dead. A read without a
 * reply says nothing. Each set writes a value of its own, which stands for it here.
 *
 * <p>Safe for use by several threads; {@link #check} is for when they are done.
 */
public final class History {

    /** Stands for no value. */
    public static final long ABSENT = -1;

    private static final long NEVER = Long.MAX_VALUE;

    private final AtomicLong events = new AtomicLong();
    private final Collection<Call> calls = new ConcurrentLinkedQueue<>();

    /** What a client asked for. */
    public enum Kind {
        GET,
        SET,
        REMOVE
    }

    /**
     * One operation as its client saw it.
     *
     * @param kind what was asked for
     * @param key of which key
     * @param value what was written, or what was read; {@link #ABSENT} for a remove, and for a read of no value
     * @param known whether the outcome is known: then the operation took effect between call and return, else in that
     *     time or never
     * @param version the version in the reply
     * @param existed whether the reply said that there was a value before
     * @param called number of the event at which it was begun
     * @param returned number of the event at which the reply had come, or from which on it cannot take effect
     */
    public record Operation(
            Kind kind, long key, long value, boolean known, long version, boolean existed, long called, long returned) {

        @Override
        public String toString() {
            String asked = switch (kind) {
                case GET -> "get";
                case SET -> "set to " + value;
                case REMOVE -> "remove";
            };
            String told = switch (kind) {
                case GET -> value == ABSENT ? "no value" : value + ", version " + version;
                case SET -> "version " + version + (existed ? ", replaced" : ", new");
                case REMOVE -> "version " + version + (existed ? ", removed" : ", was not there");
            };
            return "[" + called + ", " + (returned == NEVER ? "" : returned) + "] " + asked + ": "
                    + (known ? told : "no reply");
        }
    }

    /** An operation that was begun. It is ended once at most. */
    public final class Call {

        private final Kind kind;
        private final long key;
        private final long value;
        private final long called;
        private Operation outcome;

        private Call(Kind kind, long key, long value, long called) {
            this.kind = kind;
            this.key = key;
            this.value = value;
            this.called = called;
            this.outcome = new Operation(kind, key, value, false, 0, false, called, NEVER);
        }

        /** The write was acknowledged, with this version and whether there was a value before. */
        public void acknowledged(long version, boolean existed) {
            end(new Operation(kind, key, value, true, version, existed, called, events.incrementAndGet()));
        }

        /** The read found this value of this version. */
        public void found(long found, long version) {
            end(new Operation(kind, key, found, true, version, true, called, events.incrementAndGet()));
        }

        /** The read found no value. */
        public void foundNothing() {
            end(new Operation(kind, key, ABSENT, true, 0, false, called, events.incrementAndGet()));
        }

        /** The write was turned away before it was taken: it has no effect, now or ever. */
        public void refused() {
            calls.remove(this);
        }

        private synchronized void end(Operation ended) {
            // A reply that comes after whoever could send it was declared dead was on its way before.
            if (outcome.returned() == NEVER) {
                outcome = ended;
            }
        }

        private synchronized void abandon(long event) {
            if (outcome.returned() == NEVER) {
                outcome = new Operation(kind, key, value, false, 0, false, called, event);
            }
        }

        private synchronized Operation outcome() {
            return outcome;
        }
    }

    /** A read is about to be sent. */
    public Call get(long key) {
        return begin(Kind.GET, key, ABSENT);
    }

    /** A set to a value that no other set writes is about to be sent. */
    public Call set(long key, long value) {
        return begin(Kind.SET, key, value);
    }

    /** A remove is about to be sent. */
    public Call remove(long key) {
        return begin(Kind.REMOVE, key, ABSENT);
    }

    private Call begin(Kind kind, long key, long value) {
        Call call = new Call(kind, key, value, events.incrementAndGet());
        calls.add(call);
        return call;
    }

    /** The store, or its process, is dead: a call without a reply so far has taken effect or never will. */
    public void abandonOpenCalls() {
        long event = events.incrementAndGet();
        calls.forEach(call -> call.abandon(event));
    }

    /** Operations so far, those without a reply included. */
    public int size() {
        return calls.size();
    }

    /** Writes without a reply. */
    public long unknownWrites() {
        return calls.stream()
                .map(Call::outcome)
                .filter(operation -> !operation.known() && operation.kind() != Kind.GET)
                .count();
    }

    /**
     * Checks that each key is linearizable and that versions agree with the order that clients saw.
     *
     * @throws AssertionError that names the operations for which there is no order
     */
    public void check() {
        Map<Long, List<Operation>> byKey = new TreeMap<>();
        List<Operation> acknowledged = new ArrayList<>();
        for (Call call : calls) {
            Operation operation = call.outcome();
            if (operation.known() || operation.kind() != Kind.GET) {
                byKey.computeIfAbsent(operation.key(), key -> new ArrayList<>()).add(operation);
            }
            if (operation.known() && operation.kind() != Kind.GET) {
                acknowledged.add(operation);
            }
        }
        checkVersionsAscend(acknowledged);
        byKey.forEach((key, operations) -> new LinearizabilityCheck(key, operations).run());
    }

    /** A write that was begun after another was acknowledged has a higher version, whatever their keys. */
    private static void checkVersionsAscend(List<Operation> writes) {
        Map<Long, Operation> byVersion = new HashMap<>();
        List<Operation> returned = new ArrayList<>(writes);
        returned.sort(Comparator.comparingLong(Operation::returned));
        List<Operation> called = new ArrayList<>(writes);
        called.sort(Comparator.comparingLong(Operation::called));
        int next = 0;
        Operation newest = null;
        for (Operation write : called) {
            for (; returned.get(next).returned() < write.called(); next++) {
                Operation earlier = returned.get(next);
                newest = newest == null || earlier.version() > newest.version() ? earlier : newest;
            }
            boolean changes = write.kind() == Kind.SET || write.existed();
            if (newest != null && write.version() < newest.version() + (changes ? 1 : 0)) {
                throw new AssertionError("key " + write.key() + ", " + write + ", came after key " + newest.key() + ", "
                        + newest + ", which has no lower version");
            }
            Operation twin = changes ? byVersion.put(write.version(), write) : null;
            if (twin != null) {
                throw new AssertionError("one version for two writes: key " + twin.key() + ", " + twin + ", and key "
                        + write.key() + ", " + write);
            }
        }
    }
}
