package dev.kvdb.testkit;

import java.nio.file.Path;

/** One operation that changed files or made changes durable, in the order in which they happened. */
sealed interface JournalEntry {

    /** One line of a trace, with names relative to {@code root}. */
    String trace(Path root);

    /** An operation on a file's bytes: lost in a crash until the file is synced. */
    sealed interface DataEntry extends JournalEntry {
        Inode inode();
    }

    /** An operation on a directory's entries: lost in a crash until the directory is synced. */
    sealed interface NameEntry extends JournalEntry {
        Path directory();
    }

    /** A new directory, durable at once. */
    record MakeDirectory(Path directory) implements JournalEntry {
        @Override
        public String trace(Path root) {
            return "mkdir " + relative(root, directory);
        }
    }

    /** A new, empty file. */
    record Create(Path directory, Path path, Inode inode) implements NameEntry {
        @Override
        public String trace(Path root) {
            return "create " + relative(root, path);
        }
    }

    /** A file's new name, which may have been that of another file. */
    record Rename(Path directory, Path from, Path to, Inode inode) implements NameEntry {
        @Override
        public String trace(Path root) {
            return "rename " + relative(root, from) + " " + relative(root, to);
        }
    }

    /** A deleted name. */
    record Delete(Path directory, Path path) implements NameEntry {
        @Override
        public String trace(Path root) {
            return "delete " + relative(root, path);
        }
    }

    /** Bytes written at a position; the array is never changed. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and copying each write would double a run's memory
    record Write(Inode inode, Path path, long position, byte[] bytes) implements DataEntry {
        @Override
        public String trace(Path root) {
            return "write " + relative(root, path) + " " + position + "+" + bytes.length;
        }
    }

    /** A file cut to a size. */
    record Truncate(Inode inode, Path path, long size) implements DataEntry {
        @Override
        public String trace(Path root) {
            return "truncate " + relative(root, path) + " " + size;
        }
    }

    /** A sync of a file's bytes; after a failed one, those that it should have saved are lost for good. */
    record Sync(Inode inode, Path path, boolean failed) implements JournalEntry {
        @Override
        public String trace(Path root) {
            return (failed ? "failed sync " : "sync ") + relative(root, path);
        }
    }

    /** A sync of a directory's entries. */
    record SyncDirectory(Path directory) implements JournalEntry {
        @Override
        public String trace(Path root) {
            return "syncdir " + relative(root, directory);
        }
    }

    /** An owner's name put into a lock file; of no consequence after a crash. */
    record Lock(Path path) implements JournalEntry {
        @Override
        public String trace(Path root) {
            return "lock " + relative(root, path);
        }
    }

    private static String relative(Path root, Path path) {
        if (path.equals(root)) {
            return ".";
        }
        return (path.startsWith(root) ? root.relativize(path) : path).toString();
    }
}
