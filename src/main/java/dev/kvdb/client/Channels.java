package dev.kvdb.client;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;

/** Makes the connections of all clients alike. */
final class Channels {

    private Channels() {}

    /** A channel that connects when its first call needs it. Its replies arrive in the event loop's thread. */
    static ManagedChannel open(ServerAddress address, ClientOptions options, NioEventLoopGroup eventLoop) {
        // A name goes through gRPC's resolver, which tries each of its addresses: "localhost" may be ::1 or 127.0.0.1.
        NettyChannelBuilder builder = address.isLiteral()
                ? NettyChannelBuilder.forAddress(new InetSocketAddress(address.host(), address.port()))
                : NettyChannelBuilder.forAddress(address.host(), address.port());
        return builder.usePlaintext()
                .eventLoopGroup(eventLoop)
                .channelType(NioSocketChannel.class, InetSocketAddress.class)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(options.timeoutMillis(), Integer.MAX_VALUE))
                .maxInboundMessageSize(options.messageBytesMax())
                .disableServiceConfigLookUp()
                .proxyDetector(target -> null)
                .disableRetry()
                .directExecutor()
                .build();
    }
}
