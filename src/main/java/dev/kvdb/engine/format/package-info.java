/**
 * Byte layouts: frames, marks, segment headers, the manifest, hints and snapshots, and the packed record location. The
 * same on one page is {@code docs/format.md}. All integers are big-endian.
 *
 * <p>Only this package knows an offset inside a file. It encodes into and decodes from buffers, and opens no file.
 *
 * <p>May use: {@code engine.error}. Threads: records are immutable, codecs have no state.
 */
@NullMarked
package dev.kvdb.engine.format;

import org.jspecify.annotations.NullMarked;
