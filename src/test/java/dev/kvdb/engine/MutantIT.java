package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.Seeds;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plants bugs in the engine, one at a time, and requires that the harnesses find each. */
class MutantIT {

    /**
     * How many runs of its harness a mutant has to be caught in. The first that catches it ends them, so that only a
     * mutant that lives takes all. The shyest need some 30 on average, so that chance lets one live once in half a
     * million times.
     */
    private static final int RUNS_MAX = 400;

    private static final String ALWAYS = "always";
    private static final String OS = "os";
    private static final String SNAPSHOTS = "snapshots";
    private static final String TOMBSTONES = "tombstones";
    private static final String TOMBSTONES_BESIDE_WRITES = "tombstones beside writes";
    private static final String FAILED_SYNCS = "failed syncs";
    private static final String DAMAGE = "damage";
    private static final String HINTS = "hints";
    private static final String FULL_DISK = "full disk";
    private static final String REFUSED_ROLLS = "refused rolls";
    private static final String HISTORIES = "histories";

    @ParameterizedTest
    @ValueSource(
            strings = {
                ALWAYS,
                OS,
                SNAPSHOTS,
                TOMBSTONES,
                TOMBSTONES_BESIDE_WRITES,
                FAILED_SYNCS,
                DAMAGE,
                HINTS,
                FULL_DISK,
                REFUSED_ROLLS,
                FileMutants.VERIFICATION,
                HISTORIES,
                FileMutants.FUZZED_FILES,
                FileMutants.FORGED_FILES,
                FileMutants.REPAIR,
                StoreMutants.MODEL,
                StoreMutants.CLOCK,
                StoreMutants.TORN_TAIL,
                StoreMutants.QUOTA,
                StoreMutants.NO_DESCRIPTORS,
                StoreMutants.FREE_BLOCKS,
                StoreMutants.ZEROS_AHEAD,
            })
    void engineWithoutAMutant_passesEachHarness(String scenario) throws Exception {
        Seeds.run(seed -> {
            Mutant none = Mutant.none(scenario);
            assertThatCode(() -> none.run(seed, 1)).doesNotThrowAnyException();
        });
    }

    @ParameterizedTest
    @MethodSource({
        "mutantsOfWriting",
        "mutantsOfRecovery",
        "mutantsOfCollecting",
        "mutantsOfTombstones",
        "dev.kvdb.engine.FileMutants#mutantsOfVerification",
        "dev.kvdb.engine.FileMutants#mutantsOfForgedFiles",
        "mutantsOfConcurrency",
        "dev.kvdb.engine.FileMutants#mutantsOfReading",
        "dev.kvdb.engine.FileMutants#mutantsOfRepair",
        "dev.kvdb.engine.FileMutants#mutantsOfRepairDecisions",
        "dev.kvdb.engine.StoreMutants#mutantsOfTheModel",
        "dev.kvdb.engine.StoreMutants#mutantsOfTheClock",
        "dev.kvdb.engine.StoreMutants#mutantsOfTornTails",
        "dev.kvdb.engine.StoreMutants#mutantsOfZerosAhead",
        "dev.kvdb.engine.StoreMutants#mutantsOfTheQuota",
        "dev.kvdb.engine.StoreMutants#mutantsOfLackingDescriptors",
        "dev.kvdb.engine.StoreMutants#mutantsOfFreeBlocks"
    })
    void engineWithAMutant_failsItsHarness(Mutant mutant) throws Exception {
        Seeds.run(seed -> assertThatThrownBy(() -> mutant.run(seed, RUNS_MAX))
                .as("mutant '%s' lives", mutant)
                .isInstanceOf(AssertionError.class)
                .satisfies(caught -> System.out.println("mutant '" + mutant + "' caught: " + why(caught))));
    }

    /** The first line that says what was wrong, so that a look shows whether the mutant was caught for what it is. */
    private static String why(Throwable caught) {
        Throwable told = caught;
        while (told.getMessage() == null && told.getCause() != null) {
            told = told.getCause();
        }
        return String.valueOf(told.getMessage()).lines().findFirst().orElse("");
    }

    private static final String COMMIT_THE_GROUP =
            "        if (!fitsIntoGroup(write)) {\n            commitGroup();\n        }\n";
    private static final String ASK_FOR_REFUSAL = "        StoreException refused = refusal(write);\n";

    private static final String RENAME_ONLY =
            "            directory.files().rename(directory.file(StoreFileNames.temporary(StoreFileNames.MANIFEST)),"
                    + " directory.file(StoreFileNames.MANIFEST));\n";

