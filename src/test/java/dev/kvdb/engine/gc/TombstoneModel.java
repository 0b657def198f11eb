package dev.kvdb.engine.gc;

import dev.kvdb.engine.format.RecordLocation;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One random history of segments, records and collections, without bytes: writes that are appended, synced and applied
 * one step after another; swaps of any sealed segments, two of them at a time, each of their steps between other steps;
 * and crashes, after which the index is what the segments say by newest version. Whether a tombstone may go is asked of
 * the real {@link TombstoneRule}, on real segments with real counters.
 *
 * <p>A crash must leave exactly the writes up to some version, and the next version above them; the index must agree
 * with them all the time.
 */
final class TombstoneModel {

    private static final int KEYS_MAX = 4;
    private static final int STEPS = 120;

    private final SplittableRandom random;
    private final @Nullable TombstoneMutant mutant;
    private final boolean syncsAlways;
    private final int keys;
    private final int appendsPercent;
    private final int crashesPercent;

    /** All writes that survive so far, in order. */
    private final List<ModelRecord> written = new ArrayList<>();

    private final ModelSegments segments = new ModelSegments();
    private final List<ModelSegment> manifest = segments.manifest;
    private final List<ModelSwap> swaps = new ArrayList<>();
    private long[] index = new long[KEYS_MAX];
    private @Nullable ModelSegment active;
    private long nextVersion = 1;
    private long versionFloor = 1;
    private long lastApplied;
    private int applied;

    /** @param mutant what to do wrong; null for nothing */
    TombstoneModel(SplittableRandom random, @Nullable TombstoneMutant mutant) {
        this.random = random;
        this.mutant = mutant;
        this.syncsAlways = random.nextBoolean();
        this.keys = 1 + random.nextInt(KEYS_MAX);
        this.appendsPercent = 3 + random.nextInt(35);
        this.crashesPercent = 1 + random.nextInt(8);
    }

    /** What went wrong, or null where nothing did. */
    @Nullable
    String run() {
        for (int step = 0; step < STEPS; step++) {
            int dice = random.nextInt(100);
            if (dice < appendsPercent) {
                append();
            } else if (dice < 50) {
                apply();
            } else if (dice < 56) {
                seal();
            } else if (dice < 100 - crashesPercent) {
                collect();
            } else if (!crash()) {
                return "a crash at step " + step + " left another state than that of the writes before it";
            }
            if (active == null || applied == active.records.size()) {
                if (!isAsWritten()) {
                    return "the index was wrong after step " + step;
                }
            }
        }
        apply();
        return crash() ? null : "a crash at the end left another state than that of the writes before it";
    }

    private boolean is(TombstoneMutant one) {
        return mutant == one;
    }

    // Writes.

    private void append() {
        ModelSegment target = active;
        if (target == null) {
            target = segments.create(SegmentHeader.Kind.APPENDED, nextVersion, 0);
            active = target;
            applied = 0;
            change(List.of(), target, nextVersion);
        }
        int key = random.nextInt(keys);
        boolean tombstone = random.nextBoolean() && ModelRecord.isPresent(key, written);
        ModelRecord record = new ModelRecord(key, nextVersion++, tombstone);
        target.records.add(record);
        written.add(record);
    }

    private void apply() {
        ModelSegment target = active;
        if (target == null) {
            return;
        }
        if (syncsAlways || random.nextInt(4) == 0) {
            target.durable = target.records.size();
        }
        applyAll(target);
    }

    private void applyAll(ModelSegment target) {
        while (applied < target.records.size()) {
            ModelRecord record = target.records.get(applied);
            long before = index[record.key()];
            if (record.tombstone()) {
                target.segment.counters().addTombstone(record.version());
                index[record.key()] = 0;
            } else {
                target.segment.counters().addSet();
                target.segment.counters().becameLive(target.location(applied));
                index[record.key()] = target.location(applied);
            }
            boolean counts = !(is(TombstoneMutant.REMOVES_DO_NOT_SUPERSEDE) && record.tombstone());
            ModelSegment beforeIn = before == 0 ? null : segments.find(RecordLocation.segmentId(before));
            if (beforeIn != null && counts) {
                beforeIn.segment.counters().becameDead(before);
            }
            lastApplied = record.version();
            applied++;
        }
    }

    private void seal() {
        ModelSegment full = active;
        if (full != null) {
            full.durable = full.records.size();
            if (is(TombstoneMutant.SEALED_BEFORE_APPLIED) && applied < full.records.size()) {
                full.sealed = true;
                return;
            }
            applyAll(full);
            full.sealed = true;
            active = null;
            versionFloor = Math.max(versionFloor, nextVersion);
        }
    }

