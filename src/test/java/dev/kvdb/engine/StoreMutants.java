package dev.kvdb.engine;

import java.util.stream.Stream;

/** Bugs to plant into what no crash at a file operation brings out; for {@link MutantIT}. */
final class StoreMutants {

    static final String MODEL = "model";
    static final String CLOCK = "clock";
    static final String TORN_TAIL = "torn tail";
    static final String QUOTA = "quota";
    static final String NO_DESCRIPTORS = "no descriptors";
    static final String FREE_BLOCKS = "free blocks";
    static final String ZEROS_AHEAD = "zeros ahead";

    private StoreMutants() {}

    static Stream<Mutant> mutantsOfTheModel() {
        return Stream.of(
                Mutant.of(
                        "first record of a key that an open meets taken for the newest",
                        MODEL,
                        "recovery/NewestRecords.java",
                        "if (isNewer(source.version(), version, location)) {",
                        "if (version == Long.MIN_VALUE) {"),
                Mutant.of(
                        "tombstones kept for ever",
                        MODEL,
                        "gc/TombstoneRule.java",
                        "        return true;\n",
                        "        return false;\n"),
                Mutant.of(
                        "files of collected segments left open",
                        MODEL,
                        "log/Segments.java",
                        "        segments.forEach(Segment::retire);\n",
                        ""),
                Mutant.of(
                        "dry run that collects",
                        MODEL,
                        "CollectionRuns.java",
                        "if (request.dryRun()) {",
                        "if (request.dryRun() && request.force()) {"));
    }

    static Stream<Mutant> mutantsOfTheClock() {
        String clock = "NeverFallingClock.java";
        return Stream.of(
                Mutant.of(
                                "time given out before one as late is on disk",
                                CLOCK,
                                clock,
                                "        if (wallMillis > floorMillis) {\n"
                                        + "            persist(wallMillis + AHEAD_MILLIS);",
                                "        if (givenMillis > floorMillis) {\n"
                                        + "            persist(givenMillis + AHEAD_MILLIS);")
                        .and(clock, "Math.min(wallMillis, floorMillis)", "wallMillis"),
                Mutant.of(
                        "time on disk forgotten by an open",
                        CLOCK,
                        clock,
                        "this.givenMillis = floorMillis;",
                        "this.givenMillis = Long.MIN_VALUE;"),
                Mutant.of(
                        "time given out before forgotten",
                        CLOCK,
                        clock,
                        "Math.max(givenMillis, Math.min(wallMillis, floorMillis))",
                        "Math.min(wallMillis, floorMillis)"),
                Mutant.of(
                        "no directory sync after the clock's file is replaced",
                        CLOCK,
                        clock,
                        "directory.replace(StoreFileNames.CLOCK, new ClockFloor(millis).encode());",
                        "directory.writeTemporary(StoreFileNames.CLOCK, new ClockFloor(millis).encode());\n"
                                + "            directory.files().rename("
                                + "directory.file(StoreFileNames.temporary(StoreFileNames.CLOCK)),"
                                + " directory.file(StoreFileNames.CLOCK));"));
    }

    static Stream<Mutant> mutantsOfTornTails() {
        String scan = "recovery/TailScan.java";
        return Stream.of(
                Mutant.of(
                        "damage before the durable point taken for a torn end",
                        TORN_TAIL,
                        scan,
                        "badAt < writtenTo ? durableBeyond(scanner, durableToNeeded) : 0;",
                        "badAt < 0 ? durableBeyond(scanner, durableToNeeded) : 0;"),
                Mutant.of(
                        "zeros taken for the log's end though a mark behind them says more",
                        TORN_TAIL,
                        scan,
                        "            long saidDurableTo = badAt < writtenTo ?",
                        "            ByteBuffer eight = ByteBuffer.allocate(8);\n"
                                + "            file.read(eight, badAt);\n"
                                + "            long saidDurableTo = badAt < writtenTo && eight.getLong(0) != 0 ?"),
                Mutant.of(
                        "zeros ahead of the log taken for torn bytes",
                        TORN_TAIL,
                        scan,
                        "Math.max(end, writtenTo),",
                        "fileBytes,"),
                Mutant.of(
                        "torn end taken for damage",
                        TORN_TAIL,
                        scan,
                        "if (saidDurableTo < durableToNeeded) {",
                        "if (saidDurableTo < durableToNeeded && (isFrame || badAt >= writtenTo"
                                + " || !SegmentContents.skipDamage("
                                + "scanner, segment.header(), segment.path(), hidden))) {"));
    }