    static Stream<Mutant> mutantsOfWriting() {
        return Stream.of(
                Mutant.of(
                        "no sync of a group",
                        ALWAYS,
                        "log/SegmentAppender.java",
                        "            directory.sync(file, StoreFileNames.segment(header.segmentId()));\n        } catch (SyncFailedException e)",
                        "            if (end() < 0) { throw new SyncFailedException(\"\", new IOException()); }\n"
                                + "        } catch (SyncFailedException e)"),
                Mutant.of(
                        "acknowledged before the sync",
                        ALWAYS,
                        "Committer.java",
                        "            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {\n                sync();",
                        "            group.writes().forEach(this::acknowledge);\n"
                                + "            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {\n                sync();"),
                Mutant.of(
                                "index published before the sync",
                                FAILED_SYNCS,
                                "Committer.java",
                                "            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {\n                sync();",
                                "            group.writes().forEach(write -> { if (write.location != 0) apply(write); });\n"
                                        + "            if (in.options.syncPolicy() == SyncPolicy.ALWAYS) {\n                sync();")
                        .and(
                                "Committer.java",
                                "                if (write.location != 0) {\n                    apply",
                                "                if (write.location < 0) {\n                    apply"),
                Mutant.of(
                                "sync retried after it failed",
                                FAILED_SYNCS,
                                "log/SegmentAppender.java",
                                "if (syncFailure != null) {",
                                "if (false) {")
                        .and("Committer.java", COMMIT_THE_GROUP + ASK_FOR_REFUSAL, ASK_FOR_REFUSAL + COMMIT_THE_GROUP),
                Mutant.of(
                        "group that was cut off taken for gone before a sync",
                        FULL_DISK,
                        "log/SegmentAppender.java",
                        "        cutUnsynced = true;\n        if (markedTo",
                        "        cutUnsynced = false;\n        if (markedTo"),
                Mutant.of(
                        "group for which there was no room not cut off",
                        FULL_DISK,
                        "Committer.java",
                        "                log.rollBack();\n",
                        "                if (group.frameBytes() < 0) { log.rollBack(); }\n"),
                Mutant.of(
                        "id of a segment that was not made used up",
                        REFUSED_ROLLS,
                        "log/Segments.java",
                        "            nextId = id;\n",
                        ""),
                Mutant.of(
                        "id of a segment whose file is left given out again",
                        REFUSED_ROLLS,
                        "log/ActiveLog.java",
                        "!directory.files().exists(directory.file(name))",
                        "directory.files().usableBytes(directory.path()) > 0"),
                Mutant.of(
                        "no directory sync after a swap of the manifest",
                        ALWAYS,
                        "log/Segments.java",
                        "            directory.publish(StoreFileNames.MANIFEST);\n",
                        RENAME_ONLY),
                Mutant.of(
                                "no directory sync after a segment is made and listed",
                                ALWAYS,
                                "log/ActiveLog.java",
                                "            directory.sync();\n",
                                "")
                        .and(
                                "log/Segments.java",
                                "            directory.publish(StoreFileNames.MANIFEST);\n",
                                RENAME_ONLY));
    }

    static Stream<Mutant> mutantsOfRecovery() {
        return Stream.of(
                Mutant.of(
                        "value checksum not verified",
                        DAMAGE,
                        "log/SegmentReads.java",
                        "if (valueCrc != header.valueCrc()) {",
                        "if (false) {"),
                Mutant.of(
                        "header checksum not verified",
                        DAMAGE,
                        "format/FrameHeader.java",
                        "                || source.getInt(offset + HEADER_CRC)\n"
                                + "                        != Crc32c.seeded(salt, source, offset + VERSION, headerBytes - VERSION)",
                        ""),
                Mutant.of(
                        "torn value at the log's end accepted",
                        ALWAYS,
                        "recovery/TailScan.java",
                        "boolean intact = isFrame && scanner.valueIntact();",
                        "boolean intact = isFrame;"),
                Mutant.of(
                                "recovered tail served without being written anew",
                                FAILED_SYNCS,
                                "recovery/TailScan.java",
                                "(record.offset() < durableTo ? durable : recovered).add(record);",
                                "durable.add(record);")
                        .and(
                                "recovery/TailRecovery.java",
                                "change.seal(tail, scan.durableTo());",
                                "change.seal(tail, scan.end());"),
                Mutant.of(
                        "next version from records only",
                        OS,
                        "recovery/Recovery.java",
                        "Math.max(manifest.versionFloor(), lastVersion + 1)",
                        "lastVersion + 1"),
                Mutant.of(
                                "hint not synced, and trusted without a checksum",
                                HINTS,
                                "log/HintFile.java",
                                "            file.sync();\n",
                                "")
                        .and(
                                "log/BlockReader.java",
                                "Blocks.open(block, name, position);",
                                "block.limit(block.limit() - Blocks.CRC_BYTES);"),
                Mutant.of(
                        "snapshot published before the writes in it are synced",
                        SNAPSHOTS,
                        "LogStructuredStore.java",
                        "            writes.sync();\n",
                        ""),
                Mutant.of(
                        "snapshot's version older than what it covers",
                        TOMBSTONES,
                        "recovery/SnapshotFile.java",
                        "long version = lastAppliedVersion.getAsLong();",
                        "long version = Math.max(0, lastAppliedVersion.getAsLong() - 40);"));
    }

