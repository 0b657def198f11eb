package dev.kvdb.server.config;

import dev.kvdb.engine.SyncPolicy;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The configuration keys, as text they come in. {@link ServerSettings} checks their ranges.
 *
 * <p>Each key can be set in {@code application.properties}, as an environment variable
 * ({@code KVDB_STORAGE_SEGMENT_SIZE}) and as a system property ({@code -Dkvdb.storage.segment-size=128M}).
 */
@ConfigMapping(prefix = "kvdb")
public interface ServerConfiguration {

    /** Directory that holds the store; made where it is missing. */
    @WithDefault("./data")
    Path dataDirectory();

    /** Threads that read values from disk. */
    @WithDefault("8")
    int readThreads();

    /** How values are stored. */
    Storage storage();

    /** The cache of values. */
    Cache cache();

    /** The index of all keys. */
    Index index();

    /** When and how fast garbage is collected. */
    Gc gc();

    /** How fast a call of Verify reads. */
    Verify verify();

    /** Verifications that the server runs by itself. */
    Scrub scrub();

    /** Writes that wait for the disk. */
    WriteQueue writeQueue();

    /** Reads that wait for a thread. */
    ReadQueue readQueue();

    /** What the server takes on at once. */
    Limits limits();

    /** How the server stops. */
    Shutdown shutdown();

    /** How values are stored. */
    interface Storage {

        /** When a write is acknowledged. */
        @WithDefault("always")
        SyncPolicy syncPolicy();

        /** How often the log is synced where the policy is {@code interval}. */
        @WithDefault("1s")
        Duration syncInterval();

        /** Size at which a segment file is sealed. */
        @WithDefault("64M")
        MemorySize segmentSize();

        /** Largest value accepted. */
        @WithDefault("16M")
        MemorySize valueSizeMax();

        /** Disk space set aside so that removes and garbage collection go on when the disk is full. */
        @WithDefault("80M")
        MemorySize reserveSize();

        /** What all files of the store may hold, the reserve included; 0 for no limit. */
        @WithDefault("0")
        MemorySize quota();

        /** Segment files held open for reads. */
        @WithDefault("512")
        int openFilesMax();

        /** Growth of the log after which the index is saved. */
        @WithDefault("256M")
        MemorySize snapshotLogSize();
    }

    /** The cache of values. */
    interface Cache {

        /** Heap that cached values may hold. {@link MemoryDefaults} has what holds otherwise. */
        Optional<MemorySize> size();
    }

    /** The index of all keys. */
    interface Index {

        /** Heap that it may take; 0 for no limit. {@link MemoryDefaults} has what holds otherwise. */
        Optional<MemorySize> sizeMax();
    }

    /** When and how fast garbage is collected. */
    interface Gc {

        /** How often the server looks for garbage that is worth collecting. */
        @WithDefault("5s")
        Duration period();

        /** Size of the log below which nothing is collected by itself. */
        @WithDefault("64M")
        MemorySize logSizeMin();

        /** Share of the log that may be garbage at rest, and that a segment must have of it to be rewritten. */
        @WithDefault("0.28")
        double deadShareMin();

        /** Share of the log that may be garbage while writes come in. */
        @WithDefault("0.4")
        double deadShareMax();

        /** Live bytes copied a second. */
        @WithDefault("0")
        MemorySize rateMax();
    }

    /** How fast a call of Verify reads. */
    interface Verify {

        /** Bytes read a second, where the call does not say; 0 for no limit. */
        @WithDefault("32M")
        MemorySize rateMax();
    }

    /** Verifications that the server runs by itself. */
    interface Scrub {

        /** How often one begins, or {@code off}. */
        @WithDefault("off")
        @WithConverter(PeriodConverter.class)
        Optional<Duration> period();

        /** Bytes read a second; 0 for no limit. */
        @WithDefault("8M")
        MemorySize rateMax();
    }

    /** Writes that wait for the disk. */
    interface WriteQueue {

        /** Writes that may wait. */
        @WithDefault("65536")
        int requestsMax();

        /** Values of writes that may wait. {@link MemoryDefaults} has what holds otherwise. */
        Optional<MemorySize> bytesMax();
    }

    /** Reads that wait for a thread. */
    interface ReadQueue {

        /** Reads that may wait. */
        @WithDefault("8192")
        int requestsMax();
    }

    /** What the server takes on at once. */
    interface Limits {

        /** Calls in flight. {@link MemoryDefaults} has what holds otherwise. */
        OptionalInt requestsInFlight();

        /**
         * Messages of the calls in flight, replies to come included. {@link MemoryDefaults} has what holds otherwise.
         */
        Optional<MemorySize> bytesInFlight();
    }

    /** How the server stops. */
    interface Shutdown {

        /** How long calls in flight may take to finish once the server was told to stop. */
        @WithDefault("20s")
        Duration gracePeriod();
    }
}
