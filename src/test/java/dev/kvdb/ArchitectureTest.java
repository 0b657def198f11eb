package dev.kvdb;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaConstructor.CONSTRUCTOR_NAME;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import io.quarkus.test.junit.QuarkusTest;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The rooms of the house and the doors between them.
 *
 * <p>An arrow of the design includes what its target may use: {@code index} uses {@code format}, and therefore also the
 * errors that {@code format} throws.
 */
class ArchitectureTest {

    private static final String ENGINE = "dev.kvdb.engine";

    /** Without the stubs of the protocol, which live in packages with a version. */
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(location -> !location.contains("/test-classes/"))
            .withImportOption(location -> !location.matches(Pattern.compile(".*/dev/kvdb/([a-z]+/)?v[0-9]+/.*")))
            .importPackages("dev.kvdb");

    private static final JavaClasses TESTS = new ClassFileImporter()
            .withImportOption(location -> location.contains("/test-classes/"))
            .importPackages("dev.kvdb");

    @TestFactory
    Stream<DynamicTest> roomOfTheEngine_usesOnlyWhatItsArrowsSay() {
        return Stream.of(
                room("error"),
                room("env", "error"),
                room("format", "error"),
                room("log", "env", "format", "error"),
                room("index", "format", "error"),
                room("cache"),
                room("recovery", "log", "index", "env", "format", "error"),
                room("gc", "log", "index", "env", "format", "error"));
    }

    /** The build gives each of them a JVM of its own, by its name. */
    @Test
    void testThatStartsQuarkus_isAServerTest() {
        passes(
                TESTS,
                classes().that().areAnnotatedWith(QuarkusTest.class).should().haveSimpleNameEndingWith("ServerTest"));
    }

