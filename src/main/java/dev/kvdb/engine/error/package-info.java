/**
 * The closed family of storage errors.
 *
 * <p>Everything the engine can refuse or fail with is a subclass of {@link dev.kvdb.engine.error.StoreException}. Each
 * names what a reader needs to act: the file, the offset, what was expected and what was found.
 *
 * <p>May use: {@code java.*} only. Threads: all types are immutable.
 */
@NullMarked
package dev.kvdb.engine.error;

import org.jspecify.annotations.NullMarked;
