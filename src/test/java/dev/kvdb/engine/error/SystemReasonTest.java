package dev.kvdb.engine.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class SystemReasonTest {

    @Test
    void reasons_areInWordsAndNameNoClass() {
        assertThat(SystemReason.of(new AccessDeniedException("/data"))).isEqualTo("permission denied");
        assertThat(SystemReason.of(new NoSuchFileException("/data"))).isEqualTo("there is no such file or directory");
        assertThat(SystemReason.of(new FileAlreadyExistsException("/data"))).isEqualTo("there is a file of that name");
        assertThat(SystemReason.of(new FileSystemException("/data", null, "Too many open files")))
                .isEqualTo("Too many open files; raise the limit on open files (ulimit -n)");
        assertThat(SystemReason.of(new IOException("Input/output error"))).isEqualTo("Input/output error");
        assertThat(SystemReason.of(new IllegalStateException("why"))).contains("IllegalStateException", "why");
    }

    @Test
    void anotherFileThanTheMessageHas_isNamed() {
        assertThat(new StoreIoException("open", "/data", new AccessDeniedException("/data")))
                .hasMessage("cannot open /data: permission denied");
        assertThat(new StoreIoException("open", "/data", new AccessDeniedException("/data/LOCK")))
                .hasMessage("cannot open /data: /data/LOCK: permission denied");
    }
}
