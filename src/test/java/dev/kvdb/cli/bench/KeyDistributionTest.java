package dev.kvdb.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvdb.testkit.Seeds;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyDistributionTest {

    private static final int DRAWS = 1_000_000;
    /** Standard deviations within which each of some hundred shares must lie. */
    private static final double DEVIATIONS_MAX = 6;

    private static long[] draw(KeyChooser chooser, int keys) {
        long[] counts = new long[keys];
        for (int i = 0; i < DRAWS; i++) {
            counts[Math.toIntExact(chooser.next())]++;
        }
        return counts;
    }

    private static void requireShare(String what, long count, double share) {
        double deviation = Math.sqrt(DRAWS * share * (1 - share));
        assertThat((double) count)
                .as(what)
                .isBetween(DRAWS * share - DEVIATIONS_MAX * deviation, DRAWS * share + DEVIATIONS_MAX * deviation);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.2, 0.99, 1, 1.00000001, 1.5, 3})
    void zipf_drawsEachRankInItsShare(double exponent) throws Exception {
        Seeds.run(seed -> {
            int keys = 100;
            ZipfKeys chooser = new ZipfKeys(keys, exponent, new SplittableRandom(seed));
            long[] counts = draw(chooser, keys);
            double total = IntStream.rangeClosed(1, keys)
                    .mapToDouble(rank -> Math.pow(rank, -exponent))
                    .sum();
            for (int rank = 1; rank <= keys; rank++) {
                requireShare(
                        "rank " + rank + " of exponent " + exponent,
                        counts[Math.toIntExact(chooser.indexOf(rank))],
                        Math.pow(rank, -exponent) / total);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 10, 97, 100, 1_000, 4_096})
    void zipf_givesEachRankAKeyOfItsOwn_andNeighboursAreApart(long keys) {
        ZipfKeys chooser = new ZipfKeys(keys, 1, new SplittableRandom(1));
        boolean[] seen = new boolean[Math.toIntExact(keys)];
        for (long rank = 1; rank <= keys; rank++) {
            int index = Math.toIntExact(chooser.indexOf(rank));
            assertThat(seen[index]).isFalse();
            seen[index] = true;
        }
        if (keys > 10) {
            assertThat(Math.abs(chooser.indexOf(1) - chooser.indexOf(2))).isGreaterThan(keys / 4);
        }
    }

    @Test
    void zipf_ofTheMostKeys_staysInTheRange() throws Exception {
        Seeds.run(seed -> {
            long keys = 1_000_000_000;
            ZipfKeys chooser = new ZipfKeys(keys, 0.01, new SplittableRandom(seed));
            for (int i = 0; i < 100_000; i++) {
                assertThat(chooser.next()).isBetween(0L, keys - 1);
            }
        });
    }

    @Test
    void uniform_drawsEachKeyAsOftenAsAnyOther() throws Exception {
        Seeds.run(seed -> {
            int keys = 100;
            KeyChooser chooser = KeyDistribution.parse("uniform").chooser(keys, 0, 1, new SplittableRandom(seed));
            long[] counts = draw(chooser, keys);
            for (int index = 0; index < keys; index++) {
                requireShare("key " + index, counts[index], 1.0 / keys);
            }
        });
    }

    @Test
    void sequential_walksAlongTheRangeWithAllWorkersTogether_andBeginsAnew() {
        KeyDistribution sequential = KeyDistribution.parse("sequential");
        KeyChooser first = sequential.chooser(5, 0, 2, new SplittableRandom(1));
        KeyChooser second = sequential.chooser(5, 1, 2, new SplittableRandom(1));
        long[] indices = IntStream.range(0, 10)
                .mapToLong(i -> (i % 2 == 0 ? first : second).next())
                .toArray();
        assertThat(indices).containsExactly(0, 1, 2, 3, 4, 0, 1, 2, 3, 4);
    }

    @ParameterizedTest
    @CsvSource({
        "uniform, uniform",
        "sequential, sequential",
        "zipf, zipf:0.99",
        "zipf:1.2, zipf:1.2",
        "zipf:3, zipf:3.0"
    })
    void name_isRead(String text, String read) {
        assertThat(KeyDistribution.parse(text)).hasToString(read);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "zip", "zipf:", "zipf:0", "zipf:10.1", "zipf:-1", "zipf:x", "uniform:1", "Uniform"})
    void otherName_isRefusedAndNamed(String text) {
        assertThatThrownBy(() -> KeyDistribution.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }
}
