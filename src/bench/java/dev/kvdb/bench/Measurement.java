package dev.kvdb.bench;

/**
 * What was measured of one store in one round.
 *
 * @param workload the name of the case
 * @param peer the store's name; "machine" where there is none
 * @param round from 1 on
 * @param outcome the figures
 */
record Measurement(String workload, String peer, int round, Outcome outcome) {}
