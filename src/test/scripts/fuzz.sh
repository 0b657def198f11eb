#!/usr/bin/env bash
#
# Feeds what a fuzzer makes up (Jazzer: mutations that are led by the code they reach) to all that reads files and
# requests from outside: segments, hints, the snapshot, the manifest, the lock file, files to import, requests. Each
# target says what must be true of any input: an error of ours or the right answer, within bounds of memory and time.
# Needs a build (mvn test-compile) and neither root nor packages.
#
#   COUNT=5000000 src/test/scripts/fuzz.sh    executions of each target (default: 20,000); ten targets: 50 million
#   TARGETS='hint snapshot'                   only targets whose name or class has one of these in it, in any case
#   CORPUS=DIR                                starts from the inputs there, and keeps those that reach something new
#   SEED=7                                    the fuzzer's
#
# Prints a line for each target, executions and seconds and findings, and exits with 1 where there is a finding. Inputs
# that found something are kept in target/fuzz; copy one to src/test/resources/.../CLASSInputs/METHOD to replay it.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-20000}
targets=(
    dev.kvdb.engine.SegmentFuzzTest:anyBytesAsASegment_areReadForWhatTheyAreOrRefused
    dev.kvdb.engine.SegmentFuzzTest:damagedSegment_isNeverReadAsAnythingElseThanWhatWasWritten
    dev.kvdb.engine.SegmentFuzzTest:framesWithTheRightChecksums_areReadForWhatTheyAreOrRefused
    dev.kvdb.engine.CacheFuzzTest:hint_isReadForWhatItIsOrDroppedForTheSegment
    dev.kvdb.engine.CacheFuzzTest:snapshot_isReadForWhatItIsOrDroppedForTheLog
    dev.kvdb.engine.ManifestFuzzTest:manifest_isReadForWhatItIsOrRefused
    dev.kvdb.engine.env.LockTextFuzzTest:anyBytesAsTheTextOfALock_areQuotedInTheRefusal
    dev.kvdb.engine.format.BareLogFuzzTest:anyBytesAsABareLog_areReadForWhatTheyAreOrRefused
    dev.kvdb.cli.ImportFileFuzzTest:anyBytesAsAFileToImport_haveTheByteOrderInWhichTheyAreALog
    dev.kvdb.server.grpc.RequestFuzzTest:anyBytesAsARequest_areAnsweredOrRefusedAndWhatWasSetIsReadBack
)

if ! [ -f "$root/target/test-classes/dev/kvdb/engine/SegmentFuzzTest.class" ]; then
    echo "$script: there is no build; run mvn test-compile first" >&2
    exit 2
fi
command -v mvn >/dev/null || skip "it needs mvn, for the class path"
work=$(mktemp -d "${TMPDIR:-/tmp}/kvdb-$script.XXXXXX")
trap end EXIT
trap 'exit 130' INT TERM HUP

findings=$root/target/fuzz
mkdir -p "$findings"
mvn -B -ntp -q -f "$root/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath \
    -DincludeScope=test -Dmdep.outputFile="$work/classpath" >"$work/mvn.txt" 2>&1 \
    || { cat "$work/mvn.txt" >&2; exit 2; }
# A build that goes on meanwhile must not change what is fuzzed.
cp -r "$root/target/classes" "$work/classes"
cp -r "$root/target/test-classes" "$work/test-classes"

asked_for() {
    local word
    [ -n "${TARGETS:-}" ] || return 0
    for word in $TARGETS; do
        [[ ${1,,} == *"${word,,}"* ]] && return 0
    done
    return 1
}

# Runs one target in a Java of its own; what it prints goes to a file.
fuzz() {
    local class=$1 method=$2 corpus=$3 java=${JAVA_HOME:+$JAVA_HOME/bin/}java
    mkdir -p "$corpus"
    (
        # The inputs in the source tree are found from there, and nothing is written there.
        cd "$root" || exit 2
        exec "$java" -Xmx512m -XX:+UseSerialGC -Djdk.attach.allowAttachSelf=true \
            '-Djunit.jupiter.testclass.order.default=org.junit.jupiter.api.ClassOrderer$ClassName' \
            -cp "$work/classes:$work/test-classes:$(cat "$work/classpath")" com.code_intelligence.jazzer.Jazzer \
            --target_class="$class" --target_method="$method" --reproducer_path="$findings" \
            --instrumentation_includes='dev.kvdb.**' --custom_hook_includes='dev.kvdb.**' \
            --max_duration=9000h -runs="$COUNT" -seed="$SEED" -timeout=30 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 \
            -artifact_prefix="$findings/" "$corpus"
    )
}

all=0
count=0
broken=()
for target in "${targets[@]}"; do
    class=${target%%:*}
    method=${target##*:}
    asked_for "$target" || continue
    started=$SECONDS
    output=$work/${class##*.}-$method.txt
    code=0
    fuzz "$class" "$method" "${CORPUS:-$work/corpus}/${class##*.}/$method" >"$output" 2>&1 || code=$?
    # Inputs that were there already are executed too, and are not among the runs.
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output" | tail -n 1)
    found=0
    if [ "$code" != 0 ] || [ "${executed:-0}" -lt "$COUNT" ]; then
        found=1
        broken+=("${class##*.}.$method")
        grep -v '^INFO: Instrumented' "$output" | tail -n 60 >&2
    fi
    say "${class##*.}.$method: ${executed:-0} executions, $((SECONDS - started)) s, $found findings"
    all=$((all + ${executed:-0}))
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "$script: no target is called '${TARGETS:-}'" >&2; exit 2; }
[ ${#broken[@]} = 0 ] || broken "${#broken[@]} of $count targets failed: ${broken[*]}; inputs are in target/fuzz"
passed "$count targets, $all executions, no findings"
