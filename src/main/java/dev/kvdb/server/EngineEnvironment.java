package dev.kvdb.server;

import dev.kvdb.engine.env.Environment;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Gives the engine the operating system's files and clock. Tests put others in their place. */
@Singleton
class EngineEnvironment {

    @Produces
    @Singleton
    Environment environment() {
        return Environment.system();
    }
}
