package dev.kvdb.engine.env;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where each open file of this process is now, so that a channel broken by an interrupt can be opened again.
 *
 * <p>Renames and deletes go through here: a file that was opened under a temporary name is found under its final one. A
 * deleted or replaced file has no name left and cannot be opened again. Changes made behind its back (another process,
 * another instance) are noticed by the file's identity, and answered with an error; never is another file opened in its
 * place.
 *
 * <p>Safe for use by several threads. Every change of a name excludes reopening; plain reads and writes do not come
 * here.
 */
final class OpenFiles {

    /** Where a file was last known to be, and which file it is; the identity is null where the platform has none. */
    private record Place(Path path, @Nullable Object identity) {}

    private final Object renaming = new Object();
    private final Map<DiskFile, Place> places = new ConcurrentHashMap<>();

    /** Opens a channel and has {@code wrap} make a file of it, which is tracked until {@link #forget}. */
    DiskFile open(Path path, Wrapper wrap, OpenOption... options) throws IOException {
        Path absolute = path.toAbsolutePath().normalize();
        synchronized (renaming) {
            FileChannel channel = FileChannel.open(absolute, options);
            try {
                Place place = new Place(absolute, identityOf(absolute));
                DiskFile file = wrap.wrap(channel);
                places.put(file, place);
                return file;
            } catch (IOException | RuntimeException e) {
                closeAfter(e, channel);
                throw e;
            }
        }
    }

    /** Opens a file again whose channel was closed by an interrupt. */
    FileChannel reopen(DiskFile file, Set<? extends OpenOption> options) throws IOException {
        synchronized (renaming) {
            Place place = places.get(file);
            if (place == null) {
                throw new NoSuchFileException(
                        file.toString(), null, "deleted, and its channel was closed by an interrupt");
            }
            FileChannel channel = FileChannel.open(place.path(), options);
            try {
                if (!Objects.equals(identityOf(place.path()), place.identity())) {
                    throw new IOException("another file has taken the place of " + place.path()
                            + ", whose channel an interrupt closed");
                }
                return channel;
            } catch (IOException e) {
                closeAfter(e, channel);
                throw e;
            }
        }
    }

    void forget(DiskFile file) {
        places.remove(file);
    }

    void rename(Path from, Path to) throws IOException {
        Path source = from.toAbsolutePath().normalize();
        Path target = to.toAbsolutePath().normalize();
        synchronized (renaming) {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            if (!source.equals(target)) {
                loseName(target);
                places.replaceAll(
                        (file, place) -> place.path().equals(source) ? new Place(target, place.identity()) : place);
            }
        }
    }

    void delete(Path path) throws IOException {
        synchronized (renaming) {
            Files.delete(path);
            loseName(path.toAbsolutePath().normalize());
        }
    }

    private void loseName(Path path) {
        for (Iterator<Place> all = places.values().iterator(); all.hasNext(); ) {
            if (all.next().path().equals(path)) {
                all.remove();
            }
        }
    }

    private static @Nullable Object identityOf(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    private static void closeAfter(Exception failure, FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Makes a file of an open channel. */
    interface Wrapper {
        DiskFile wrap(FileChannel channel) throws IOException;
    }
}
