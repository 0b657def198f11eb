/**
 * The log: segment files, how they are appended to, read, scanned and listed in the manifest, and the hint files beside
 * them.
 *
 * <p>May use: {@code engine.env}, {@code engine.format}, {@code engine.error}. Threads:
 * {@link dev.kvdb.engine.log.Segments} and {@link dev.kvdb.engine.log.Segment} are shared by all; an appender, a
 * scanner or a reader of hints belongs to one thread.
 */
@NullMarked
package dev.kvdb.engine.log;

import org.jspecify.annotations.NullMarked;
