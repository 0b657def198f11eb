package dev.kvdb.testkit;

import java.nio.file.Path;

/** A file as running code sees it, under whatever name it has. Guarded by its file system. */
final class Inode {

    /** What the file held when the journal began. */
    final FileContent base;

    /** What reads see. */
    final FileContent content;

    /** The latest name, kept after a delete for messages. */
    Path path;

    boolean deleted;
    int handles;

    Inode(Path path, FileContent base) {
        this.path = path;
        this.base = base;
        this.content = base.share();
    }
}
