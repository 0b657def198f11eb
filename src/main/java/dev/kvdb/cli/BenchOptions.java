package dev.kvdb.cli;

import dev.kvdb.cli.bench.KeyDistribution;
import dev.kvdb.cli.bench.LoadSettings;
import dev.kvdb.cli.bench.OperationMix;
import dev.kvdb.cli.bench.ValueSizes;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** What load {@code bench} puts on a server. */
final class BenchOptions {

    private static final int KEYS_MAX = 1_000_000_000;
    private static final int VERIFIED_KEYS_MAX = 10_000_000;
    /** What {@code --verify} takes of the heap a key. */
    private static final long VERIFIED_KEY_BYTES = 16;
    /** A value, and what it is compared to or what is sent of it. */
    private static final long COPIES = 2;
    /** The part of the heap that the load may fill. */
    private static final double HEAP_SHARE_MAX = 0.75;

    private static final int CONCURRENCY_MAX = 65_536;
    private static final int CONNECTIONS_MAX = 1_024;
    private static final double RATE_MAX = 10_000_000;
    private static final Duration DURATION_DEFAULT = Duration.ofSeconds(10);
    private static final Duration DURATION_MAX = Duration.ofDays(365);

    @Option(
            names = "--mix",
            paramLabel = "MIX",
            defaultValue = "get=90,set=10",
            converter = Mix.class,
            description = "Which operations, by weight, for example get=50,set=45,remove=5. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private OperationMix mix;

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "100000",
            description = "How many keys. Default: ${DEFAULT-VALUE}.")
    private int keys;

    @Option(
            names = "--first-key",
            paramLabel = "KEY",
            defaultValue = "8000000000000000000",
            converter = Converters.Key.class,
            description = {
                "The first of the keys; the others follow it. Sets and removes of the mix hit them, whoever",
                "wrote them. Default: ${DEFAULT-VALUE}, where other programs hardly have any."
            })
    private long firstKey;

    @Option(
            names = "--distribution",
            paramLabel = "NAME",
            defaultValue = "uniform",
            converter = Distribution.class,
            description = {
                "Which of the keys come how often: uniform, sequential, zipf, or zipf:EXPONENT.",
                "Default: ${DEFAULT-VALUE}; zipf is zipf:0.99."
            })
    @SuppressWarnings("NullAway.Init") // by picocli
    private KeyDistribution distribution;

