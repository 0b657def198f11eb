package dev.kvdb.client;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * Where a server listens: a host and a TCP port. Immutable.
 *
 * @param host a DNS name, an IPv4 address, or an IPv6 address without brackets
 * @param port 0 to 65535; 0 only makes sense for listening, where it means any free port
 */
public record ServerAddress(String host, int port) {

    /** The port that kvdb listens on unless told otherwise. */
    public static final int PORT_DEFAULT = 50051;

    private static final int PORT_MAX = 65_535;
    private static final String HTTP = "http://";
    private static final Pattern NAME = Pattern.compile("(?![0-9]+$)[A-Za-z0-9.-]+");
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,5}");

    /** @throws IllegalArgumentException where the port is out of its range or the host is empty */
    public ServerAddress {
        if (host.isEmpty()) {
            throw new IllegalArgumentException("the host is missing");
        }
        if (port < 0 || port > PORT_MAX) {
            throw new IllegalArgumentException("port " + port + " is not from 0 to " + PORT_MAX);
        }
    }

    /**
     * Reads {@code host}, {@code host:port}, {@code [::1]}, {@code [::1]:port}, each optionally after {@code http://}.
     * The port is {@value #PORT_DEFAULT} where it is not named.
     *
     * @throws IllegalArgumentException where the text is anything else; the message says what is wrong with it
     */
    public static ServerAddress parse(String text) {
        String rest = text.strip();
        if (rest.regionMatches(true, 0, "https://", 0, "https://".length())) {
            throw refused(text, "TLS is not supported; write http://");
        }
        if (rest.regionMatches(true, 0, HTTP, 0, HTTP.length())) {
            rest = rest.substring(HTTP.length());
            if (rest.endsWith("/")) {
                rest = rest.substring(0, rest.length() - 1);
            }
        }
        if (rest.startsWith("[")) {
            return parseBracketed(text, rest);
        }
        int colon = rest.indexOf(':');
        if (colon != rest.lastIndexOf(':')) {
            throw refused(text, "write an IPv6 address in brackets, as [::1]:" + PORT_DEFAULT);
        }
        String host = colon < 0 ? rest : rest.substring(0, colon);
        if (!isNameOrIpv4(host)) {
            throw refused(
                    text,
                    host.isEmpty()
                            ? "the host is missing"
                            : "'" + host + "' is neither a host name nor an IPv4 address");
        }
        return new ServerAddress(host, colon < 0 ? PORT_DEFAULT : parsePort(text, rest.substring(colon + 1)));
    }

    private static ServerAddress parseBracketed(String text, String rest) {
        int end = rest.indexOf(']');
        if (end < 0) {
            throw refused(text, "the closing bracket is missing");
        }
        String host = rest.substring(1, end);
        String tail = rest.substring(end + 1);
        if (!isIpv6(host)) {
            throw refused(text, "'" + host + "' is not an IPv6 address");
        }
        if (tail.isEmpty()) {
            return new ServerAddress(host, PORT_DEFAULT);
        }
        if (!tail.startsWith(":")) {
            throw refused(text, "':' and a port must follow the closing bracket");
        }
        return new ServerAddress(host, parsePort(text, tail.substring(1)));
    }

    private static int parsePort(String text, String digits) {
        int port = DIGITS.matcher(digits).matches() ? Integer.parseInt(digits) : -1;
        if (port < 0 || port > PORT_MAX) {
            throw refused(text, "'" + digits + "' is not a port from 0 to " + PORT_MAX);
        }
        return port;
    }

    /** By the rules that gRPC holds an authority to, or it would fail only when connecting: no {@code _} in a name. */
    private static boolean isNameOrIpv4(String host) {
        if (!NAME.matcher(host).matches()) {
            return false;
        }
        try {
            return host.equals(new URI(null, null, host, PORT_DEFAULT, null, null, null).getHost());
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean isIpv6(String host) {
        if (host.indexOf(':') < 0) {
            return false;
        }
        try {
            // A host with a colon is parsed as a literal and never looked up.
            return InetAddress.getByName(host) != null;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static IllegalArgumentException refused(String text, String why) {
        return new IllegalArgumentException("'" + text + "' is not a server address (HOST:PORT): " + why);
    }

    /** Whether the host is an address, not a name that needs looking up. */
    boolean isLiteral() {
        return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    }

    /** {@code host:port}, an IPv6 host in brackets. */
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
