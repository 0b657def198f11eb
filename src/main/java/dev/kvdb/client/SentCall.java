package dev.kvdb.client;

import io.grpc.Attributes;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;

/** Knows of one call whether it went out on a connection, so that the server may have seen it. */
final class SentCall extends ClientStreamTracer.Factory {

    private volatile boolean sent;

    @Override
    public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
        return new ClientStreamTracer() {
            @Override
            public void streamCreated(Attributes transport, Metadata sentHeaders) {
                sent = true;
            }
        };
    }

    boolean isSent() {
        return sent;
    }
}
