package dev.kvdb.testkit;

import dev.kvdb.testkit.History.Kind;
import dev.kvdb.testkit.History.Operation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of one key's operations that agrees with what each client was told and with the times of calls and
 * replies: the search of Wing and Gong (1993) with the memory of places seen that Lowe (2017) added.
 *
 * <p>An operation may come next where no other that has still to come had its reply before it was called. Writes come
 * in the order of their versions, as far as anybody was told those. A write of which nobody was told may be left out;
 * it comes, if at all, before its time is over, and is only tried where it changes what the key holds from no value to
 * one or back: elsewhere, leaving it out allows as much.
 *
 * <p>Not safe for use by several threads.
 */
final class LinearizabilityCheck {

    /** More places than a history of a test ever has; beyond, the check would rather say so than go on for hours. */
    private static final int PLACES_MAX = 2_000_000;

    /** A value that no reply names. */
    private static final long UNSEEN = -2;

    private final long key;

    /** In order of call. */
    private final List<Operation> operations;

    /** Places, in {@link #operations}, of the writes whose version is known, in order of version. */
    private final List<Integer> writes;

    /** By value, the version of the write that wrote it, as far as a reply told. */
    private final Map<Long, Long> versions = new HashMap<>();

    /** The most operations that any order tried has brought in. */
    private BitSet furthest = new BitSet();

    /** What the key holds, and the version of the write that left it so, or the least that it may have. */
    private record State(long value, long version) {}

    /**
     * A place in the search.
     *
     * @param done the operations that have taken effect
     * @param state what that made of the key
     * @param written how many of {@link #writes} are among them
     * @param lastCalled when the last of them was called
     */
    private record Place(BitSet done, State state, int written, long lastCalled) {}

    /** What makes two places one; the rest follows from it. */
    private record Seen(BitSet done, State state) {}

    LinearizabilityCheck(long key, List<Operation> operations) {
        this.key = key;
        this.operations = operations.stream()
                .sorted(Comparator.comparingLong(Operation::called))
                .toList();
        collectVersions();
        // A remove of nothing has the version of the newest write before it.
        this.writes = IntStream.range(0, this.operations.size())
                .boxed()
                .filter(i -> mustCome(i) && this.operations.get(i).kind() != Kind.GET)
                .sorted(Comparator.comparingLong((Integer i) -> version(this.operations.get(i)))
                        .thenComparing(i -> !changes(this.operations.get(i))))
                .toList();
    }

    /** Each reply that names a value names its version as well; they must agree. */
    private void collectVersions() {
        Set<Long> written = new HashSet<>();
        for (Operation operation : operations) {
            if (operation.kind() == Kind.SET && !written.add(operation.value())) {
                throw new IllegalArgumentException("two sets of key " + key + " write " + operation.value());
            }
        }
        for (Operation operation : operations) {
            if (operation.known() && operation.value() != History.ABSENT) {
                Long other = versions.putIfAbsent(operation.value(), operation.version());
                if (!written.contains(operation.value())) {
                    throw new AssertionError("key " + key + " never had what was read: " + operation);
                }
                if (other != null && other != operation.version()) {
                    throw new AssertionError("key " + key + ", value " + operation.value() + " has version " + other
                            + ", but not here: " + operation);
                }
            }
        }
    }

    /** @throws AssertionError where there is no such order */
    void run() {
        Set<Seen> seen = new HashSet<>();
        ArrayDeque<Place> open = new ArrayDeque<>();
        open.push(new Place(new BitSet(), new State(History.ABSENT, 0), 0, 0));
        while (!open.isEmpty()) {
            Place place = open.pop();
            if (place.done().cardinality() > furthest.cardinality()) {
                furthest = place.done();
            }
            List<Integer> candidates = candidates(place);
            if (candidates.stream().noneMatch(this::mustCome)) {
                return;
            }
            if (seen.size() > PLACES_MAX) {
                throw new AssertionError("neither an order nor the proof that there is none: " + describe());
            }
            for (Place next : following(place, candidates)) {
                if (seen.add(new Seen(next.done(), next.state()))) {
                    open.push(next);
                }
            }
        }
        throw new AssertionError(describe());
    }

