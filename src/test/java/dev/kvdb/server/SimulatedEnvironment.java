package dev.kvdb.server;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FailingFileSystem;
import io.quarkus.test.junit.QuarkusTestProfile;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Lets a server run on a disk in memory that can be full, fail and hang. Enabled by {@link Profile}. */
@Alternative
@Singleton
public class SimulatedEnvironment {

    /** A small server on a simulated disk. */
    public static class Profile implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return new HashMap<>(Map.of(
                    "kvdb.data-directory", "/kvdb/store",
                    "kvdb.storage.segment-size", "64K",
                    "kvdb.storage.value-size-max", "16K",
                    "kvdb.storage.reserve-size", "64K",
                    "kvdb.gc.log-size-min", "0",
                    "kvdb.gc.period", "1h",
                    "kvdb.cache.size", "0"));
        }

        @Override
        public Set<Class<?>> getEnabledAlternatives() {
            return Set.of(SimulatedEnvironment.class);
        }
    }

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final FailingFileSystem files = new FailingFileSystem(disk);

    /** Decides how much space there is. */
    CrashingFileSystem disk() {
        return disk;
    }

    /** Decides what fails or hangs. */
    FailingFileSystem files() {
        return files;
    }

    @Produces
    @Singleton
    @Alternative
    Environment environment() {
        Environment system = Environment.system();
        return new Environment(files, system.clock(), system.random(), system.threads());
    }
}
