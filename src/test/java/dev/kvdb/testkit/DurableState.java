package dev.kvdb.testkit;

import dev.kvdb.testkit.JournalEntry.Create;
import dev.kvdb.testkit.JournalEntry.DataEntry;
import dev.kvdb.testkit.JournalEntry.Delete;
import dev.kvdb.testkit.JournalEntry.MakeDirectory;
import dev.kvdb.testkit.JournalEntry.NameEntry;
import dev.kvdb.testkit.JournalEntry.Rename;
import dev.kvdb.testkit.JournalEntry.Sync;
import dev.kvdb.testkit.JournalEntry.SyncDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is certainly on the disk at a place in the journal, and what may be.
 *
 * <p>Moves forward only, so that a walk over the journal costs each operation once, and an image costs what is pending.
 * Not safe for use by several threads.
 */
final class DurableState {

    /** A file's synced bytes, and what was done to it since. */
    private static final class FileState {
        final FileContent durable;
        final List<DataEntry> pending = new ArrayList<>();

        FileState(FileContent durable) {
            this.durable = durable;
        }

        void settle(boolean syncFailed) {
            if (!syncFailed) {
                pending.forEach(entry -> Survival.apply(entry, durable));
            }
            pending.clear();
        }
    }

    private final Path root;
    private final Set<Path> directories;
    private final Map<Path, Inode> names;
    private final Map<Path, List<NameEntry>> pendingNames = new HashMap<>();
    private final Map<Inode, FileState> files = new HashMap<>();

    DurableState(SimulatedDisk.Recording recording) {
        this.root = recording.root();
        this.directories = new HashSet<>(recording.directories());
        this.names = new HashMap<>(recording.files());
        for (Inode inode : recording.files().values()) {
            files.put(inode, new FileState(inode.base.share()));
        }
    }

    void apply(JournalEntry entry) {
        if (entry instanceof DataEntry data) {
            FileState file = files.get(data.inode());
            if (file != null) {
                file.pending.add(data);
            }
        } else if (entry instanceof NameEntry name) {
            pendingNames
                    .computeIfAbsent(name.directory(), directory -> new ArrayList<>())
                    .add(name);
            if (name instanceof Create create) {
                files.put(create.inode(), new FileState(FileContent.empty()));
            }
        } else if (entry instanceof Sync sync) {
            FileState file = files.get(sync.inode());
            if (file != null) {
                file.settle(sync.failed());
            }
        } else if (entry instanceof SyncDirectory sync) {
            settleNames(sync.directory());
        } else if (entry instanceof MakeDirectory made) {
            directories.add(made.directory());
        }
    }

    private void settleNames(Path directory) {
        List<NameEntry> pending = pendingNames.remove(directory);
        if (pending == null) {
            return;
        }
        for (NameEntry name : pending) {
            Inode nameless = apply(name, names);
            if (nameless != null) {
                files.remove(nameless);
            }
        }
    }

    /** Operations of which it is open whether they survive; with none, every crash leaves the same. */
    int pendingOperations() {
        int count = 0;
        for (List<NameEntry> pending : pendingNames.values()) {
            count += pending.size();
        }
        for (FileState file : files.values()) {
            count += file.pending.size();
        }
        return count;
    }

    SimulatedDisk image(Survival survival) {
        Map<Path, Inode> survivingNames = new HashMap<>(names);
        for (List<NameEntry> pending : pendingNames.values()) {
            int surviving = survival.entries(pending.size());
            pending.subList(0, surviving).forEach(name -> apply(name, survivingNames));
        }
        Map<Path, FileContent> contents = new HashMap<>();
        survivingNames.forEach((path, inode) -> {
            FileState file = Objects.requireNonNull(files.get(inode));
            contents.put(
                    path, file.pending.isEmpty() ? file.durable.share() : survival.bytes(file.durable, file.pending));
        });
        return new SimulatedDisk(root, directories, contents);
    }

    /** Applies the operation, and answers the file that it took the last name from. */
    private static @Nullable Inode apply(NameEntry entry, Map<Path, Inode> names) {
        if (entry instanceof Create create) {
            return names.put(create.path(), create.inode());
        }
        if (entry instanceof Rename rename) {
            names.remove(rename.from());
            Inode replaced = names.put(rename.to(), rename.inode());
            return replaced == rename.inode() ? null : replaced;
        }
        return names.remove(((Delete) entry).path());
    }
}