    /**
     * The operations that may come next by their times. Of those that must come, there is one as long as any is left.
     */
    private List<Integer> candidates(Place place) {
        List<Integer> candidates = new ArrayList<>();
        long firstReturn = Long.MAX_VALUE;
        for (int i = place.done().nextClearBit(0);
                i < operations.size() && operations.get(i).called() < firstReturn;
                i = place.done().nextClearBit(i + 1)) {
            if (place.lastCalled() < operations.get(i).returned()) {
                candidates.add(i);
            }
            if (mustCome(i)) {
                firstReturn = Math.min(firstReturn, operations.get(i).returned());
            }
        }
        long limit = firstReturn;
        candidates.removeIf(i -> operations.get(i).called() > limit);
        return candidates;
    }

    /** The last of them is tried first. */
    private List<Place> following(Place place, List<Integer> candidates) {
        List<Place> following = new ArrayList<>();
        for (int i : candidates) {
            Operation operation = operations.get(i);
            if (operation.kind() == Kind.GET) {
                if (operation.value() == place.state().value() && endsNoOthersTime(operation, candidates)) {
                    // It changes nothing, so to wait with it gains nothing.
                    return List.of(next(place, i, place.state(), place.written()));
                }
                if (operation.value() == place.state().value()) {
                    following.add(next(place, i, place.state(), place.written()));
                }
            } else if (!mustCome(i)) {
                State state = afterUntold(place.state(), operation);
                if (state != null) {
                    following.add(0, next(place, i, state, place.written()));
                }
            } else if (writes.get(place.written()) == i) {
                State state = afterTold(place.state(), operation);
                if (state != null) {
                    following.add(next(place, i, state, place.written() + 1));
                }
            }
        }
        return following;
    }

    private boolean endsNoOthersTime(Operation operation, List<Integer> candidates) {
        return candidates.stream().noneMatch(i -> operations.get(i).returned() < operation.called());
    }

    private Place next(Place place, int i, State state, int written) {
        BitSet done = (BitSet) place.done().clone();
        done.set(i);
        long lastCalled = Math.max(place.lastCalled(), operations.get(i).called());
        return new Place(done, state, written, lastCalled);
    }

    /** Whether a reply shows that the operation took effect. */
    private boolean mustCome(int i) {
        Operation operation = operations.get(i);
        return operation.known() || (operation.kind() == Kind.SET && versions.containsKey(operation.value()));
    }

    private static boolean changes(Operation write) {
        return write.kind() == Kind.SET || write.existed();
    }

    private long version(Operation write) {
        return write.known() ? write.version() : versions.get(write.value());
    }

    private @Nullable State afterTold(State state, Operation write) {
        if (write.known() && write.existed() != (state.value() != History.ABSENT)) {
            return null;
        }
        boolean ascends = version(write) > state.version() || (!changes(write) && version(write) == state.version());
        return ascends ? new State(write.value(), version(write)) : null;
    }

    /** Null where the write would not change whether there is a value. */
    private static @Nullable State afterUntold(State state, Operation write) {
        long value = write.kind() == Kind.REMOVE ? History.ABSENT : UNSEEN;
        boolean changes = (value == History.ABSENT) != (state.value() == History.ABSENT);
        return changes ? new State(value, state.version() + 1) : null;
    }

    private String describe() {
        return "key " + key + " is not linearizable. Of its operations, in order of call, those with a + can be put"
                + " into an order:\n"
                + IntStream.range(0, operations.size())
                        .mapToObj(i -> (furthest.get(i) ? "+ " : "  ") + operations.get(i))
                        .collect(Collectors.joining("\n"));
    }
}
