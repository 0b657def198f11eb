package dev.kvdb.cli;

/** A command that can print JSON. */
interface OutputChoice {

    /** Whether JSON was asked for, before the command's name or after it. */
    boolean json();
}
