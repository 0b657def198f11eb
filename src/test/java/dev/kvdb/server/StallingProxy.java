package dev.kvdb.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/** Passes one connection on to a server until it is told to stall: then neither side hears of the other any more. */
final class StallingProxy implements AutoCloseable {

    private final ServerSocket listener;
    private final int serverPort;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean stalled;

    StallingProxy(int serverPort) {
        this.serverPort = serverPort;
        try {
            listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** From now on nothing passes; both connections stay open. */
    void stall() {
        stalled = true;
    }

    private void accept() throws IOException, InterruptedException {
        try (Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort)) {
            start(() -> pass(client, server));
            start(() -> pass(server, client));
            closed.await();
        }
    }

    private void pass(Socket from, Socket to) throws IOException, InterruptedException {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] buffer = new byte[8_192];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            if (stalled) {
                closed.await();
            }
            out.write(buffer, 0, read);
        }
    }

    /** Something that ends with the sockets. */
    private interface Step {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Step step) {
        Thread thread = new Thread(
                () -> {
                    try {
                        step.run();
                    } catch (IOException | InterruptedException e) {
                        // A socket was closed: the test has ended, or the server has given the connection up.
                    }
                },
                "stalling proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