    static Stream<Mutant> mutantsOfCollecting() {
        return Stream.of(
                Mutant.of(
                        "victims deleted before the copy is synced",
                        ALWAYS,
                        "gc/SegmentCopy.java",
                        "open.finish();",
                        "open.flush();"),
                Mutant.collectedCopyReplacesANewerValue(TOMBSTONES_BESIDE_WRITES),
                Mutant.of(
                        "writes that made a copy dead not synced before the swap",
                        OS,
                        "gc/GarbageCollector.java",
                        "            writes.sync();\n",
                        ""),
                Mutant.of(
                        "copy named before its id is given out",
                        ALWAYS,
                        "gc/SegmentCopy.java",
                        "        segments.giveOut(written.segmentId());\n",
                        ""));
    }

    static Stream<Mutant> mutantsOfTombstones() {
        String rule = "gc/TombstoneRule.java";
        return Stream.of(
                Mutant.of(
                        "clause a too lax: a segment that starts a little earlier",
                        TOMBSTONES,
                        rule,
                        "other.header().firstVersion() > version;",
                        "other.header().firstVersion() > version - 30;"),
                Mutant.of(
                        "clause b too lax: any rewritten segment",
                        TOMBSTONES,
                        rule,
                        "other.header().liveAsOf() >= version;",
                        "other.header().liveAsOf() > 0;"),
                Mutant.of(
                        "clause c too lax: a few superseded sets",
                        TOMBSTONES,
                        rule,
                        "other.counters().hasSupersededSet() ||",
                        "other.counters().sets() - other.counters().liveSets() > 2 ||"),
                Mutant.of(
                        "liveAsOf taken later than the copying",
                        TOMBSTONES,
                        "gc/GarbageCollector.java",
                        "long liveAsOf = writes.lastVersion();",
                        "long liveAsOf = writes.lastVersion() + 40;"),
                Mutant.of(
                        "victims of other swaps left aside",
                        TOMBSTONES,
                        "gc/GarbageCollector.java",
                        "!victims.contains(segment) &&",
                        "new VictimChoice(limits.segmentBytesMax(), CollectionGoal.EVERYTHING, 0).candidates(segments.all()).stream().noneMatch(other -> other.segment() == segment) &&"));
    }

    static Stream<Mutant> mutantsOfConcurrency() {
        String committer = "Committer.java";
        return Stream.of(
                Mutant.of(
                        "cached value served though the index moved on",
                        HISTORIES,
                        "cache/ValueCache.java",
                        "if (cached == null || cached.location() != location) {",
                        "if (cached == null) {"),
                Mutant.of(
                                "cache asked before the index, and an entry not dropped by a remove",
                                HISTORIES,
                                "LogStructuredStore.java",
                                "            availability.checkOpen();\n            long location = index.get(key);\n"
                                        + "            if (location == OrderedIndex.ABSENT) {",
                                "            availability.checkOpen();\n            long location = index.get(key);\n"
                                        + "            ValueCache.CachedValue early = cache.getAny(key);\n"
                                        + "            if (early != null) {\n"
                                        + "                return Optional.of(new Entry(key, early.version(), early.value()));\n"
                                        + "            }\n"
                                        + "            if (location == OrderedIndex.ABSENT) {")
                        .and(
                                "cache/ValueCache.java",
                                "    /** Counts a read that had to go to disk. */",
                                "    public @Nullable CachedValue getAny(long key) {\n"
                                        + "        return enabled ? values.getIfPresent(key) : null;\n    }\n\n"
                                        + "    /** Counts a read that had to go to disk. */")
                        .and(committer, "            in.cache.remove(write.key);\n", ""),
                Mutant.of(
                        "published after the acknowledgement",
                        HISTORIES,
                        committer,
                        "            for (PendingWrite.OfKey<?> write : group.writes()) {\n                if (write.location != 0) {",
                        "            group.writes().forEach(this::acknowledge);\n"
                                + "            for (PendingWrite.OfKey<?> write : group.writes()) {\n                if (write.location != 0) {"),
                Mutant.collectedCopyReplacesANewerValue(HISTORIES),
                Mutant.of(
                        "whether a key existed judged without the writes of its own group",
                        HISTORIES,
                        "WriteGroup.java",
                        "return inGroup == null ? index.get(key) != OrderedIndex.ABSENT : inGroup;",
                        "return index.get(key) != OrderedIndex.ABSENT;"),
                Mutant.of(
                        "remove of an absent key answered before earlier writes",
                        HISTORIES,
                        committer,
                        "write.version = frameBytes == 0 ? nextVersion - 1 : nextVersion++;",
                        "write.version = frameBytes == 0 ? lastAppliedVersion : nextVersion++;"));
    }
}
