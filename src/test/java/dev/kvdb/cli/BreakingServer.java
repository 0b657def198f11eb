package dev.kvdb.cli;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Speaks HTTP/2 until it gets a call, and then breaks the connection. Serves one. */
final class BreakingServer implements AutoCloseable {

    private static final int PREFACE_BYTES = 24;
    private static final int HEADERS = 1;
    private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

    private final ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());

    BreakingServer() throws IOException {
        Thread thread = new Thread(this::serve, "breaking-server");
        thread.setDaemon(true);
        thread.start();
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    private void serve() {
        try (Socket socket = listening.accept()) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.skipNBytes(PREFACE_BYTES);
            socket.getOutputStream().write(EMPTY_SETTINGS);
            int type;
            do {
                int length = (in.readUnsignedByte() << Short.SIZE) | in.readUnsignedShort();
                type = in.readUnsignedByte();
                // Flags, and the stream's number.
                in.skipNBytes(1 + Integer.BYTES + length);
            } while (type != HEADERS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