    @Test
    void facadeOfTheEngine_usesOnlyItsRooms() {
        passes(classes()
                .that()
                .resideInAPackage(ENGINE)
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("java..", "org.jspecify.annotations", ENGINE, ENGINE + ".*")));
    }

    @Test
    void engine_isALibraryWithoutAFramework() {
        passes(noClasses()
                .that()
                .resideInAPackage(ENGINE + "..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "io.quarkus..",
                        "io.smallrye..",
                        "io.vertx..",
                        "io.netty..",
                        "io.grpc..",
                        "io.micrometer..",
                        "com.google.protobuf..",
                        "com.google.rpc..",
                        "jakarta..",
                        "org.eclipse.microprofile..",
                        "org.jboss..",
                        "org.slf4j..",
                        "java.util.logging..",
                        "picocli..",
                        "dev.kvdb.v1..")));
    }

    @Test
    void engine_isUnknownToTheClient_andTheServerToBoth() {
        passes(noClasses()
                .that()
                .resideInAPackage("dev.kvdb.client..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(ENGINE + "..", "dev.kvdb.server..", "dev.kvdb.cli..")));
        passes(noClasses()
                .that()
                .resideInAPackage("dev.kvdb.server..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("dev.kvdb.client..", "dev.kvdb.cli..")));
        passes(noClasses()
                .that()
                .resideInAPackage(ENGINE + "..")
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("dev.kvdb", "dev.kvdb.client..", "dev.kvdb.server..", "dev.kvdb.cli..")));
    }

    @Test
    void packages_haveNoCycles() {
        passes(slices().matching("dev.kvdb.(**)").should().beFreeOfCycles());
    }

    @Test
    void packages_sayThatNullIsTheException() {
        Set<String> unmarked = MAIN.stream()
                .map(JavaClass::getPackage)
                .filter(room -> !room.isAnnotatedWith(NullMarked.class))
                .map(room -> room.getName())
                .collect(Collectors.toSet());
        assertThat(unmarked)
                .as("packages without @NullMarked in their package-info")
                .isEmpty();
    }

    @Test
    void filesTimeAndRandomness_comeToTheEngineFromOutside() {
        passes(noClasses()
                .that()
                .resideInAPackage(ENGINE + "..")
                .and()
                .resideOutsideOfPackage(ENGINE + ".env")
                .should()
                .accessTargetWhere(TIME.or(RANDOMNESS).or(FILES).or(THREADS)));
    }

    /** It may jump, so nothing that must be right may follow from it; time that passes is measured by the other one. */
    @Test
    void wallClockOfTheEnvironment_isReadForExpiryAndForTheTextOfTheLockOnly() {
        Set<String> reading = MAIN.stream()
                .flatMap(type -> type.getAccessesFromSelf().stream())
                .filter(access -> access.getTargetOwner().isAssignableTo(dev.kvdb.engine.env.Clock.class)
                        && access.getTarget().getName().equals("now"))
                .map(access -> access.getOriginOwner().getName() + "."
                        + access.getOrigin().getName())
                .collect(Collectors.toSet());
        assertThat(reading)
                .as("methods that read the wall clock")
                .containsExactlyInAnyOrder(
                        ENGINE + ".NeverFallingClock." + CONSTRUCTOR_NAME,
                        ENGINE + ".NeverFallingClock.nowMillis",
                        ENGINE + ".StoreOpening.owner");
    }

    @Test
    void filesTimeAndRandomness_comeToTheEnginesTestsFromTheTestkit() {
        passes(
                TESTS,
                noClasses()
                        .that()
                        .resideInAPackage(ENGINE + "..")
                        .and()
                        .resideOutsideOfPackage(ENGINE + ".env")
                        .should()
                        .accessTargetWhere(TIME.or(UNSEEDED).or(FILES)));
    }

    /**
     * The service has one wall clock and leaves files to the engine; what it measures, it may measure by itself. The
     * command line is where files come from outside.
     */
    @Test
    void service_leavesFilesAndWaitingToTheEngine() {
        passes(noClasses()
                .that()
                .resideInAPackage("dev.kvdb.server..")
                .should()
                .accessTargetWhere(WALL_CLOCK_AND_SLEEP.or(RANDOMNESS).or(FILES)));
        passes(noClasses()
                .that()
                .resideInAnyPackage("dev.kvdb.cli..", "dev.kvdb.client..")
                .should()
                .accessTargetWhere(WALL_CLOCK_AND_SLEEP.or(UNSEEDED)));
    }

    @Test
    void tests_neverSleepAndTakeASeed() {
        passes(
                TESTS,
                noClasses()
                        .that()
                        .resideOutsideOfPackages("dev.kvdb.testkit..", ENGINE + ".env")
                        .should()
                        .accessTargetWhere(WALL_CLOCK_AND_SLEEP.or(UNSEEDED)));
    }

    @Test
    void statusCodes_areKnownToOneClassOfTheService() {
        Set<String> knowing = MAIN.stream()
                .filter(resideInAPackage("dev.kvdb.server.."))
                .filter(type -> type.getAccessesFromSelf().stream().anyMatch(STATUS_CODE))
                .map(ArchitectureTest::topLevelName)
                .collect(Collectors.toSet());
        assertThat(knowing).as("classes that choose a gRPC status code").hasSizeLessThanOrEqualTo(1);
    }

    private static final DescribedPredicate<JavaAccess<?>> WALL_CLOCK_AND_SLEEP =
            calls(System.class, "currentTimeMillis").or(calls(Thread.class, "sleep"));

    private static final DescribedPredicate<JavaAccess<?>> TIME = WALL_CLOCK_AND_SLEEP
            .or(calls(System.class, "nanoTime"))
            .or(calls(Instant.class, "now"))
            .or(calls(LocalDateTime.class, "now"))
            .or(calls(OffsetDateTime.class, "now"))
            .or(calls(ZonedDateTime.class, "now"))
            .or(calls(Clock.class, "systemUTC", "systemDefaultZone", "system", "tickMillis", "tickSeconds"))
            .as("read a clock or wait on one");

    private static final DescribedPredicate<JavaAccess<?>> UNSEEDED = describe(
                    "make an unseeded Random",
                    (JavaAccess<?> access) -> isNoArgConstructor(access, Random.class)
                            || isNoArgConstructor(access, SplittableRandom.class))
            .or(calls(Math.class, "random"))
            .as("draw a number that no seed replays");

    private static final DescribedPredicate<JavaAccess<?>> RANDOMNESS = UNSEEDED.or(
                    calls(ThreadLocalRandom.class, "current"))
            .or(calls(UUID.class, "randomUUID"))
            .or(owner(SecureRandom.class))
            .as("draw a random number");

    private static final DescribedPredicate<JavaAccess<?>> FILES = owner(Files.class)
            .or(owner(File.class))
            .or(owner(RandomAccessFile.class))
            .or(owner(FileInputStream.class))
            .or(owner(FileOutputStream.class))
            .or(calls(FileChannel.class, "open"))
            .as("touch a file");

    private static final DescribedPredicate<JavaAccess<?>> THREADS = owner(Executors.class)
            .or(describe(
                    "make a thread",
                    (JavaAccess<?> access) -> isOwnedBy(access, Thread.class)
                            && access.getTarget().getName().equals(CONSTRUCTOR_NAME)))
            .as("make threads");

    private static final DescribedPredicate<JavaAccess<?>> STATUS_CODE = describe(
            "choose a status code", access -> switch (access.getTargetOwner().getName()) {
                case "io.grpc.Status$Code", "com.google.rpc.Code" -> true;
                case "io.grpc.Status" -> access.getTarget() instanceof AccessTarget.FieldAccessTarget;
                default -> false;
            });

    private static DynamicTest room(String name, String... usable) {
        String[] allowed = Stream.concat(
                        Stream.of("java..", "org.jspecify.annotations", ENGINE + "." + name),
                        Stream.of(usable).map(room -> ENGINE + "." + room))
                .toArray(String[]::new);
        DescribedPredicate<JavaClass> reachable = resideInAnyPackage(allowed);
        return DynamicTest.dynamicTest(
                name,
                () -> passes(classes()
                        .that()
                        .resideInAPackage(ENGINE + "." + name + "..")
                        .should()
                        .onlyDependOnClassesThat(
                                name.equals("cache")
                                        ? reachable.or(resideInAPackage("com.github.benmanes.caffeine.."))
                                        : reachable)));
    }

    private static void passes(ArchRule rule) {
        passes(MAIN, rule);
    }

    private static void passes(JavaClasses subjects, ArchRule rule) {
        rule.allowEmptyShould(true).check(subjects);
    }

    private static DescribedPredicate<JavaAccess<?>> calls(Class<?> owner, String... names) {
        Set<String> called = Set.of(names);
        return describe(
                "call " + owner.getSimpleName() + "." + String.join("/", names),
                access -> isOwnedBy(access, owner)
                        && called.contains(access.getTarget().getName()));
    }

    private static DescribedPredicate<JavaAccess<?>> owner(Class<?> owner) {
        return describe("use " + owner.getSimpleName(), access -> isOwnedBy(access, owner));
    }

    private static boolean isOwnedBy(JavaAccess<?> access, Class<?> owner) {
        return access.getTargetOwner().isEquivalentTo(owner);
    }

    private static boolean isNoArgConstructor(JavaAccess<?> access, Class<?> owner) {
        return isOwnedBy(access, owner)
                && access.getTarget() instanceof AccessTarget.CodeUnitAccessTarget target
                && target.getName().equals(CONSTRUCTOR_NAME)
                && target.getRawParameterTypes().isEmpty();
    }

    private static String topLevelName(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer.getName();
    }
}
