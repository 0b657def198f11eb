package dev.kvdb.server.config;

import io.quarkus.runtime.configuration.DurationConverter;
import java.time.Duration;
import org.eclipse.microprofile.config.spi.Converter;
import org.jspecify.annotations.Nullable;

/** Reads a duration, or {@code off} for none. */
public final class PeriodConverter implements Converter<Duration> {

    private static final long serialVersionUID = 1L;
    private static final String OFF = "off";

    @Override
    public @Nullable Duration convert(String value) {
        return value.strip().equalsIgnoreCase(OFF) ? null : DurationConverter.parseDuration(value.strip());
    }
}
