/**
 * A cache of values, bounded by bytes.
 *
 * <p>May use: {@code java.*} and Caffeine. Threads: safe for use by several.
 */
@NullMarked
package dev.kvdb.engine.cache;

import org.jspecify.annotations.NullMarked;
