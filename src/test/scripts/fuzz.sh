#!/usr/bin/env bash
#
# Feeds what a fuzzer makes up (Jazzer: mutations that are led by the code they reach) to all that reads files and
# requests from outside: segments, hints, the snapshot, the manifest, the lock file, files to import, requests. Each
# target says what must be true of any input: an error of ours or the right answer, within bounds of memory and time.
# Needs a build (mvn test-compile) and neither root nor packages.
#
# Targets are of two kinds. Those that decode bytes in memory take some ten microseconds an execution; those that open a
# whole store, or a file on the disk, take some milliseconds, and see what decoders do not: what becomes of the answers.
#
#   COUNT=5000000 JOBS=2 src/test/scripts/fuzz.sh    the full count: 50,000,000 executions of the 10 targets that
#                                                    decode, 200,000 of the 8 that open a store or a file
#
#   COUNT         executions of each target that decodes (default: 100,000)
#   COUNT_STORE   executions of each target that opens a store or a file (default: one for 200 of COUNT, at least 500)
#   JOBS=2        as many targets at a time (default: 1); each is a Java of its own
#   TARGETS='hint snapshot'    only targets whose name or class has one of these in it, in any case
#   CORPUS=DIR    starts from the inputs there, and keeps those that reach something new (default: target/fuzz-corpus).
#                 What earlier runs kept is put there first, from fuzz-corpus.tar.gz beside this script. To keep what a
#                 long run has found: tar -C target/fuzz-corpus -czf src/test/scripts/fuzz-corpus.tar.gz .
#   SEED=7        the fuzzer's
#
# Prints a line for each target, executions and seconds and findings, then the sum, and exits with 1 where there is a
# finding. Inputs that found something are kept in target/fuzz; copy one to src/test/resources/.../CLASSInputs/METHOD to
# replay it.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-100000}
COUNT_STORE=${COUNT_STORE:-$((COUNT / 200 > 500 ? COUNT / 200 : 500))}
JOBS=${JOBS:-1}
decode_targets=(
    dev.kvdb.engine.recovery.SegmentScanFuzzTest:sealedSegment_isScannedForWhatItIs
    dev.kvdb.engine.recovery.SegmentScanFuzzTest:tailOfTheLog_endsAtItsFirstBytesThatNoMarkSaysWereDurable
    dev.kvdb.engine.recovery.SnapshotFileFuzzTest:snapshot_isReadForWhatItIsOrDamaged
    dev.kvdb.engine.log.HintFileFuzzTest:hint_isReadForWhatItIsOrDamaged
    dev.kvdb.engine.format.HeaderCodecFuzzTest:header_isRefusedOrComesOutAsItWas
    dev.kvdb.engine.format.HeaderCodecFuzzTest:manifest_isRefusedOrComesOutAsItWas
    dev.kvdb.engine.format.BareLogFuzzTest:anyBytesAsABareLog_areReadForWhatTheyAreOrRefused
    dev.kvdb.engine.env.LockTextFuzzTest:anyBytesAsTheTextOfALock_nameAnOwnerWhoseNameIsReadBack
    dev.kvdb.server.grpc.RequestFuzzTest:anyBytesAsARequest_areAnsweredOrRefusedAndWhatWasSetIsReadBack
    dev.kvdb.server.grpc.RequestFuzzTest:anyBytesAsARequestToVerify_areTheRateOfTheVerificationOrRefused
)
store_targets=(
    dev.kvdb.engine.SegmentFuzzTest:anyBytesAsASegment_areReadForWhatTheyAreOrRefused
    dev.kvdb.engine.SegmentFuzzTest:damagedSegment_isNeverReadAsAnythingElseThanWhatWasWritten
    dev.kvdb.engine.SegmentFuzzTest:framesWithTheRightChecksums_areReadForWhatTheyAreOrRefused
    dev.kvdb.engine.CacheFuzzTest:hint_isReadForWhatItIsOrDroppedForTheSegment
    dev.kvdb.engine.CacheFuzzTest:snapshot_isReadForWhatItIsOrDroppedForTheLog
    dev.kvdb.engine.ManifestFuzzTest:manifest_isReadForWhatItIsOrRefused
    dev.kvdb.engine.env.LockTextFuzzTest:anyBytesAsTheTextOfALock_areQuotedInTheRefusal
    dev.kvdb.cli.ImportFileFuzzTest:anyBytesAsAFileToImport_haveTheByteOrderInWhichTheyAreALog
)

if ! [ -f "$root/target/test-classes/dev/kvdb/engine/SegmentFuzzTest.class" ]; then
    echo "$script: there is no build; run mvn test-compile first" >&2
    exit 2
fi
command -v mvn >/dev/null || skip "it needs mvn, for the class path"
work=$(mktemp -d "${TMPDIR:-/tmp}/kvdb-$script.XXXXXX")
trap end EXIT
trap 'stop_fuzzing; exit 130' INT TERM HUP

