package dev.kvdb.testkit;

import dev.kvdb.client.ClientException;
import dev.kvdb.client.ClientOptions;
import dev.kvdb.client.KvdbClient;
import dev.kvdb.client.ServerAddress;
import dev.kvdb.client.StoredValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The load of the scripts in {@code src/test/scripts}: writes to a server, keeps an {@link AcknowledgedRecord}, and
 * holds the server to it.
 *
 * <pre>
 * AcknowledgedLoad MODE HOST:PORT RECORD [KEY=VALUE...]
 *   check    reads each key of the record and compares; then what was unknown is decided
 *   write    checks, then sets, removes and reads until the time is over or what was waited for has happened
 *   remove   removes a share of the keys, each of which must be acknowledged
 * </pre>
 *
 * <p>Prints one line of counts. Exits with 1 where the server broke a promise; each is a line on the standard error.
 */
public final class AcknowledgedLoad {

    /** What each writer still does after what it waited for: enough to see what is refused and what goes on. */
    private static final int OPERATIONS_AFTER = 25;

    private static final int RETRIES_WITHOUT_REPLY = 20;
    private static final int FINDINGS_SHOWN_MAX = 20;
    private static final int WRITER_KEYS_MAX = 10_000_000;
    /** What a client that is turned away waits before its next operation. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final String READ_ONLY = "READ_ONLY";
    private static final String IO_FAILED = "IO_FAILED";
    /** Replies to a write that was turned away at the door. */
    private static final Set<String> NOT_TAKEN = Set.of("OVERLOADED", "STARTING", "SHUTTING_DOWN");
    /** No reply: the write may still take effect, as long as the server lives. */
    private static final Set<String> NO_REPLY = Set.of("TIMED_OUT", "CONNECTION_LOST", "UNREACHABLE");
    /** The server is gone. */
    private static final Set<String> NO_SERVER = Set.of("CONNECTION_LOST", "UNREACHABLE");

    private final KvdbClient client;
    private final AcknowledgedRecord record;
    private final Settings settings;
    private final Consumer<String> told;
    private final Map<String, Integer> counts = new TreeMap<>();
    private final AtomicInteger findings = new AtomicInteger();
    private final AtomicInteger acknowledged = new AtomicInteger();
    private volatile boolean over;
    private volatile boolean readOnly;

    private AcknowledgedLoad(KvdbClient client, AcknowledgedRecord record, Settings settings, Consumer<String> told) {
        this.client = client;
        this.record = record;
        this.settings = settings;
        this.told = told;
    }

    /** How a load goes; each is a {@code KEY=VALUE} of the command line. */
    private record Settings(Map<String, String> given) {

        static Settings parse(List<String> words) {
            Map<String, String> given = words.stream()
                    .map(word -> word.split("=", 2))
                    .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
            Set<String> known = Set.of(
                    "seed",
                    "threads",
                    "keys",
                    "value-max",
                    "removes",
                    "reads",
                    "millis",
                    "timeout",
                    "until",
                    "collect",
                    "share",
                    "retries",
                    "pause",
                    "acks",
                    "stop");
            if (!known.containsAll(given.keySet())) {
                throw new IllegalArgumentException("known keys: " + known + ", given: " + given.keySet());
            }
            return new Settings(given);
        }

        int number(String key, int otherwise) {
            return Integer.parseInt(given.getOrDefault(key, String.valueOf(otherwise)));
        }

        /** Percent of operations that remove. */
        int removes() {
            return number("removes", 10);
        }

        /** Percent of operations that read. */
        int reads() {
            return number("reads", 10);
        }

        /** Outcomes after which the load ends soon. */
        Set<String> until() {
            return Set.of(given.getOrDefault("until", "").split(",", -1));
        }

        /** So many acknowledged writes end the load. */
        int acks() {
            return number("acks", Integer.MAX_VALUE);
        }

        /** Whether the load goes on until the disk under the server has gone. */
        boolean diskGoes() {
            return until().contains(READ_ONLY) && retries() == 0;
        }

        /** How often a read that failed is repeated; more than 0 where system calls are made to fail. */
        int retries() {
            return number("retries", 0);
        }

        /** A file that ends the load when it is there: for those who wait for what no writer sees. */
        Optional<Path> stop() {
            return Optional.ofNullable(given.get("stop")).map(Path::of);
        }