    static Stream<Mutant> mutantsOfZerosAhead() {
        String appender = "log/SegmentAppender.java";
        return Stream.of(
                Mutant.of(
                        "zeros left behind a sealed segment",
                        ZEROS_AHEAD,
                        appender,
                        "        if (zerosAhead() > 0) {\n",
                        "        if (zerosAhead() < 0) {\n"),
                Mutant.of(
                        "group not synced that goes over zeros",
                        ZEROS_AHEAD,
                        appender,
                        "            directory.sync(file, StoreFileNames.segment(header.segmentId()));\n"
                                + "        } catch (SyncFailedException e)",
                        "            if (zerosAhead() == 0 || cutUnsynced) {\n"
                                + "                directory.sync(file, StoreFileNames.segment(header.segmentId()));\n"
                                + "            }\n        } catch (SyncFailedException e)"));
    }

    static Stream<Mutant> mutantsOfTheQuota() {
        String files = "log/MeasuredFiles.java";
        return Stream.of(
                Mutant.of(
                        "bytes that are written not counted",
                        QUOTA,
                        files,
                        "            resize(size, Math.max(size(size), end));\n",
                        ""),
                Mutant.of(
                        "bytes that an open finds not counted",
                        QUOTA,
                        files,
                        "measured.resize(measured.put(name), files.size(directory.resolve(name)));",
                        "measured.put(name);"),
                Mutant.of(
                        "bytes of the group that is being made not counted",
                        QUOTA,
                        "Committer.java",
                        "log.growthBytes(FrameHeader.setBytes(set.value.length)) > in.space",
                        "FrameHeader.setBytes(set.value.length) > in.space"));
    }

    static Stream<Mutant> mutantsOfLackingDescriptors() {
        String log = "log/ActiveLog.java";
        return Stream.of(
                Mutant.of(
                        "segment that cannot be made ends writing",
                        NO_DESCRIPTORS,
                        log,
                        "if (failure instanceof NoSpaceException || leavesDoubt(failure)) {",
                        "if (failure instanceof IOException) {"),
                Mutant.of(
                        "segment that cannot be listed left open",
                        NO_DESCRIPTORS,
                        log,
                        "            next.retire();\n            directory.discard(name, e);\n",
                        "            directory.discard(name, e);\n"),
                Mutant.of(
                        "collection that cannot open a file ends writing",
                        NO_DESCRIPTORS,
                        "CollectionRuns.java",
                        "        } catch (SyncFailedException | UncertainManifestException e) {\n"
                                + "            throw failed(log.endWriting(e));\n"
                                + "        } catch (IOException e) {\n",
                        "        } catch (IOException e) {\n"
                                + "            throw failed(log.endWriting(e));\n"
                                + "        } catch (IllegalStateException e) {\n"));
    }

    static Stream<Mutant> mutantsOfFreeBlocks() {
        String blocks = "env/FreeBlocks.java";
        return Stream.of(
                Mutant.of(
                        "blocks that are kept for root taken for gone before a write was refused",
                        FREE_BLOCKS,
                        blocks,
                        "Math.max(store.getUsableSpace(), store.getUnallocatedSpace() - kept.getOrDefault(store, 0L))",
                        "store.getUsableSpace()"),
                Mutant.of(
                        "blocks that were refused still counted",
                        FREE_BLOCKS,
                        blocks,
                        "store.getUnallocatedSpace() - kept.getOrDefault(store, 0L)",
                        "store.getUnallocatedSpace()"));
    }
}
