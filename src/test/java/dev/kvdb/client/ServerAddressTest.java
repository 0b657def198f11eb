package dev.kvdb.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerAddressTest {

    @ParameterizedTest
    @CsvSource({
        "localhost:50051, localhost, 50051",
        "localhost, localhost, 50051",
        "db-1.example.org:7, db-1.example.org, 7",
        "db1.:7, db1., 7",
        "7up, 7up, 50051",
        "127.0.0.1:0, 127.0.0.1, 0",
        "http://localhost:9000, localhost, 9000",
        "HTTP://localhost/, localhost, 50051",
        "[::1], ::1, 50051",
        "[::1]:50051, ::1, 50051",
        "http://[::1]:65535, ::1, 65535",
        "http://[::1]/, ::1, 50051",
        "[2001:db8::7]:1, 2001:db8::7, 1",
        "' localhost:1 ', localhost, 1",
    })
    void parse_acceptedForm_yieldsHostAndPort(String text, String host, int port) {
        assertThat(ServerAddress.parse(text)).isEqualTo(new ServerAddress(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":50051",
                "localhost:",
                "localhost:port",
                "localhost:-1",
                "localhost:65536",
                "localhost:999999",
                "::1",
                "::1:50051",
                "[::1",
                "[::1]50051",
                "[::1]:",
                "[localhost]:1",
                "[]:1",
                "https://localhost:1",
                "ftp://localhost:1",
                "http://localhost:1/path",
                "a b:1",
                "my_host:1",
                "user@host:1",
                "-host:1",
                "a..b:1",
                ".",
                "256.1.1.1:5",
                "1.2.3:4",
                "17:1",
            })
    void parse_anythingElse_isRefusedWithTheText(String text) {
        assertThatThrownBy(() -> ServerAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is not a server address");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:50051", "[::1]:50051", "127.0.0.1:1"})
    void toString_ofParsed_parsesToTheSame(String text) {
        assertThat(ServerAddress.parse(text)).hasToString(text);
    }
}
