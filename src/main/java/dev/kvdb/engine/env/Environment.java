package dev.kvdb.engine.env;

import java.util.concurrent.ThreadFactory;
import java.util.random.RandomGenerator;

/**
 * What a store takes from outside.
 *
 * @param files the file system
 * @param clock time and waiting
 * @param random salts and store ids; used by one thread at a time
 * @param threads makes the store's own threads; they are never interrupted by the store
 */
public record Environment(FileSystem files, Clock clock, RandomGenerator random, ThreadFactory threads) {

    /** The operating system's files and clock, secure randomness, and named daemon threads. */
    public static Environment system() {
        return SystemEnvironment.create();
    }
}
