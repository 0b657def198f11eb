package dev.kvdb.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvdb.engine.env.Environment;
import dev.kvdb.engine.env.StoreFile;
import dev.kvdb.engine.format.FrameHeader;
import dev.kvdb.engine.format.Mark;
import dev.kvdb.engine.format.SegmentHeader;
import dev.kvdb.engine.log.SegmentAppender;
import dev.kvdb.engine.log.SegmentScanner;
import dev.kvdb.engine.log.StoreDirectory;
import dev.kvdb.testkit.CrashingFileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The worked example of {@code docs/format.md}: its bytes are decoded, and each field that it states is compared. */
class FormatExampleTest {

    private static final Path DOCUMENT = Path.of("docs", "format.md");
    private static final String BEGIN = "```hex\n";
    private static final String END = "```\n";
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    private final CrashingFileSystem disk = new CrashingFileSystem();
    private final StringBuilder rendered = new StringBuilder();
    private byte[] bytes = {};
    private int at;

    @Test
    void hexOfTheDocument_isWhatItSaysItIs() throws IOException {
        String stated = exampleInTheDocument();
        bytes = bytesOf(stated);

        assertThat(render()).isEqualTo(stated);
    }

    @Test
    void hexOfTheDocument_isWhatThisBuildWrites() throws IOException {
        assertThat(HEX.formatHex(bytesOf(exampleInTheDocument()))).isEqualTo(HEX.formatHex(written()));
    }

    private byte[] written() throws IOException {
        SegmentHeader header = new SegmentHeader(
                SegmentHeader.Kind.APPENDED,
                UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
                2,
                7,
                0,
                new SegmentHeader.Previous(1, 4096, 6),
                0x0123_4567_89AB_CDEFL);
        StoreDirectory directory = new StoreDirectory(disk, disk.root());
        StoreFile file = SegmentAppender.create(directory, "0000000002.log", header);
        SegmentAppender appender =
                new SegmentAppender(directory, header, file, ByteBuffer.allocate(SegmentAppender.BUFFER_BYTES));
        byte[] value = "hello".getBytes(StandardCharsets.US_ASCII);
        appender.mark();
        appender.append(FrameHeader.ofSet(7, 42, value), ByteBuffer.wrap(value));
        appender.append(FrameHeader.ofRemove(8, 42), ByteBuffer.allocate(0));
        appender.finish();
        return disk.contents(disk.path("0000000002.log"));
    }

    /** The whole example, its fields as this build decodes them. */
    private String render() throws IOException {
        SegmentHeader header = SegmentHeader.decode(ByteBuffer.wrap(bytes), "the example");
        section("segment header");
        line(8, "magic \"KVDBSEG\\n\"");
        line(2, "format version " + SegmentHeader.FORMAT_VERSION);
        line(2, "header length " + SegmentHeader.BYTES);
        line(1, "kind " + header.kind());
        line(3, "zeros");
        line(8, "compatible features: none");
        line(8, "incompatible features: none");
        line(16, "store id " + header.storeId());
        line(8, "segment id " + header.segmentId());
        line(8, "first version " + header.firstVersion());
        line(8, "liveAsOf " + header.liveAsOf());
        line(8, "previous segment's id " + header.previous().segmentId());
        line(8, "previous segment's length " + header.previous().length());
        line(8, "previous segment's last version " + header.previous().lastVersion());
        line(8, "salt 0x" + HexFormat.of().toHexDigits(header.salt()));
        line(20, "zeros");
        line(4, "CRC-32C of the 124 bytes before");
        disk.put(disk.path("example"), bytes);
        SegmentScanner scanner =
                new SegmentScanner(disk.openForReading(disk.path("example")), "the example", header, bytes.length);
        while (scanner.next()) {
            assertThat(scanner.valueIntact()).isTrue();
            assertThat(scanner.offset()).isEqualTo(at);
            frame(scanner);
        }
        assertThat(scanner.atEnd()).as("all bytes are frames").isTrue();
        return rendered.toString();
    }

    private void frame(SegmentScanner scanner) throws IOException {
        FrameHeader frame = scanner.frame();
        section(frame.kind().toString().toLowerCase(Locale.ROOT));
        line(4, "headerCrc");
        line(8, (frame.kind() == FrameHeader.Kind.MARK ? "last version " : "version ") + frame.version());
        line(4, frame.valueBytes() == 0 ? "valueCrc: no value" : "valueCrc");
        line(1, "op: kind " + frame.kind() + ", no flags");
        line(8, (frame.kind() == FrameHeader.Kind.MARK ? "its own offset " : "key ") + frame.key());
        if (frame.kind() == FrameHeader.Kind.REMOVE) {
            return;
        }
        line(8, "size " + frame.valueBytes());
        if (frame.kind() == FrameHeader.Kind.SET) {
            String value = new String(bytes, at, frame.valueBytes(), StandardCharsets.US_ASCII);
            line(frame.valueBytes(), "value \"" + value + "\"");
        } else {
            Mark mark = scanner.mark().orElseThrow();
            line(16, "store id " + mark.storeId());
            line(8, "segment id " + mark.segmentId());
            line(8, "durableTo " + mark.durableTo());
        }
    }

    private void section(String name) {
        rendered.append("# ").append(name).append(" at ").append(at).append('\n');
    }

    /** Lines of eight bytes, the first of them with the meaning. */
    private void line(int count, String meaning) {
        for (int done = 0; done < count; done += 8) {
            int part = Math.min(8, count - done);
            String hex = HEX.formatHex(bytes, at, at + part);
            String text = "%04d  %-23s  %s".formatted(at, hex, done == 0 ? meaning : "...");
            rendered.append(text).append('\n');
            at += part;
        }
    }

    private static byte[] bytesOf(String example) {
        StringBuilder hex = new StringBuilder();
        example.lines()
                .filter(line -> !line.startsWith("#"))
                .forEach(line -> hex.append(line.substring(6, 29).replace(" ", "")));
        return HexFormat.of().parseHex(hex);
    }

    private static String exampleInTheDocument() throws IOException {
        String text;
        try (StoreFile file = Environment.system().files().openForReading(DOCUMENT)) {
            ByteBuffer content = ByteBuffer.allocate((int) file.size());
            file.read(content, 0);
            text = StandardCharsets.UTF_8.decode(content.flip()).toString();
        }
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        assertThat(begin).as("the hex block of " + DOCUMENT).isGreaterThan(BEGIN.length());
        return text.substring(begin, text.indexOf(END, begin));
    }
}
