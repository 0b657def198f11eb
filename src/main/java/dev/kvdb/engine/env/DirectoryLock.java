package dev.kvdb.engine.env;

import java.io.IOException;

/** An exclusive lock that is held until it is closed, or until the process ends. */
public interface DirectoryLock extends AutoCloseable {

    @Override
    void close() throws IOException;
}
