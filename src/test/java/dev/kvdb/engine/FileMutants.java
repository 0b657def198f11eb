package dev.kvdb.engine;

import java.util.stream.Stream;

/** Bugs to plant into what reads, checks and repairs files; for {@link MutantIT}. */
final class FileMutants {

    static final String VERIFICATION = "verification";
    static final String FUZZED_FILES = "fuzzed files";
    static final String FORGED_FILES = "forged files";
    static final String REPAIR = "repair";

    private FileMutants() {}

    static Stream<Mutant> mutantsOfVerification() {
        String segment = "recovery/SegmentCheck.java";
        String index = "recovery/IndexCheck.java";
        return Stream.of(
                Mutant.of(
                        "values not verified", VERIFICATION, segment, "if (!scanner.valueIntact()) {", "if (false) {"),
                Mutant.of(
                        "damaged frames passed over",
                        VERIFICATION,
                        segment,
                        "            return skipDamage();\n",
                        "            return false;\n"),
                Mutant.of(
                        "hint not compared with its segment",
                        VERIFICATION,
                        "recovery/HintCheck.java",
                        "            compare(hint, path, records, segment.path(), findings);\n",
                        "            while (hint.next() != null) { }\n"),
                Mutant.of(
                        "entries of the snapshot not looked up",
                        VERIFICATION,
                        index,
                        "            checkEntry(with, key);\n",
                        ""),
                Mutant.of(
                        "keys that the snapshot lacks passed over",
                        VERIFICATION,
                        index,
                        "} else if (complete && with",
                        "} else if (!complete && with"));
    }

    static Stream<Mutant> mutantsOfForgedFiles() {
        String segment = "recovery/SegmentCheck.java";
        String verification = "recovery/Verification.java";
        return Stream.of(
                Mutant.of(
                        "marks of a version below one before them passed over",
                        FORGED_FILES,
                        segment,
                        "} else if (mark.get().lastVersion() < versionBefore) {",
                        "} else if (false) {"),
                Mutant.of(
                        "marks of other segments passed over",
                        FORGED_FILES,
                        segment,
                        "            if (scanner.valueIntact()) {\n",
                        "            if (false) {\n"),
                Mutant.of(
                        "rewritten records of any version",
                        FORGED_FILES,
                        segment,
                        "boolean isRewritten = header.kind() == SegmentHeader.Kind.REWRITTEN;",
                        "boolean isRewritten = false;"),
                Mutant.of(
                        "what a segment says of the one before it not compared",
                        FORGED_FILES,
                        verification,
                        "            checkPrevious(segments);\n",
                        ""),
                Mutant.of(
                        "segments of other stores taken for this one's",
                        FORGED_FILES,
                        verification,
                        "header.storeId().equals(manifest.storeId()) && ",
                        ""),
                Mutant.of(
                        "snapshot's keys in any order",
                        FORGED_FILES,
                        "recovery/SnapshotLeaves.java",
                        "if (descends < leaf.count()) {",
                        "if (false) {"),
                Mutant.of(
                        "snapshot's leaves in any order",
                        FORGED_FILES,
                        "recovery/SnapshotLeaves.java",
                        "if (!isFirst && leaf.key(0) <= keyBefore) {",
                        "if (false) {"),
                Mutant.of(
                        "snapshot blamed for a segment that is cut short",
                        FORGED_FILES,
                        verification,
                        "            found = found.cutShort();\n",
                        ""));
    }

    static Stream<Mutant> mutantsOfReading() {
        return Stream.of(
                Mutant.of(
                        "hint's records taken in any order and at any place",
                        FUZZED_FILES,
                        "log/HintFile.java",
                        "if (!entry.fitsInto(segmentLength) || (before != null && !before.mayPrecede(entry))) {",
                        "if (false) {"),
                Mutant.of(
                        "snapshot's keys taken in any order",
                        FUZZED_FILES,
                        "recovery/SnapshotLeaves.java",
                        "if (descends < leaf.count()) {",
                        "if (false) {"),
                Mutant.of(
                        "snapshot's keys taken at any place",
                        FUZZED_FILES,
                        "recovery/LiveRecords.java",
                        "if (!RecordLocation.fitsInto(location, length)) {",
                        "if (false) {"),
                Mutant.of(
                        "any number taken for a version",
                        FUZZED_FILES,
                        "format/FrameHeader.java",
                        "return number >= 0 && number <= VERSION_MAX;",
                        "return true;"));
    }

    static Stream<Mutant> mutantsOfRepair() {
        String repair = "recovery/Repair.java";
        return Stream.of(
                Mutant.of(
                        "damaged segments deleted before the swap",
                        REPAIR,
                        repair,
                        "                segments.change(change, liveAsOf + 1);\n",
                        "                for (Segment gone : replaced) {\n"
                                + "                    directory.deleteIfExists(StoreFileNames.segment(gone.id()));\n"
                                + "                }\n                segments.change(change, liveAsOf + 1);\n"),
                Mutant.of(
                        "manifest swapped before the new segments are synced",
                        REPAIR,
                        "recovery/RepairOutput.java",
                        "        open.finish();\n",
                        "        open.mark();\n        open.flush();\n"),
                Mutant.of(
                        "new segments named before their ids are given out",
                        REPAIR,
                        "recovery/RepairOutput.java",
                        "            segments.giveOut(finished.get(finished.size() - 1).id());\n",
                        ""),
                Mutant.of(
                        "damaged bytes set aside, and not synced",
                        REPAIR,
                        "recovery/SetAsideFile.java",
                        "            directory.sync(target, name);\n",
                        ""));
    }

    static Stream<Mutant> mutantsOfRepairDecisions() {
        String repair = "recovery/Repair.java";
        String decision = "recovery/RepairDecision.java";
        return Stream.of(
                Mutant.of(
                        "older value of a lost key stands",
                        REPAIR,
                        decision,
                        "            tombstones.put(key, buriedVersion);\n",
                        ""),
                Mutant.of(
                        "what the snapshot alone knows to be removed comes back",
                        REPAIR,
                        decision,
                        "!decision.lost.isEmpty() || decision.snapshotVersion > 0",
                        "!decision.lost.isEmpty()"),
                Mutant.of(
                        "tombstones of damaged segments not kept",
                        REPAIR,
                        decision,
                        "            segment.copyTombstones(output);\n",
                        ""),
                Mutant.of(
                        "loss not asked about",
                        REPAIR,
                        repair,
                        "(!loss.isNone() && !acceptLoss)",
                        "(loss.manifestUncertain() && !acceptLoss)"),
                Mutant.of(
                        "record with a damaged header taken for whole without a proof",
                        REPAIR,
                        "recovery/RecordSalvage.java",
                        "boolean proven = ",
                        "boolean proven = header.version() > 0 || "),
                Mutant.of(
                        "records of which no key is known passed over",
                        REPAIR,
                        decision,
                        "                hidden.addAll(segment.hidden());\n",
                        ""));
    }
}
