package dev.kvdb.engine.log;

import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.InterleavedOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;

/**
 * Readers that pin a segment while others close its file to make room, and while a collection retires it. A read works
 * until the segment is retired and is refused from then on; it never meets a closed file. In the end at most one file
 * is open, and none of a retired segment.
 */
public final class PinOperations implements InterleavedOperations {

    private static final LogFixture MADE = new LogFixture();
    private static final Segment WRITTEN = written();

    private final CrashingFileSystem disk = MADE.disk.copy();
    private final Segment segment =
            Segment.sealed(WRITTEN.header(), new StoreDirectory(disk, disk.root()), WRITTEN.length());
    private volatile boolean retired;

    /** Whether the segment's file could be read. */
    @Operation
    public boolean read() throws IOException {
        if (!segment.pin()) {
            return false;
        }
        try {
            return segment.file().read(ByteBuffer.allocate(1), 0) == 1;
        } finally {
            segment.unpin();
        }
    }

    /** Asks twice, since the first time a segment is spared that was just used. */
    @Operation
    public void park() {
        segment.park();
        segment.park();
    }

    @Operation
    public void retire() {
        segment.retire();
        retired = true;
    }

    /** At the end of each scenario. */
    @Validate
    public void noFileIsLeftOpen() {
        int open = disk.openHandles().size();
        if (open > (retired ? 0 : 1)) {
            throw new IllegalStateException(open + " open files, retired: " + retired);
        }
    }

    @Override
    public Class<?> specification() {
        return Specification.class;
    }

    @Override
    public List<ManagedStrategyGuarantee> guarantees() {
        return List.of(ManagedStrategyGuaranteeKt.forClasses(
                        name -> name.startsWith("dev.kvdb.testkit.") || name.equals(StoreDirectory.class.getName()))
                .allMethods()
                .treatAsAtomic());
    }

    private static Segment written() {
        try {
            return MADE.sealed(1, 1, 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the operations must do, one after another. */
    public static final class Specification {

        private boolean retired;

        public boolean read() {
            return !retired;
        }

        public void park() {}

        public void retire() {
            retired = true;
        }
    }
}
