package dev.kvdb.server;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A TCP connection to a gRPC port on which a test says what it likes: HTTP/2 frames (RFC 9113, headers without
 * compression as in RFC 7541, 6.2.2), parts of them, or anything else. What the server says is looked at only where a
 * test asks for it.
 */
final class RawConnection implements AutoCloseable {

    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int CONTINUATION = 9;

    static final int END_HEADERS = 4;
    static final int ACK = 1;
    static final int NO_FLAGS = 0;

    private static final int PATIENCE_MILLIS = 60_000;
    private static final int SHORT_STRING_MAX = 127;
    private static final int FRAME_BYTES_MAX = 16 * 1024;
    private static final int MESSAGE_PREFIX_BYTES = 5;

    private final Socket socket;
    private final DataOutputStream out;

    /** What the server sent. */
    record Frame(int type, int flags, byte[] payload) {

        boolean isAcknowledgement() {
            return (flags & ACK) != 0;
        }
    }

    RawConnection(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        out = new DataOutputStream(socket.getOutputStream());
    }

    /** Has what is being sent end in an error after a minute, where the server reads no more of it. */
    RawConnection withPatience() {
        CompletableFuture.delayedExecutor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                .execute(() -> {
                    try {
                        close();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        return this;
    }

    RawConnection send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
        return this;
    }

    /** What an HTTP/2 client begins with. */
    RawConnection preface() throws IOException {
        send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return frame(SETTINGS, NO_FLAGS, 0, new byte[0]);
    }

    /** Accepts what the server has set, its limit on streams above all; until then HTTP/2 does not apply it. */
    RawConnection acknowledgeSettings() throws IOException {
        return frame(SETTINGS, ACK, 0, new byte[0]);
    }

    RawConnection frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(frame);
        data.writeByte(payload.length >> 16);
        data.writeShort(payload.length);
        data.writeByte(type);
        data.writeByte(flags);
        data.writeInt(stream);
        data.write(payload);
        return send(frame.toByteArray());
    }

    /** Begins a call; its request is still to come. */
    RawConnection call(int stream, String path) throws IOException {
        return frame(HEADERS, END_HEADERS, stream, callHeaders(path));
    }

    /** Sends a message of a call in whole, and no end of the call. */
    RawConnection message(int stream, byte[] message) throws IOException {
        ByteBuffer framed = ByteBuffer.allocate(MESSAGE_PREFIX_BYTES + message.length)
                .put((byte) 0)
                .putInt(message.length)
                .put(message)
                .flip();
        while (framed.hasRemaining()) {
            byte[] part = new byte[Math.min(framed.remaining(), FRAME_BYTES_MAX)];
            framed.get(part);
            frame(DATA, NO_FLAGS, stream, part);
        }
        return this;
    }

    /** The headers of a call. */
    static byte[] callHeaders(String path) throws IOException {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        header(headers, ":method", "POST");
        header(headers, ":scheme", "http");
        header(headers, ":path", path);
        header(headers, ":authority", "localhost");
        header(headers, "content-type", "application/grpc");
        header(headers, "te", "trailers");
        return headers.toByteArray();
    }

    /** Adds a header, neither of which parts is longer than 127 characters. */
    static void header(ByteArrayOutputStream headers, String name, String value) throws IOException {
        headers.write(0);
        for (String part : new String[] {name, value}) {
            byte[] bytes = part.getBytes(StandardCharsets.US_ASCII);
            if (bytes.length > SHORT_STRING_MAX) {
                throw new IllegalArgumentException("too long: " + part);
            }
            headers.write(bytes.length);
            headers.write(bytes);
        }
    }

    /** The next frame that the server sends. */
    Frame nextFrame() throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        in.skipNBytes(Integer.BYTES);
        byte[] payload = new byte[length];
        in.readFully(payload);
        return new Frame(type, flags, payload);
    }

    /** Pings, and waits for the answer: that to the ping, or a farewell. */
    Frame ping() throws IOException {
        frame(PING, NO_FLAGS, 0, new byte[Long.BYTES]);
        Frame answer = nextFrame();
        while (answer.type() != GOAWAY && !(answer.type() == PING && answer.isAcknowledgement())) {
            answer = nextFrame();
        }
        return answer;
    }

    /** Waits until the server has looked at all that was sent, or has closed the connection. */
    void awaitProcessed() throws IOException {
        try {
            ping();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server does not answer", e);
        } catch (EOFException | SocketException e) {
            // It has closed it.
        }
    }

    /** Waits until the server has closed the connection. */
    void awaitClosedByServer() throws IOException {
        InputStream in = socket.getInputStream();
        byte[] ignored = new byte[4096];
        try {
            while (in.read(ignored) >= 0) {
                // Whatever it says before.
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server keeps the connection open", e);
        } catch (IOException e) {
            // A reset is an end as well.
        }
    }

    /** Goes away without a word: the server gets a reset. */
    void reset() throws IOException {
        if (!socket.isClosed()) {
            socket.setSoLinger(true, 0);
        }
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