    // Collections.

    private void collect() {
        if (swaps.size() < 2 && random.nextInt(4) == 0) {
            begin();
        }
        for (ModelSwap swap : List.copyOf(swaps)) {
            if (random.nextBoolean()) {
                advance(swap);
            }
        }
    }

    private void begin() {
        List<ModelSegment> victims = new ArrayList<>();
        for (ModelSegment part : manifest) {
            boolean settled = !part.moving || is(TombstoneMutant.OUTPUT_IS_VICTIM_BEFORE_ITS_MOVE_ENDS);
            if (part.sealed && settled && !part.victim && random.nextInt(3) > 0) {
                victims.add(part);
            }
        }
        if (victims.isEmpty()) {
            return;
        }
        long firstVersion = victims.stream()
                .mapToLong(victim -> victim.segment.header().firstVersion())
                .min()
                .orElseThrow();
        List<Segment> holders = new ArrayList<>();
        for (ModelSegment part : manifest) {
            boolean aside = victims.contains(part) || (is(TombstoneMutant.VICTIMS_OF_OTHER_SWAPS_ASIDE) && part.victim);
            if (!aside && TombstoneRule.mayHoldBack(part.segment)) {
                holders.add(part.segment);
            }
        }
        victims.forEach(victim -> victim.victim = true);
        swaps.add(new ModelSwap(victims, holders, firstVersion, lastApplied));
    }

    private void advance(ModelSwap swap) {
        if (swap.victimAt < swap.victims.size()) {
            judgeNext(swap);
        } else if (!swap.synced) {
            sync();
            swap.synced = true;
        } else if (swap.victims.get(0).victim) {
            publish(swap);
        } else {
            moveNext(swap);
        }
    }

    private void judgeNext(ModelSwap swap) {
        ModelSegment victim = swap.victims.get(swap.victimAt);
        if (swap.recordAt == victim.records.size()) {
            swap.recordAt = 0;
            swap.victimAt++;
            return;
        }
        ModelRecord record = victim.records.get(swap.recordAt);
        long location = victim.location(swap.recordAt);
        boolean stays = record.tombstone() ? !mayGo(record.version(), victim, swap) : index[record.key()] == location;
        if (stays) {
            boolean renumbered = is(TombstoneMutant.COPIES_RENUMBERED) && active == null;
            swap.copied.add(renumbered ? new ModelRecord(record.key(), nextVersion++, record.tombstone()) : record);
            swap.copiedFrom.add(location);
        }
        swap.recordAt++;
    }

    private boolean mayGo(long version, ModelSegment victim, ModelSwap swap) {
        if (is(TombstoneMutant.NEVER_HELD_BACK)) {
            return true;
        }
        for (Segment holder : swap.holders) {
            boolean excused = is(TombstoneMutant.LATER_ID_STARTS_AFTER) && holder.id() > victim.segment.id();
            excused |= is(TombstoneMutant.REWRITTEN_IS_ALWAYS_LIVE)
                    && holder.header().kind() == SegmentHeader.Kind.REWRITTEN;
            if (!excused && !TombstoneRule.mayGo(version, List.of(holder))) {
                return false;
            }
        }
        return true;
    }

    private void sync() {
        ModelSegment target = active;
        if (target != null && !is(TombstoneMutant.NOT_SYNCED_BEFORE_PUBLISHING)) {
            target.durable = Math.max(target.durable, applied);
        }
    }

    private void publish(ModelSwap swap) {
        if (is(TombstoneMutant.LIVE_AS_OF_TAKEN_TOO_LATE)) {
            swap.liveAsOf = lastApplied;
        }
        ModelSegment output = null;
        if (!swap.copied.isEmpty()) {
            long firstVersion = is(TombstoneMutant.OUTPUT_STARTS_TOO_LATE) ? lastApplied + 1 : swap.firstVersion;
            output = segments.create(SegmentHeader.Kind.REWRITTEN, firstVersion, swap.liveAsOf);
            output.records.addAll(swap.copied);
            output.durable = output.records.size();
            output.sealed = true;
            output.moving = true;
            output.countRecords();
        }
        swap.output = output;
        swap.victims.forEach(victim -> victim.victim = false);
        change(swap.victims, output, lastApplied + 1);
    }

    private void moveNext(ModelSwap swap) {
        ModelSegment output = swap.output;
        if (output == null || swap.moved == output.records.size()) {
            if (output != null) {
                output.moving = false;
            }
            swaps.remove(swap);
            return;
        }
        ModelRecord record = output.records.get(swap.moved);
        if (!record.tombstone()) {
            long to = output.location(swap.moved);
            output.segment.counters().becameLive(to);
            if (index[record.key()] == swap.copiedFrom.get(swap.moved) || is(TombstoneMutant.MOVED_WITHOUT_COMPARING)) {
                index[record.key()] = to;
            } else {
                output.segment.counters().becameDead(to);
            }
        }
        swap.moved++;
    }

