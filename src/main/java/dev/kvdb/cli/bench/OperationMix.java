package dev.kvdb.cli.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** How often each operation is drawn, by weight. Immutable. */
public final class OperationMix {

    private static final Pattern PART = Pattern.compile("(get|set|remove)=([0-9]{1,6})");

    private final Map<Operation, Integer> weights;
    private final int total;

    private OperationMix(Map<Operation, Integer> weights, int total) {
        this.weights = weights;
        this.total = total;
    }

    /**
     * Reads for example {@code get=90,set=10}; an operation that is not named has the weight 0.
     *
     * @throws IllegalArgumentException where the text is anything else; the message says what is wrong with it
     */
    public static OperationMix parse(String text) {
        Map<Operation, Integer> weights = new EnumMap<>(Operation.class);
        for (String part : text.split(",", -1)) {
            Matcher matcher = PART.matcher(part);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("'" + text + "' is not a mix of operations"
                        + (part.equals(text) ? "" : ": '" + part + "'") + "; write for example get=90,set=10,remove=0");
            }
            Operation operation = Arrays.stream(Operation.values())
                    .filter(candidate -> candidate.label().equals(matcher.group(1)))
                    .findFirst()
                    .orElseThrow();
            if (weights.put(operation, Integer.valueOf(matcher.group(2))) != null) {
                throw new IllegalArgumentException("'" + text + "' names " + operation.label() + " twice");
            }
        }
        int total = weights.values().stream().mapToInt(Integer::intValue).sum();
        if (total == 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' leaves nothing to do; give an operation a weight over 0");
        }
        return new OperationMix(weights, total);
    }

    /** How often the operation is drawn, in proportion to the others. */
    public int weight(Operation operation) {
        return weights.getOrDefault(operation, 0);
    }

    /** Draws an operation. */
    Operation draw(SplittableRandom random) {
        int left = random.nextInt(total);
        for (Operation operation : Operation.values()) {
            left -= weight(operation);
            if (left < 0) {
                return operation;
            }
        }
        throw new AssertionError("the weights add up to the total");
    }

    /** As {@link #parse} reads it, all operations named. */
    @Override
    public String toString() {
        return Arrays.stream(Operation.values())
                .map(operation -> operation.label() + "=" + weight(operation))
                .collect(Collectors.joining(","));
    }
}
