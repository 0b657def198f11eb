package dev.kvdb.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.StoreOptions;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SysPropConfigSource;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds the table of keys in {@code docs/operations.md} against the code, in both directions. */
class ConfigurationTableTest {

    private static final Pattern QUARKUS_ROW =
            Pattern.compile("(?m)^\\| `(quarkus\\.[a-z.-]+)` \\| `([A-Z_]+)` \\| `([^`]*)` \\|");
    private static final Pattern ROW = Pattern.compile("\\| `(kvdb\\.[a-z.-]+)` \\| `([A-Z_]+)` \\| `([^`]*)` \\|.*");

    /** What holds with a large heap. */
    private static final Map<String, String> MEMORY_DEFAULTS = memoryDefaults();

    private final Map<String, String> environmentNames = new LinkedHashMap<>();
    private final Map<String, String> documented = documentedDefaults();

    @Test
    void tableOfKeys_isThatOfTheCode_withItsDefaults() {
        Map<String, String> defaults = new LinkedHashMap<>();
        collectDefaults("kvdb", ServerConfiguration.class, defaults);

        assertThat(documented).containsExactlyInAnyOrderEntriesOf(defaults);
    }

    @Test
    void eachKey_worksFromTheEnvironmentVariableOfTheTable() {
        environmentNames.forEach((key, variable) -> assertThat(
                        build(new EnvConfigSource(Map.of(variable, documented.get(key)), 300))
                                .getConfigValue(key)
                                .getSourceName())
                .as(variable)
                .startsWith("EnvConfigSource"));
    }

    @Test
    void eachKey_worksFromAPropertiesFile() {
        documented.forEach((key, value) -> assertThat(build(new PropertiesConfigSource(Map.of(key, value), "file", 250))
                        .getConfigValue(key)
                        .getSourceName())
                .as(key)
                .contains("file"));
    }

    @Test
    void eachKey_worksFromASystemProperty() {
        assertThat(documented).isNotEmpty();
        documented.forEach((key, value) -> {
            assertThat(System.getProperty(key)).isNull();
            System.setProperty(key, value);
            try {
                SmallRyeConfig config = build(new SysPropConfigSource());
                config.getConfigMapping(ServerConfiguration.class);
                assertThat(config.getConfigValue(key).getSourceName()).as(key).isEqualTo("SysPropConfigSource");
            } finally {
                System.clearProperty(key);
            }
        });
    }

    /** Of those of Quarkus, whose defaults are in {@code application.properties}. */
    @Test
    void tableOfQuarkusKeys_hasTheirDefaultsAndVariables() throws IOException {
        Properties properties = new Properties();
        try (InputStream file = ConfigurationTableTest.class.getResourceAsStream("/application.properties")) {
            properties.load(file);
        }
        List<MatchResult> rows = QUARKUS_ROW
                .matcher(Files.readString(Path.of("docs/operations.md")))
                .results()
                .toList();

        assertThat(rows).extracting(row -> row.group(1)).contains("quarkus.grpc.server.netty.keep-alive-time");
        assertThat(rows).allSatisfy(row -> {
            assertThat(properties.getProperty(row.group(1))).as(row.group(1)).isEqualTo(row.group(3));
            assertThat(row.group(2))
                    .isEqualTo(row.group(1).toUpperCase(Locale.ROOT).replaceAll("[^A-Z]", "_"));
        });
    }

    @Test
    void defaults_areInRange() {
        ServerConfiguration configuration =
                build(new PropertiesConfigSource(Map.of(), "none", 1)).getConfigMapping(ServerConfiguration.class);

        assertThat(new ServerSettings(configuration).storeOptions().valueBytesMax())
                .isEqualTo(16 << 20);
    }

    private static SmallRyeConfig build(org.eclipse.microprofile.config.spi.ConfigSource source) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .withMapping(ServerConfiguration.class)
                .withSources(source)
                .build();
    }

    private static void collectDefaults(String prefix, Class<?> mapping, Map<String, String> defaults) {
        for (Method method : mapping.getDeclaredMethods()) {
            String key = prefix + "." + kebabCase(method.getName());
            WithDefault withDefault = method.getAnnotation(WithDefault.class);
            if (withDefault != null) {
                defaults.put(key, withDefault.value());
            } else if (method.getReturnType() == Optional.class || method.getReturnType() == OptionalInt.class) {
                defaults.put(key, MEMORY_DEFAULTS.get(key));
            } else if (method.getReturnType().isMemberClass()) {
                collectDefaults(key, method.getReturnType(), defaults);
            }
        }
    }

    private static Map<String, String> memoryDefaults() {
        MemoryDefaults defaults = MemoryDefaults.ofHeap(Long.MAX_VALUE, 0);
        return Map.of(
                "kvdb.cache.size", (defaults.cacheBytes() >> 20) + "M",
                "kvdb.index.size-max",
                        (MemoryDefaults.indexBytes(
                                                4L << 30,
                                                defaults.cacheBytes(),
                                                defaults.bytesInFlight(),
                                                StoreOptions.upkeepBytes(StoreOptions.DEFAULTS.segmentBytesMax()))
                                        >> 20)
                                + "M",
                "kvdb.write-queue.bytes-max", (defaults.writeQueueBytes() >> 20) + "M",
                "kvdb.limits.bytes-in-flight", (defaults.bytesInFlight() >> 20) + "M",
                "kvdb.limits.requests-in-flight", String.valueOf(defaults.requestsInFlight()));
    }

    private static String kebabCase(String camelCase) {
        return camelCase.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private Map<String, String> documentedDefaults() {
        Map<String, String> defaults = new LinkedHashMap<>();
        try {
            for (String line : Files.readAllLines(Path.of("docs/operations.md"))) {
                Matcher row = ROW.matcher(line);
                if (row.matches()) {
                    defaults.put(row.group(1), row.group(3));
                    environmentNames.put(row.group(1), row.group(2));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return defaults;
    }
}
