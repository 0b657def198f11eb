package dev.kvdb.cli.bench;

/** Says which key comes next, as its index in the range of keys. For use by one thread. */
interface KeyChooser {

    /** An index from 0 to the number of keys, exclusive. */
    long next();
}
