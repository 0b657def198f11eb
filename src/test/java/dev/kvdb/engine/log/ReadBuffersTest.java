package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ReadBuffersTest {

    private static final int THREADS = 8;
    private static final int ROUNDS = 20_000;

    private final ReadBuffers buffers = new ReadBuffers();

    @Test
    void buffer_isUsedAgainAndAsLongAsAskedFor() {
        ByteBuffer first = buffers.take(100);
        assertThat(first.isDirect()).isTrue();
        assertThat(first.position()).isZero();
        assertThat(first.limit()).isEqualTo(100);
        first.position(7);
        buffers.giveBack(first);

        ByteBuffer again = buffers.take(4096);
        assertThat(again).isSameAs(first);
        assertThat(again.position()).isZero();
        assertThat(again.limit()).isEqualTo(4096);
        buffers.giveBack(again);
    }

    @Test
    void buffer_hasNoMoreThanItsLimit() {
        ByteBuffer buffer = buffers.take(Integer.MAX_VALUE);
        assertThat(buffer.capacity()).isEqualTo(ReadBuffers.BYTES_MAX);
        assertThat(buffer.limit()).isEqualTo(ReadBuffers.BYTES_MAX);
        buffers.giveBack(buffer);
    }

    @Test
    void fewBuffersAreDirect_howeverManyAreTaken() {
        assertThat(direct(new ReadBuffers(1))).isEqualTo(4);
        assertThat(direct(new ReadBuffers(2))).isEqualTo(4);
        assertThat(direct(new ReadBuffers(7))).isEqualTo(8);
        assertThat(direct(new ReadBuffers(64))).isEqualTo(128);
        assertThat(direct(buffers))
                .isBetween(1L, 4L * Math.max(2, Runtime.getRuntime().availableProcessors()));
    }

    private static long direct(ReadBuffers buffers) {
        List<ByteBuffer> taken = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            taken.add(buffers.take(200));
        }
        Set<ByteBuffer> different = Collections.newSetFromMap(new IdentityHashMap<>());
        different.addAll(taken);
        assertThat(different).hasSize(1000);
        assertThat(taken).allSatisfy(buffer -> assertThat(buffer.limit()).isEqualTo(200));
        taken.forEach(buffers::giveBack);
        return taken.stream().filter(ByteBuffer::isDirect).count();
    }

    @Test
    void bufferOfOneThread_isNeverAnothersMeanwhile() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Callable<Integer>> users = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int mark = thread + 1;
                users.add(() -> overwritten(mark));
            }
            for (Future<Integer> user : pool.invokeAll(users)) {
                assertThat(user.get()).isZero();
            }
        } finally {
            pool.shutdown();
        }
    }

    /** How often a buffer held something else than what was just put into it. */
    private int overwritten(int mark) {
        int overwritten = 0;
        for (int round = 0; round < ROUNDS; round++) {
            ByteBuffer buffer = buffers.take(64 + round % 5000);
            buffer.putInt(0, mark).putInt(buffer.limit() - Integer.BYTES, mark);
            if (round % 16 == 0) {
                Thread.yield();
            }
            overwritten += buffer.getInt(0) == mark && buffer.getInt(buffer.limit() - Integer.BYTES) == mark ? 0 : 1;
            buffers.giveBack(buffer);
        }
        return overwritten;
    }
}
