package dev.kvdb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;

/** The stores that are measured. */
enum PeerKind {
    /** kvdb as a server uses it: many writes are on their way at a time. */
    KVDB("kvdb"),
    /** kvdb as a simple caller uses it: each thread waits for each of its writes. */
    KVDB_BLOCKING("kvdb-blocking"),
    ROCKSDB("rocksdb"),
    LMDB("lmdb"),
    MVSTORE("mvstore");

    /** Opens to LMDB's byte buffers what they need, and turns off checks of its binding that cost time. */
    static final List<String> JVM_OPTIONS = List.of(
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "-Dlmdbjava.disable.checks=true");

    private final String word;

    PeerKind(String word) {
        this.word = word;
    }

    /** The name on the command line and in tables. */
    String word() {
        return word;
    }

    static PeerKind ofWord(String word) {
        return Arrays.stream(values())
                .filter(kind -> kind.word.equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + word + "' is none of the stores: "
                        + String.join(
                                ", ",
                                Arrays.stream(values()).map(PeerKind::word).toList())));
    }

    /** Opens a store, making a new one where there is none. */
    Peer open(PeerOptions options) throws IOException {
        Files.createDirectories(options.directory());
        return switch (this) {
            case KVDB -> new KvdbPeer(options, KvdbPeer.WRITES_IN_FLIGHT_MAX);
            case KVDB_BLOCKING -> new KvdbPeer(options, 1);
            case ROCKSDB -> RocksDbPeer.open(options);
            case LMDB -> new LmdbPeer(options);
            case MVSTORE -> new MvStorePeer(options);
        };
    }
}
