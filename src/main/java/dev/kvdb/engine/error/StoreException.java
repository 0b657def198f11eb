package dev.kvdb.engine.error;

import org.jspecify.annotations.Nullable;

/**
 * Root of the closed family of storage errors. A caller may switch over the permitted subclasses exhaustively.
 *
 * <p>The message is one line, meant to be shown to a person, and says what to do where something can be done.
 */
public abstract sealed class StoreException extends RuntimeException
        permits DamageException,
                DirectoryLockedException,
                DiskFullException,
                IndexFullException,
                InvalidStoreArgumentException,
                OverloadedException,
                StoreClosedException,
                StoreIoException,
                StoreReadOnlyException,
                UnsupportedFormatException,
                VerificationRunningException {

    private static final long serialVersionUID = 1L;

    StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
