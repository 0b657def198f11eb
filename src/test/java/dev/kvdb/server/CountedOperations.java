package dev.kvdb.server;

import static io.restassured.RestAssured.given;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many calls the server of this {@code @QuarkusTest} says that it has answered, as a scrape of its metrics does.
 */
public final class CountedOperations {

    private CountedOperations() {}

    /** Those of an operation that had this outcome. */
    public static long of(String operation, String outcome) {
        String scrape = given().accept("text/plain").get("/q/metrics").asString();
        Matcher counted = Pattern.compile("(?m)^kvdb_operations_seconds_count\\{op=\"" + operation + "\",outcome=\""
                        + outcome + "\",?} ([0-9.]+)")
                .matcher(scrape);
        return counted.find() ? (long) Double.parseDouble(counted.group(1)) : 0;
    }
}
