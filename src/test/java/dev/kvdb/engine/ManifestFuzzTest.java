package dev.kvdb.engine;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kvdb.engine.format.Crc32c;
import dev.kvdb.engine.format.Manifest;
import dev.kvdb.engine.format.Manifest.SegmentEntry;
import dev.kvdb.engine.format.SegmentHeader.Kind;
import dev.kvdb.testkit.CrashingFileSystem;
import dev.kvdb.testkit.FuzzInput;
import dev.kvdb.testkit.Logs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** Manifests that a fuzzer made: any bytes, bytes with the right checksum, and a real one with other numbers in it. */
class ManifestFuzzTest {

    static {
        Logs.silenceEngine();
    }

    private static final CrashingFileSystem SEALED = VerificationScenario.smallStore();
    private static final FuzzedTail TAIL = FuzzedTail.write();
    private static final String MANIFEST = "MANIFEST";
    private static final long[] KEYS = LongStream.range(0, 12).toArray();

    @FuzzTest
    void manifest_isReadForWhatItIsOrRefused(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        if (input.oneOf(4) == 0) {
            anyBytesAsAManifest(input);
        } else {
            manifestWithOtherNumbers(input);
        }
    }

    private static void anyBytesAsAManifest(FuzzInput input) {
        FuzzedStore store = new FuzzedStore(input.oneOf(2) == 0 ? SEALED : TAIL.disk());
        boolean checksum = input.oneOf(2) == 0;
        byte[] real = store.contents(MANIFEST);
        byte[] bytes = input.oneOf(2) == 0 ? input.rest() : changed(real, input);
        if (checksum && bytes.length > Integer.BYTES) {
            int end = bytes.length - Integer.BYTES;
            ByteBuffer.wrap(bytes).putInt(end, Crc32c.of(Arrays.copyOf(bytes, end)));
        }
        store.put(MANIFEST, bytes).check(KEYS);
    }

    private static void manifestWithOtherNumbers(FuzzInput input) {
        FuzzedStore store = new FuzzedStore(input.oneOf(2) == 0 ? SEALED : TAIL.disk());
        if (input.oneOf(2) == 0) {
            store.delete("SNAPSHOT");
        }
        Manifest real = Manifest.decode(ByteBuffer.wrap(store.contents(MANIFEST)), MANIFEST);
        List<SegmentEntry> segments = new ArrayList<>();
        for (SegmentEntry entry : real.segments()) {
            if (input.oneOf(4) < 3) {
                segments.add(changed(entry, input));
            }
        }
        while (!input.isEmpty() && segments.size() < 8) {
            segments.add(changed(real.segments().get(input.oneOf(real.segments().size())), input));
        }
        long floor = input.oneOf(2) == 0 ? real.versionFloor() : input.number();
        int nextId = input.oneOf(2) == 0 ? real.nextSegmentId() : (int) input.number();
        store.put(
                        MANIFEST,
                        new Manifest(real.storeId(), floor, nextId, segments)
                                .encode()
                                .array())
                .check(KEYS);
    }

    private static SegmentEntry changed(SegmentEntry entry, FuzzInput input) {
        return switch (input.oneOf(6)) {
            case 0 -> new SegmentEntry((int) input.number(), entry.kind(), entry.sealed(), entry.length());
            case 1 ->
                new SegmentEntry(
                        entry.id(),
                        entry.kind() == Kind.APPENDED ? Kind.REWRITTEN : Kind.APPENDED,
                        entry.sealed(),
                        entry.length());
            case 2 -> new SegmentEntry(entry.id(), entry.kind(), !entry.sealed(), entry.length());
            case 3 -> new SegmentEntry(entry.id(), entry.kind(), entry.sealed(), input.number());
            case 4 -> new SegmentEntry(entry.id(), entry.kind(), true, input.number());
            default -> entry;
        };
    }

    private static byte[] changed(byte[] bytes, FuzzInput input) {
        byte[] changed = bytes.clone();
        while (!input.isEmpty()) {
            changed[input.oneOf(bytes.length)] = (byte) input.oneOf(256);
        }
        return changed;
    }
}
