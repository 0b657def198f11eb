package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.Clock;
import dev.kvdb.engine.error.DamageException;
import dev.kvdb.engine.error.UnsupportedFormatException;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.log.Segment;
import dev.kvdb.engine.log.Segments;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.engine.log.StoreFileNames;
import dev.kvdb.engine.log.UncertainManifestException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Repairs a store that is not open. At every moment the manifest lists a store that can be opened, or repaired again,
 * as far as that could be done before; nothing is deleted before what stands for it is durable.
 *
 * <ol>
 *   <li>A manifest that is lost is written anew from what the segments say, the damaged one being kept beside it.
 *   <li>The log's end is brought in order, as by an open.
 *   <li>Bad bytes of damaged segments are copied aside; what is whole in them is written to new segments, with its
 *       versions; all of that is synced.
 *   <li>One swap of the manifest exchanges the segments.
 *   <li>The store is opened once: that deletes the damaged segments and makes hints and the index snapshot anew.
 *   <li>It is verified.
 * </ol>
 *
 * <p>Where something is lost, the repair ends before the third step unless that is accepted.
 *
 * <p>Belongs to one thread, which holds the directory's lock.
 */
public final class Repair {

    private static final int OPEN_FILES_MAX = 64;
    private static final int PHASES = 3;

    private final StoreDirectory directory;
    private final Clock clock;
    private final RandomGenerator random;
    private final RecoveryListener listener;
    private final boolean acceptLoss;
    private final boolean dryRun;

    private boolean manifestWritten;
    private int segmentsWritten;
    private int hintsWritten;
    private final List<String> setAside = new ArrayList<>();

    /**
     * What a repair did.
     *
     * @param before what was wrong
     * @param loss what cannot be saved
     * @param manifestWritten whether the manifest was written anew
     * @param segmentsWritten damaged segments that were replaced
     * @param hintsWritten hints that were made anew before anything else was changed
     * @param setAside the files that keep what was taken out, as paths
     * @param after what is wrong now; null where it is what it was before
     */
    public record Result(
            VerificationReport before,
            RepairLoss loss,
            boolean manifestWritten,
            int segmentsWritten,
            int hintsWritten,
            List<String> setAside,
            @Nullable VerificationReport after) {}

    /**
     * @param directory the store's directory, locked
     * @param clock to say how long a verification took
     * @param random makes salts
     * @param listener told of the progress
     * @param acceptLoss whether to go on where something is lost
     * @param dryRun whether to change nothing, and to tell what would be lost
     */
    public Repair(
            StoreDirectory directory,
            Clock clock,
            RandomGenerator random,
            RecoveryListener listener,
            boolean acceptLoss,
            boolean dryRun) {
        this.directory = directory;
        this.clock = clock;
        this.random = random;
        this.listener = listener;
        this.acceptLoss = acceptLoss;
        this.dryRun = dryRun;
    }

    /**
     * Refuses a directory that holds no store, before even a lock file is put into it.
     *
     * @throws UnsupportedFormatException where there is neither a manifest nor a segment
     */
    public static void checkIsStore(StoreDirectory directory) throws IOException {
        Verification.requireStore(directory, directory.files().list(directory.path()));
    }

    /**
     * Repairs the store.
     *
     * @throws DamageException where it cannot be told which store the segments are of
     * @throws UnsupportedFormatException where a file is of a format that this build does not know
     * @throws IOException where the operating system fails a file operation; what was read cannot be repaired there
     */
    public Result run() throws IOException {
        VerificationReport before = Verification.run(directory, clock, phase(0));
        if (before.findingsTotal() == 0) {
            return result(before, RepairLoss.NONE, null);
        }
        Progress progress = new Progress(phase(1), before.bytes());
        Manifest asFound = readManifest();
        Manifest manifest = asFound;
        boolean manifestUncertain = false;
        if (manifest == null) {
            ManifestRebuild rebuild = ManifestRebuild.of(directory);
            manifest = rebuild.manifest();
            manifestUncertain = !rebuild.certain();
        }
        boolean mayWrite = !dryRun && (acceptLoss || !manifestUncertain);
        if (mayWrite) {
            if (asFound == null) {
                writeManifest(manifest);
            }
            RepairSurvey.recoverTail(directory, manifest, random, progress);
            manifest = requireManifest();
        }
        RepairSurvey survey = RepairSurvey.of(directory, manifest, asFound, mayWrite, progress);
        try {
            hintsWritten = survey.hintsWritten();
            RepairDecision decision = RepairDecision.of(survey, progress);
            RepairLoss loss = decision.loss(manifestUncertain);
            if (dryRun || (!loss.isNone() && !acceptLoss)) {
                return result(before, loss, null);
            }
            if (!survey.damaged().isEmpty()) {
                exchangeSegments(survey, decision);
            }
            survey.segments().close();
            openOnce();
            return result(before, loss, Verification.run(directory, clock, phase(2)));
        } finally {
            survey.segments().close();
        }
    }

