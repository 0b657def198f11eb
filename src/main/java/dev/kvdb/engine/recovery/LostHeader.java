package dev.kvdb.engine.recovery;

import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.LostSalt;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.SegmentScanner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Finds what a segment's lost header must have said for its frames to have the checksums that they have. A mark gives a
 * salt; it counts where another frame confirms it, since the mark may be damaged too.
 */
final class LostHeader {

    private static final int WINDOW_BYTES = 256 * 1024;

    private LostHeader() {}

    /**
     * Searches the whole segment.
     *
     * @param known the header as far as it is known from elsewhere; its salt does not count
     * @return empty where no two frames agree on a salt: nothing in the segment can be verified
     */
    static Optional<SegmentHeader> find(StoreFile file, String path, SegmentHeader known) throws IOException {
        long end = file.size();
        Map<Long, Integer> salts = new HashMap<>();
        ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES);
        for (long start = SegmentHeader.BYTES; start < end; start += WINDOW_BYTES - Mark.FRAME_BYTES) {
            window.clear();
            file.read(window, start);
            window.flip();
            for (int at = 0; at + Mark.FRAME_BYTES <= window.limit(); at++) {
                Optional<SegmentHeader> salted = LostSalt.saltedByMark(window, at, known, start + at);
                if (salted.isPresent()) {
                    boolean confirmed = salts.merge(salted.get().salt(), 1, Integer::sum) > 1
                            || isConfirmed(file, path, salted.get(), start + at, end);
                    if (confirmed) {
                        return salted;
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isConfirmed(StoreFile file, String path, SegmentHeader header, long mark, long end)
            throws IOException {
        SegmentScanner scanner = new SegmentScanner(file, path, header, end);
        if (mark != SegmentHeader.BYTES && scanner.next()) {
            return true;
        }
        scanner.resumeAt(mark);
        boolean isFrame = scanner.next();
        return isFrame && scanner.next();
    }
}
