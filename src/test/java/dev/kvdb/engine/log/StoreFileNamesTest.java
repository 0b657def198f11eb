package dev.kvdb.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreFileNamesTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 42, 16_777_215, Integer.MAX_VALUE})
    void namesOfASegment_tellItsId(int id) {
        assertThat(StoreFileNames.segmentId(StoreFileNames.segment(id))).hasValue(id);
        assertThat(StoreFileNames.hintSegmentId(StoreFileNames.hint(id))).hasValue(id);
        assertThat(StoreFileNames.isTorn(StoreFileNames.torn(id))).isTrue();
        assertThat(StoreFileNames.segmentId(StoreFileNames.hint(id))).isEmpty();
        assertThat(StoreFileNames.hintSegmentId(StoreFileNames.segment(id))).isEmpty();
        assertThat(StoreFileNames.isTorn(StoreFileNames.segment(id))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".log",
                "1.log",
                "00000000001.log",
                "000000000x.log",
                "9999999999.log",
                "0000000001.LOG",
                "0000000001.log.tmp",
                "0000000001.hint",
                "MANIFEST"
            })
    void otherNames_areNoSegments(String name) {
        assertThat(StoreFileNames.segmentId(name)).isEmpty();
    }

    @Test
    void namesSortAsTheirIdsDo() {
        assertThat(StoreFileNames.segment(9)).isLessThan(StoreFileNames.segment(10));
        assertThat(StoreFileNames.segment(16_777_215)).isEqualTo("0016777215.log");
    }

    @Test
    void temporaryNames_areToldByTheirEnd() {
        assertThat(StoreFileNames.isTemporary(StoreFileNames.temporary(StoreFileNames.MANIFEST)))
                .isTrue();
        assertThat(StoreFileNames.isTemporary(StoreFileNames.MANIFEST)).isFalse();
    }
}
