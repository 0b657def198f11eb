package dev.kvdb.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the version that Maven built, and the Java that runs it. */
final class BuildVersion implements IVersionProvider {

    @Override
    public String[] getVersion() throws IOException {
        Properties build = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream("build.properties")) {
            if (in != null) {
                build.load(in);
            }
        }
        return new String[] {
            "kvdb " + build.getProperty("version", "of an unknown version") + " (Java "
                    + System.getProperty("java.version") + ", " + System.getProperty("java.vm.vendor") + ")"
        };
    }
}
