package dev.kvdb.bench;

import java.util.List;

/**
 * What a child process measured.
 *
 * @param settings the store's settings, for a person; empty where there is no store
 * @param checked how many values were read and compared with what was written
 * @param figures what was measured
 * @param curves and what of it belongs into plots
 */
record Outcome(String settings, long checked, List<Figure> figures, List<Curve> curves) {

    Outcome(String settings, long checked, List<Figure> figures) {
        this(settings, checked, figures, List.of());
    }

    /** The figure of this name. */
    double value(String name) {
        return figures.stream()
                .filter(figure -> figure.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the measurement has no figure '" + name + "'"))
                .value();
    }
}
