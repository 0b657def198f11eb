package dev.kvdb.server;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.vertx.http.HttpServerStart;
import io.quarkus.vertx.http.HttpsServerStart;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletableFuture;

/**
 * Hears that the HTTP server listens. Quarkus starts it last, when the store may be open already. In dev mode it
 * outlives the application, and tells of its start once only, so it is taken for listening there.
 *
 * <p>Safe for use by several threads.
 */
@Singleton
class HttpSignal {

    private final CompletableFuture<Void> listens = new CompletableFuture<>();

    HttpSignal() {
        if (LaunchMode.current() == LaunchMode.DEVELOPMENT) {
            listens.complete(null);
        }
    }

    void started(@ObservesAsync HttpServerStart event) {
        listens.complete(null);
    }

    void startedWithTls(@ObservesAsync HttpsServerStart event) {
        listens.complete(null);
    }

    /**
     * Runs something when the server listens: now, or in the thread that tells of it. Never, where it cannot listen.
     */
    void whenListening(Runnable action) {
        CompletableFuture<Void> unused = listens.thenRun(action);
    }
}