        /** What each writer waits after each operation, for a moderate load. */
        long pauseNanos() {
            return TimeUnit.MICROSECONDS.toNanos(number("pause", 0));
        }

        boolean collect() {
            return Boolean.parseBoolean(given.getOrDefault("collect", "false"));
        }
    }

    /** See the class. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        System.exit(run(List.of(arguments), System.err::println) == 0 ? 0 : 1);
    }

    /** Does as the command line says, tells of the first findings, and answers how many there are. */
    static int run(List<String> words, Consumer<String> told) throws IOException, InterruptedException {
        Settings settings = Settings.parse(words.subList(3, words.size()));
        ClientOptions options = ClientOptions.DEFAULTS.withTimeoutMillis(settings.number("timeout", 20_000));
        try (KvdbClient client = KvdbClient.connect(ServerAddress.parse(words.get(1)), options);
                AcknowledgedRecord record = AcknowledgedRecord.open(
                        Path.of(words.get(2)), settings.number("seed", 1), settings.number("value-max", 2_000))) {
            AcknowledgedLoad load = new AcknowledgedLoad(client, record, settings, told);
            switch (words.get(0)) {
                case "check" -> load.check();
                case "write" -> {
                    load.check();
                    load.write();
                }
                case "remove" -> load.remove();
                default -> throw new IllegalArgumentException("not a mode: " + words.get(0));
            }
            System.out.println(load.counts.entrySet().stream()
                    .map(entry -> entry.getKey() + "=" + entry.getValue())
                    .collect(Collectors.joining(" ", words.get(0) + ": ", " findings=" + load.findings)));
            return load.findings.get();
        }
    }

    private synchronized void count(String what) {
        counts.merge(what, 1, Integer::sum);
    }

    private void find(String finding) {
        if (findings.incrementAndGet() <= FINDINGS_SHOWN_MAX) {
            told.accept(finding);
        }
    }

    private void check() {
        long present = 0;
        for (long key : record.histories().keySet()) {
            Optional<byte[]> found = read(key);
            if (found == null) {
                continue;
            }
            count("checked");
            present += found.isPresent() ? 1 : 0;
            Optional<AcknowledgedRecord.Write> write = record.explain(key, found);
            if (write.isPresent()) {
                record.observed(key, write.get());
            } else {
                find(record.accuse(key, found));
            }
        }
        long keys = client.status().getKeys();
        if (keys != present) {
            find("NEVER WRITTEN: the server counts " + keys + " keys, of the record " + present + " are present");
        }
    }

    /** What a key holds; null where the read failed, which is a finding. A slow machine is not: it is asked again. */
    private @org.jspecify.annotations.Nullable Optional<byte[]> read(long key) {
        for (int retries = RETRIES_WITHOUT_REPLY; ; retries--) {
            try {
                return get(key);
            } catch (ClientException e) {
                if (retries == 0 || !reason(e).equals("TIMED_OUT")) {
                    find("UNREADABLE: key " + key + ": " + e.getMessage());
                    return null;
                }
                count("read-retried");
            }
        }
    }

    /** A read whose file could not be opened says so, and works when it can be; where faults are expected. */
    private Optional<byte[]> get(long key) {
        for (int retries = settings.retries(); ; retries--) {
            try {
                return client.get(key).map(StoredValue::bytes);
            } catch (ClientException e) {
                if (retries <= 0 || !reason(e).equals(IO_FAILED)) {
                    throw e;
                }
                count("read-retried");
            }
        }
    }

    private void remove() {
        int share = settings.number("share", 50);
        SplittableRandom random = new SplittableRandom(record.seed());
        for (long key : record.histories().keySet()) {
            if (random.nextInt(100) < share) {
                AcknowledgedRecord.Write write = record.issue(key, true);
                try {
                    client.remove(key);
                    record.acknowledged(key, write);
                    count("removed");
                } catch (ClientException e) {
                    find("REFUSED: remove of key " + key + ": " + e.getMessage());
                }
            }
        }
    }

