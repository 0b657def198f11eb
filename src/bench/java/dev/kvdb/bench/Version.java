package dev.kvdb.bench;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the version that Maven built, and the Java that runs it. */
final class Version implements IVersionProvider {

    /** That of kvdb, from the jar's manifest. */
    static String ofBuild() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "of an unknown version" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "kvdb-bench " + ofBuild() + " (Java " + System.getProperty("java.version") + ", "
                    + System.getProperty("java.vm.vendor") + ")"
        };
    }
}