# Ends the Javas that run, each the child of a job.
stop_fuzzing() {
    local job
    for job in $(jobs -rp); do
        pkill -P "$job" || true
    done
}

findings=$root/target/fuzz
CORPUS=${CORPUS:-$root/target/fuzz-corpus}
mkdir -p "$CORPUS"
CORPUS=$(cd "$CORPUS" && pwd)
tar -C "$CORPUS" --skip-old-files -xzf "$(dirname "$0")/fuzz-corpus.tar.gz"
engine_libraries='/(jazzer|junit|jspecify|assertj|apiguardian|opentest4j|caffeine|error_prone_annotations|byte-buddy)'
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

# Runs one target in a Java of its own; what it prints goes to a file. The engine's targets get no more of the class
# path than they need: all that is on it is looked through at each start. Bytes are mutated by libFuzzer itself, at
# three times the rate of Jazzer's mutator, which is for arguments of other types. The few frames of a stack trace that
# are kept name the place; filling in all of them is most of what a refusal takes.
fuzz() {
    local class=$1 method=$2 runs=$3 corpus=$4 java=${JAVA_HOME:+$JAVA_HOME/bin/}java libraries
    libraries=$(cat "$work/classpath")
    case $class in
        dev.kvdb.engine.*) libraries=$(tr ':' '\n' <"$work/classpath" | grep -E "$engine_libraries" | paste -s -d :) ;;
    esac
    (
        # The inputs in the source tree are found from there, and nothing is written there.
        cd "$root" || exit 2
        # A target that hangs outside an input is a finding, too.
        exec timeout "$((1800 + runs / 20))" \
            "$java" -Xmx512m -XX:+UseSerialGC -XX:MaxJavaStackTraceDepth=24 -Djdk.attach.allowAttachSelf=true \
            '-Djunit.jupiter.testclass.order.default=org.junit.jupiter.api.ClassOrderer$ClassName' \
            -cp "$work/classes:$work/test-classes:$libraries" com.code_intelligence.jazzer.Jazzer \
            --target_class="$class" --target_method="$method" --reproducer_path="$findings" --mutator_framework=false \
            --instrumentation_includes='dev.kvdb.**' --custom_hook_includes='dev.kvdb.**' \
            --max_duration=9000h -runs="$runs" -seed="$SEED" -timeout=30 -rss_limit_mb=4096 -max_len=4096 \
            -print_final_stats=1 -reload=0 -artifact_prefix="$findings/" "$corpus"
    )
}

# Class and method, as they are printed.
name_of() {
    local class=${1%%:*}
    echo "${class##*.}.${1##*:}"
}

# Runs a target, says what came of it, and leaves executions and findings in a file of its own.
run() {
    local target=$1 runs=$2 class method name output corpus code=0 executed found=0 started=$SECONDS
    class=${target%%:*}
    method=${target##*:}
    name=$(name_of "$target")
    output=$work/$name.txt
    corpus=$CORPUS/${class##*.}/$method
    mkdir -p "$corpus"
    # What is in the corpus is executed first, and counts.
    runs=$((runs + $(find "$corpus" -type f | wc -l)))
    fuzz "$class" "$method" "$runs" "$corpus" >"$output" 2>&1 || code=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output" | tail -n 1)
    if [ "$code" != 0 ] || [ "${executed:-0}" -lt "$runs" ]; then
        found=1
        grep -v '^INFO: Instrumented' "$output" | tail -n 60 >&2
    fi
    say "$name: ${executed:-0} executions, $((SECONDS - started)) s, $found findings"
    echo "$name ${executed:-0} $found" >"$work/$name.result"
}

# Executions of those of these targets that were run.
executions() {
    local target sum=0 executed result
    for target; do
        result=$work/$(name_of "$target").result
        [ -f "$result" ] || continue
        read -r _ executed _ <"$result"
        sum=$((sum + executed))
    done
    echo "$sum"
}

started_targets=0
for target in "${decode_targets[@]}" "${store_targets[@]}"; do
    asked_for "$target" || continue
    runs=$COUNT_STORE
    [[ " ${decode_targets[*]} " != *" $target "* ]] || runs=$COUNT
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n || true; done
    run "$target" "$runs" &
    started_targets=$((started_targets + 1))
done
[ "$started_targets" -gt 0 ] || { echo "$script: no target is called '${TARGETS:-}'" >&2; exit 2; }
wait

decoded=$(executions "${decode_targets[@]}")
opened=$(executions "${store_targets[@]}")
mapfile -t broken < <(cat "$work"/*.result | awk '$3 > 0 { print $1 }')
finished=$(cat "$work"/*.result | wc -l)
[ "$finished" = "$started_targets" ] || broken "only $finished of $started_targets targets came to an end"
[ ${#broken[@]} = 0 ] || broken "${#broken[@]} of $started_targets targets failed: ${broken[*]}; inputs: target/fuzz"
passed "$started_targets targets, $((decoded + opened)) executions ($decoded decoding, $opened of a store or a file)," \
    "no findings"
