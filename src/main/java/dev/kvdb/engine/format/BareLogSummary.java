package dev.kvdb.engine.format;

/**
 * What a bare log holds.
 *
 * @param sets entries that set a value
 * @param removes entries that remove one
 * @param valueBytesMax bytes of the largest value, 0 where there is none
 * @param valueBytesMaxOffset where in the file the entry with the largest value begins
 */
public record BareLogSummary(long sets, long removes, long valueBytesMax, long valueBytesMaxOffset) {}