    private Result result(VerificationReport before, RepairLoss loss, @Nullable VerificationReport after) {
        return new Result(before, loss, manifestWritten, segmentsWritten, hintsWritten, List.copyOf(setAside), after);
    }

    /** Null where it is missing, damaged, or older than the segments: as good as lost. */
    private @Nullable Manifest readManifest() throws IOException {
        if (!directory.files().exists(directory.file(StoreFileNames.MANIFEST))) {
            return null;
        }
        ByteBuffer source = directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX);
        if (!Manifest.begins(source)) {
            return null;
        }
        try {
            return checkedManifest(source);
        } catch (DamageException e) {
            return null;
        }
    }

    /** The manifest, once it is known to be there and whole. */
    private Manifest requireManifest() throws IOException {
        return checkedManifest(directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX));
    }

    private Manifest checkedManifest(ByteBuffer source) throws IOException {
        Manifest manifest =
                Manifest.decode(source, directory.file(StoreFileNames.MANIFEST).toString());
        new StrayFiles(directory, manifest).checkManifestIsNewest();
        return manifest;
    }

    private void writeManifest(Manifest manifest) throws IOException {
        if (directory.files().exists(directory.file(StoreFileNames.MANIFEST))) {
            directory.replace(
                    StoreFileNames.MANIFEST_DAMAGED, directory.read(StoreFileNames.MANIFEST, Manifest.BYTES_MAX));
            setAside.add(directory.file(StoreFileNames.MANIFEST_DAMAGED).toString());
        }
        directory.replace(StoreFileNames.MANIFEST, manifest.encode());
        manifestWritten = true;
    }

    /** Puts new segments in the place of the damaged ones, by one swap. */
    private void exchangeSegments(RepairSurvey survey, RepairDecision decision) throws IOException {
        Segments segments = survey.segments();
        long liveAsOf = Recovery.nextVersion(survey.manifest(), segments, decision.lastVersion())
                + TailRecovery.VERSIONS_LOST_MAX;
        List<Segment> replaced = new ArrayList<>();
        for (DamagedSegment segment : survey.damaged().values()) {
            replaced.add(segment.found().segment());
            if (!segment.bad().isEmpty()) {
                setAside.add(SetAsideFile.write(
                        directory, segments.storeId(), segment.found().segment().id(), segment.bad()));
            }
        }
        Segments.Change change = new Segments.Change().remove(replaced);
        try (RepairOutput output =
                new RepairOutput(segments, Math.min(decision.firstVersion(), liveAsOf), liveAsOf, random)) {
            decision.write(output);
            output.finish().forEach(change::add);
            try {
                segments.change(change, liveAsOf + 1);
            } catch (UncertainManifestException e) {
                output.published();
                throw e;
            }
            output.published();
        }
        segmentsWritten = replaced.size();
    }

    /** Opens the store as recovery does, without the snapshot, which may be wrong, and writes a new one. */
    private void openOnce() throws IOException {
        directory.deleteIfExists(StoreFileNames.SNAPSHOT);
        directory.sync();
        Recovered recovered = new Recovery(directory, random, new RecoveryLimits(OPEN_FILES_MAX, 0), listener).run();
        try {
            if (!recovered.hidden().isEmpty()) {
                throw new IllegalStateException("damage is left after a repair: " + recovered.hidden());
            }
            long lastVersion = recovered.nextVersion() - 1;
            SnapshotFile.write(recovered.segments(), recovered.index(), () -> lastVersion);
            SnapshotFile.publish(directory);
        } finally {
            recovered.segments().close();
        }
    }

    /** Passes on the progress of one of the passes over all files. */
    private RecoveryListener phase(int number) {
        return (phase, doneBytes, totalBytes) ->
                listener.progressed(phase, number * totalBytes + doneBytes, PHASES * totalBytes);
    }
}