    @Option(
            names = "--value-size",
            paramLabel = "SIZE",
            defaultValue = "100",
            converter = Sizes.class,
            description = "How large values are, for example 1KiB, or 100-4KiB for all between. "
                    + "Default: ${DEFAULT-VALUE} bytes.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private ValueSizes valueSizes;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many calls may be in flight, over all connections. Default: ${DEFAULT-VALUE}.")
    private int concurrency;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "1",
            description = {
                "How many connections. They are served by a thread each, though at most by half as many as there are",
                "processors. Default: ${DEFAULT-VALUE}."
            })
    private int connections;

    @Option(
            names = "--rate",
            paramLabel = "N",
            converter = Rate.class,
            description = {
                "Begin so many calls a second, evenly, and measure each from when it was meant to begin.",
                "Default: the next call begins when one has ended."
            })
    private double rate;

    @Option(names = "--duration", paramLabel = "TIME", description = "How long, for example 30s or 5m. Default: 10s.")
    private @Nullable Duration duration;

    @Option(names = "--count", paramLabel = "N", description = "How many calls, instead of a duration.")
    private @Nullable Long count;

    @Option(
            names = "--warm-up",
            paramLabel = "TIME",
            defaultValue = "2s",
            converter = DurationOrNone.class,
            description =
                    "How long to make calls before those that count; 0 for not at all. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private Duration warmUp;

    @Option(names = "--preload", description = "Set each of the keys once before, so that gets find them.")
    private boolean preload;

    @Option(
            names = "--clean-up",
            description = {
                "Remove the keys that were set here when it is over, by Ctrl-C too. Without it they stay.",
                "What they held before is not restored."
            })
    private boolean cleanUp;

    @Option(
            names = "--verify",
            description = {
                "Check the values that are read: none that is older than an acknowledged set, none that was not set.",
                "Nobody else may write to the keys meanwhile. At most 10,000,000 keys."
            })
    private boolean verify;

    @Option(names = "--seed", paramLabel = "N", description = "Repeat the choices of a run that printed this seed.")
    private @Nullable Long seed;

    @Option(names = "--progress", description = "Show how it stands also where the standard error is no terminal.")
    private boolean progress;

    @Option(
            names = "--histograms",
            description =
                    "With --json: add the histograms of all latencies, in HdrHistogram's compressed form, base64.")
    private boolean histograms;

    boolean preload() {
        return preload;
    }

    boolean cleanUp() {
        return cleanUp;
    }

    boolean progress() {
        return progress;
    }

    boolean histograms() {
        return histograms;
    }

    /** The settings, or a usage error that names the option and its value. */
    LoadSettings settings(CommandLine line, long timeoutMillis) {
        require(line, keys >= 1 && keys <= KEYS_MAX, "--keys", keys, "from 1 to " + number(KEYS_MAX));
        require(
                line,
                firstKey <= Long.MAX_VALUE - keys + 1,
                "--first-key",
                firstKey,
                "at most " + (Long.MAX_VALUE - keys + 1) + " with " + number(keys) + " keys");
        require(
                line,
                concurrency >= 1 && concurrency <= CONCURRENCY_MAX,
                "--concurrency",
                concurrency,
                "from 1 to " + number(CONCURRENCY_MAX));
        int connectionsMax = Math.min(CONNECTIONS_MAX, concurrency);
        require(
                line,
                connections >= 1 && connections <= connectionsMax,
                "--connections",
                connections,
                "from 1 to " + number(connectionsMax)
                        + (connectionsMax < CONNECTIONS_MAX ? ", the value of --concurrency" : ""));
        require(line, count == null || count >= 1, "--count", count, "at least 1");
        if (count != null && duration != null) {
            throw new ParameterException(line, "--count and --duration exclude each other; give one of them");
        }
        require(
                line,
                !verify || keys <= VERIFIED_KEYS_MAX,
                "--keys",
                keys,
                "at most " + number(VERIFIED_KEYS_MAX) + " with --verify");
        requireHeap(line, Runtime.getRuntime().maxMemory());
        requireDuration(line, "--warm-up", warmUp);
        Duration length = duration != null ? duration : DURATION_DEFAULT;
        requireDuration(line, "--duration", length);
        return new LoadSettings(
                mix,
                distribution,
                firstKey,
                keys,
                valueSizes,
                concurrency,
                connections,
                rate,
                warmUp.toNanos(),
                count != null ? LoadSettings.UNLIMITED : length.toNanos(),
                count != null ? count : LoadSettings.UNLIMITED,
                TimeUnit.MILLISECONDS.toNanos(timeoutMillis),
                seed != null ? seed : new SecureRandom().nextLong(),
                verify,
                cleanUp);
    }

    private void requireHeap(CommandLine line, long heapBytes) {
        long neededBytes = COPIES * concurrency * valueSizes.bytesMax() + (verify ? VERIFIED_KEY_BYTES * keys : 0);
        // Two bits a key that was set.
        neededBytes += cleanUp ? keys / (Byte.SIZE / 2) : 0;
        if (neededBytes > HEAP_SHARE_MAX * heapBytes) {
            throw new ParameterException(
                    line,
                    String.format(
                            Locale.ROOT,
                            "--concurrency %,d with --value-size up to %s and --keys %,d may take %s of memory, and "
                                    + "this Java has %s; lower one of them, or give it more, for example by "
                                    + "JAVA_OPTS=-Xmx4g",
                            concurrency,
                            Text.bytes(valueSizes.bytesMax()),
                            keys,
                            Text.bytes(neededBytes),
                            Text.bytes(heapBytes)));
        }
    }

    private static void requireDuration(CommandLine line, String option, Duration value) {
        require(line, value.compareTo(DURATION_MAX) <= 0, option, value.toHours() + "h", "at most a year, 8760h");
    }

    private static void require(
            CommandLine line, boolean isRight, String option, @Nullable Object value, String range) {
        if (!isRight) {
            throw new ParameterException(line, option + ": '" + value + "' is out of range; it must be " + range);
        }
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static <T> T converted(String text, Function<String, T> parse) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** {@link OperationMix#parse} for picocli. */
    static final class Mix implements ITypeConverter<OperationMix> {

        @Override
        public OperationMix convert(String value) {
            return converted(value, OperationMix::parse);
        }
    }

    /** {@link KeyDistribution#parse} for picocli. */
    static final class Distribution implements ITypeConverter<KeyDistribution> {

        @Override
        public KeyDistribution convert(String value) {
            return converted(value, KeyDistribution::parse);
        }
    }

    /** A size, or two with a hyphen between them. */
    static final class Sizes implements ITypeConverter<ValueSizes> {

        @Override
        public ValueSizes convert(String value) {
            String[] ends = value.split("-", 2);
            int min = (int) Converters.valueSize(ends[0]);
            int max = ends.length == 1 ? min : (int) Converters.valueSize(ends[1]);
            return converted(value, text -> {
                if (max < min) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is not a range of sizes; write the smaller one first");
                }
                return new ValueSizes(min, max);
            });
        }
    }

    /** A number of calls a second. */
    static final class Rate implements ITypeConverter<Double> {

        private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,9})?");

        @Override
        public Double convert(String value) {
            Matcher number = NUMBER.matcher(value);
            double rate = number.matches() ? Double.parseDouble(value) : 0;
            if (rate <= 0 || rate > RATE_MAX) {
                throw new TypeConversionException(
                        "'" + value + "' is not a rate; write a number of calls a second over 0 and up to "
                                + number((long) RATE_MAX));
            }
            return rate;
        }
    }

    /** A duration, which may be 0. */
    static final class DurationOrNone implements ITypeConverter<Duration> {

        @Override
        public Duration convert(String value) {
            return value.matches("0(ms|s|m|h)?") ? Duration.ZERO : Converters.duration(value);
        }
    }
}
