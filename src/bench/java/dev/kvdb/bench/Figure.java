package dev.kvdb.bench;

/**
 * One figure of a measurement.
 *
 * @param name what it is, unique in its measurement
 * @param unit its unit
 * @param value how much
 * @param better which way is better
 * @param comparable whether it means the same as the figures of that name of other stores
 */
record Figure(String name, String unit, double value, Better better, boolean comparable) {

    /** Which way is better. */
    enum Better {
        HIGHER,
        LOWER,
    }

    static Figure higher(String name, String unit, double value) {
        return new Figure(name, unit, value, Better.HIGHER, true);
    }

    static Figure lower(String name, String unit, double value) {
        return new Figure(name, unit, value, Better.LOWER, true);
    }

    /** This figure, to be divided by no other store's where it is not comparable. */
    Figure comparable(boolean isComparable) {
        return new Figure(name, unit, value, better, isComparable);
    }

    /** Such a figure of another value. */
    Figure with(String otherUnit, double otherValue) {
        return new Figure(name, otherUnit, otherValue, better, comparable);
    }
}
