package dev.kvdb.cli;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.util.concurrent.ExecutionException;

/** Answers each request with a status and a page, over HTTP/2 too, as kvdb's HTTP port or a gateway does. */
final class PlainHttp2Server implements AutoCloseable {

    private final Vertx vertx = Vertx.vertx();
    private final HttpServer server;

    PlainHttp2Server(int status) throws IOException {
        try {
            server = vertx.createHttpServer()
                    .requestHandler(request -> request.response()
                            .setStatusCode(status)
                            .putHeader("content-type", "text/html; charset=utf-8")
                            .end("<html><body>Resource not found</body></html>"))
                    .listen(0, "127.0.0.1")
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        }
    }

    String address() {
        return "127.0.0.1:" + server.actualPort();
    }

    @Override
    public void close() {
        vertx.close();
    }
}