    // Crashes.

    /** Whether the store is after it what the writes that survived say. */
    private boolean crash() {
        ModelSegment tail = active;
        active = null;
        swaps.clear();
        if (tail != null) {
            int surviving = tail.durable + random.nextInt(tail.records.size() - tail.durable + 1);
            int lost = tail.records.size() - surviving;
            written.subList(written.size() - lost, written.size()).clear();
            recoverTail(tail, surviving);
        }
        rebuild();
        boolean isNewer = written.isEmpty()
                || nextVersion > written.get(written.size() - 1).version();
        return isNewer && isAsWritten();
    }

    /** Seals the tail where it was known to be durable, and writes what follows anew. */
    private void recoverTail(ModelSegment tail, int surviving) {
        int known = random.nextInt(tail.durable + 1);
        manifest.remove(tail);
        addRecovered(tail.records.subList(0, known), tail.segment.header().firstVersion(), tail.segment.id());
        if (surviving > known) {
            List<ModelRecord> rest = tail.records.subList(known, surviving);
            addRecovered(rest, rest.get(0).version(), segments.nextId());
        }
    }

    private void addRecovered(List<ModelRecord> records, long firstVersion, int id) {
        if (!records.isEmpty()) {
            ModelSegment part = segments.create(SegmentHeader.Kind.APPENDED, firstVersion, 0, id);
            part.records.addAll(records);
            part.sealed = true;
            manifest.add(part);
        }
    }

    /** Forgets all that was in memory, and takes each key's newest record. */
    private void rebuild() {
        List<ModelSegment> before = List.copyOf(manifest);
        manifest.clear();
        index = new long[KEYS_MAX];
        long[] newest = new long[KEYS_MAX];
        long last = 0;
        for (ModelSegment old : before) {
            SegmentHeader header = old.segment.header();
            ModelSegment part =
                    segments.create(header.kind(), header.firstVersion(), header.liveAsOf(), header.segmentId());
            part.records.addAll(old.records);
            part.durable = part.records.size();
            part.sealed = true;
            manifest.add(part);
            part.countRecords();
            for (int at = 0; at < part.records.size(); at++) {
                ModelRecord record = part.records.get(at);
                last = Math.max(last, record.version());
                if (record.version() > newest[record.key()]) {
                    newest[record.key()] = record.version();
                    index[record.key()] = record.tombstone() ? 0 : part.location(at);
                }
            }
            if (!is(TombstoneMutant.NEXT_VERSION_FROM_RECORDS_ONLY)) {
                last = Math.max(last, Math.max(header.firstVersion(), header.liveAsOf()));
            }
        }
        for (long location : index) {
            ModelSegment part = location == 0 ? null : segments.find(RecordLocation.segmentId(location));
            if (part != null) {
                part.segment.counters().becameLive(location);
            }
        }
        nextVersion = is(TombstoneMutant.NEXT_VERSION_FROM_RECORDS_ONLY) ? last + 1 : Math.max(last + 1, versionFloor);
        lastApplied = nextVersion - 1;
    }

    // Segments.

    private void change(List<ModelSegment> removed, @Nullable ModelSegment added, long floor) {
        manifest.removeAll(removed);
        if (added != null) {
            manifest.add(added);
        }
        versionFloor = Math.max(versionFloor, floor);
    }

    /** Whether the index points at the newest write of each key. */
    private boolean isAsWritten() {
        ModelRecord[] newest = new ModelRecord[KEYS_MAX];
        written.forEach(record -> newest[record.key()] = record);
        for (int key = 0; key < KEYS_MAX; key++) {
            ModelRecord expected = newest[key];
            boolean present = expected != null && !expected.tombstone();
            ModelRecord found = recordAt(index[key]);
            boolean same = present ? found != null && found.equals(expected) : index[key] == 0;
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private @Nullable ModelRecord recordAt(long location) {
        if (location == 0) {
            return null;
        }
        ModelSegment part = segments.find(RecordLocation.segmentId(location));
        for (int i = 0; part == null && i < swaps.size(); i++) {
            for (ModelSegment victim : swaps.get(i).victims) {
                part = victim.segment.id() == RecordLocation.segmentId(location) ? victim : part;
            }
        }
        return part == null ? null : part.records.get(RecordLocation.offset(location));
    }
}
