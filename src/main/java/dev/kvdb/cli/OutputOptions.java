package dev.kvdb.cli;

import picocli.CommandLine.Option;

/** How a command prints its result. May be given before the command's name or after it. */
final class OutputOptions {

    @Option(names = "--json", description = "Print the result, and errors too, as one line of JSON.")
    private boolean json;

    boolean json() {
        return json;
    }
}
