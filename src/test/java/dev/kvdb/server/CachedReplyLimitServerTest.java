package dev.kvdb.server;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.HashMap;
import java.util.Map;

/** The same for values that the cache has: a reply takes memory beside it. */
@QuarkusTest
@TestProfile(CachedReplyLimitServerTest.RoomForTwoAndCached.class)
class CachedReplyLimitServerTest extends ReplyLimitServerTest {

    /** Room for the replies of two calls, and a cache for all values. */
    public static class RoomForTwoAndCached extends RoomForTwo {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> overrides = new HashMap<>(super.getConfigOverrides());
            overrides.put("kvdb.data-directory", "target/test-data/cached-replies-${quarkus.uuid}");
            overrides.put("kvdb.cache.size", "256M");
            return overrides;
        }
    }
}
