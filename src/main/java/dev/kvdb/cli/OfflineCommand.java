package dev.kvdb.cli;

import dev.kvdb.engine.Store;
import dev.kvdb.engine.StoreOptions;
import dev.kvdb.engine.error.StoreIoException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What the commands that open a database's directory themselves have in common. Starts neither Quarkus nor a client.
 */
@Command(mixinStandardHelpOptions = true)
abstract class OfflineCommand extends ResultCommand {

    /** A value may fill a fourth of a segment. */
    private static final int SEGMENT_VALUES_MIN = 4;

    @Option(
            names = "--value-bytes-max",
            paramLabel = "SIZE",
            defaultValue = "16MiB",
            converter = Converters.ValueSize.class,
            description = "The largest value accepted, up to 256MiB. Default: ${DEFAULT-VALUE}.")
    private long valueBytesMax;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    OfflineCommand(Terminal terminal) {
        super(terminal);
    }

    CommandSpec spec() {
        return spec;
    }

    /** The database's directory. */
    abstract Path directory();

    /** The largest value accepted, in bytes. */
    long valueBytesMax() {
        return valueBytesMax;
    }

    /** Opens the store; garbage is left to the server. */
    Store open() {
        DatabaseDirectory.requireNoFile(directory());
        try {
            return Store.open(directory(), options());
        } catch (StoreIoException e) {
            throw DatabaseDirectory.explained(directory(), e);
        }
    }

    private StoreOptions options() {
        StoreOptions defaults = StoreOptions.DEFAULTS;
        int value = Math.toIntExact(valueBytesMax);
        StoreOptions.GarbageCollection collection = defaults.garbageCollection();
        return defaults.toBuilder()
                .segmentBytesMax(Math.max(defaults.segmentBytesMax(), value * SEGMENT_VALUES_MIN))
                .valueBytesMax(value)
                .writeQueueBytesMax(Math.max(defaults.writeQueueBytesMax(), value))
                .cacheBytesMax(0)
                .reserveBytes(StoreOptions.RESERVE_AS_IT_IS)
                .garbageCollection(new StoreOptions.GarbageCollection(
                        collection.logBytesMin(), collection.deadShareMin(), collection.bytesPerSecondMax(), 0))
                .build();
    }
}