    private void write() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < settings.number("threads", 4); number++) {
            threads.add(new Thread(new Writer(number), "writer"));
        }
        threads.forEach(Thread::start);
        if (settings.collect()) {
            Thread collector = new Thread(this::collect, "collector");
            collector.setDaemon(true);
            collector.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void collect() {
        try {
            while (!over) {
                client.collectGarbage(false);
            }
        } catch (ClientException e) {
            count("collection-" + reason(e));
        }
    }

    private static String reason(ClientException e) {
        return e.reason().orElse(e.kind().name());
    }

    /** Writes to keys of its own, one write at a time. */
    private final class Writer implements Runnable {

        private final int number;
        private final SplittableRandom random;
        private final int slots = settings.number("keys", 50);
        private final int[] generations = new int[slots];
        private final long endNanos;
        private int operationsLeft = OPERATIONS_AFTER;
        private boolean alone;

        Writer(int number) {
            this.number = number;
            this.random = new SplittableRandom(settings.number("seed", 1) * 31L + number);
            this.endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.number("millis", 5_000));
        }

        @Override
        public void run() {
            try {
                while (!alone && operationsLeft > 0 && System.nanoTime() - endNanos < 0) {
                    if (over) {
                        operationsLeft--;
                    }
                    over |= acknowledged.get() >= settings.acks()
                            || settings.stop().filter(Files::exists).isPresent();
                    int slot = random.nextInt(slots);
                    int choice = random.nextInt(100);
                    if (choice < settings.reads()) {
                        check(key(slot));
                    } else {
                        write(slot, choice < settings.reads() + settings.removes());
                    }
                    if (settings.pauseNanos() > 0) {
                        LockSupport.parkNanos(settings.pauseNanos());
                    }
                }
            } catch (RuntimeException | Error e) {
                find("DEFECT: a writer failed: " + e);
            }
        }

        /** A key that got no reply is left alone until a check: its write may still come. */
        private long key(int slot) {
            long index = (long) number * WRITER_KEYS_MAX + (long) generations[slot] * slots + slot;
            return number % 2 == 0 ? index : -index;
        }

        private void write(int slot, boolean remove) {
            long key = key(slot);
            boolean mustFail = readOnly;
            AcknowledgedRecord.Write write = record.issue(key, remove);
            try {
                if (remove) {
                    client.remove(key);
                } else {
                    client.set(key, record.value(key, write.number()));
                }
                record.acknowledged(key, write);
                count("acknowledged");
                acknowledged.incrementAndGet();
                if (mustFail) {
                    find("LATE: write " + write + " of key " + key + " was acknowledged after the store was read-only");
                }
            } catch (ClientException e) {
                failed(slot, write, reason(e), e);
            }
        }

        private void failed(int slot, AcknowledgedRecord.Write write, String reason, ClientException e) {
            count((write.isRemove() ? "remove-" : "set-") + reason);
            if (NOT_TAKEN.contains(reason)) {
                record.refused(key(slot), write);
                LockSupport.parkNanos(PAUSE_NANOS);
            } else if (NO_REPLY.contains(reason)) {
                generations[slot]++;
                alone = NO_SERVER.contains(reason);
            } else if (reason.equals("DISK_FULL") && write.isRemove()) {
                // The disk may have filled up under it.
                count("remove-refused-by-full-disk");
            } else if (reason.equals(IO_FAILED) && (settings.retries() > 0 || settings.diskGoes())) {
                // No file for the next segment, where system calls are made to fail, or the disk has gone.
                count("write-failed");
            } else if (!reason.equals("DISK_FULL") && !reason.equals(READ_ONLY)) {
                find("UNEXPECTED: write " + write + " of key " + key(slot) + ": " + reason + ", " + e.getMessage());
            }
            readOnly |= reason.equals(READ_ONLY);
            over |= settings.until().contains(reason);
        }

        /** Reads go on whatever happens to writes. */
        private void check(long key) {
            try {
                Optional<byte[]> found = get(key);
                count("reads");
                if (record.explain(key, found).isEmpty()) {
                    find("while writing: " + record.accuse(key, found));
                }
            } catch (ClientException e) {
                String reason = reason(e);
                count("read-" + reason);
                alone = NO_SERVER.contains(reason);
                // What is not in memory cannot be read any more.
                boolean diskHasGone = reason.equals(IO_FAILED) && settings.diskGoes();
                if (!NO_REPLY.contains(reason) && !NOT_TAKEN.contains(reason) && !diskHasGone) {
                    find("UNREADABLE: key " + key + ": " + e.getMessage());
                }
            }
        }
    }
}
