package dev.kvdb.engine.recovery;

import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.format.HintEntry;
import dev.kvdb.engine.log.HintFile;
import dev.kvdb.engine.log.RecordTable;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Compares a segment's hint with the records that are in the segment. */
final class HintCheck {

    private HintCheck() {}

    /** Whether the hint lists these records, and no others, in order. */
    static boolean agrees(StoreDirectory directory, Segment segment, RecordTable records, Findings findings) {
        String path = directory.file(StoreFileNames.hint(segment.id())).toString();
        long before = findings.findingsTotal();
        try (HintFile hint = HintFile.open(directory, segment)) {
            compare(hint, path, records, segment.path(), findings);
        } catch (DamageException e) {
            findings.add(Finding.Kind.HINT, e);
        } catch (IOException e) {
            findings.add(path, 0, e);
        }
        return findings.findingsTotal() == before;
    }

    /** Walks both in order; where they differ, the lower one is the other's lack. */
    private static void compare(HintFile hint, String path, RecordTable records, String segment, Findings findings) {
        RecordTable ordered = records.byKey();
        int at = 0;
        HintEntry listed = hint.next();
        while (listed != null || at < ordered.rows()) {
            HintEntry stored = at < ordered.rows() ? ordered.row(at) : null;
            int order = order(listed, stored);
            if (order == 0 && !Objects.equals(stored, listed)) {
                findings.add(
                        Finding.Kind.HINT,
                        path,
                        0,
                        "lists " + describe(listed) + ", the segment has " + describe(stored));
            } else if (order < 0) {
                findings.add(Finding.Kind.HINT, path, 0, "lists " + describe(listed) + ", which is not in " + segment);
            } else if (order > 0) {
                findings.add(Finding.Kind.HINT, path, 0, "does not list " + describe(stored) + " of " + segment);
            }
            if (order >= 0) {
                at++;
            }
            if (order <= 0) {
                listed = hint.next();
            }
        }
    }

    private static int order(@Nullable HintEntry a, @Nullable HintEntry b) {
        if (a == null || b == null) {
            return a == null ? 1 : -1;
        }
        return a.key() != b.key() ? Long.compare(a.key(), b.key()) : Long.compare(a.version(), b.version());
    }

    private static String describe(@Nullable HintEntry entry) {
        return entry == null
                ? "nothing"
                : "key " + entry.key() + ", version " + entry.version()
                        + (entry.isTombstone() ? ", a tombstone" : ", " + entry.valueBytes() + " bytes")
                        + ", at offset "
                        + entry.offset();
    }
}
