package dev.kvdb.bench;

/**
 * One figure of a measurement.
 *
 * @param name what it is, unique in its measurement
 * @param unit its unit
 * @param value how much
 * @param better which way is better
 */
record Figure(String name, String unit, double value, Better better) {

    /** Which way is better. */
    enum Better {
        HIGHER,
        LOWER,
    }

    static Figure higher(String name, String unit, double value) {
        return new Figure(name, unit, value, Better.HIGHER);
    }

    static Figure lower(String name, String unit, double value) {
        return new Figure(name, unit, value, Better.LOWER);
    }
}
