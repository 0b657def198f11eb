# shellcheck shell=bash
#
# What the scripts beside this one share: a server of the build, a load with a record of what was acknowledged, file
# systems to break, and an end that leaves nothing behind. To be sourced after `set -euo pipefail`.
#
#   COUNT   how often the script does its thing; each script has a small default
#   SEED    a number to repeat a run with, as far as timing lets it
#   KEEP    a directory for logs and records, should a promise be broken
#
# Exit codes: 0 all kept; 1 a promise was broken; 77 SKIPPED, which the last line explains.

readonly SKIPPED=77

script=$(basename "$0" .sh)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
SEED=${SEED:-$(((RANDOM << 15 | RANDOM) + 1))}
RANDOM=$SEED
work=
server_pid=
strace_pid=
load_pid=
# What a server is run by, if anything.
tracer=()
mounts=()
began=$SECONDS

say() {
    printf '%s: %s\n' "$script" "$*"
}

skip() {
    echo "!!!! SKIPPED: $script: $*" >&2
    exit "$SKIPPED"
}

# A promise was broken: says so, shows what there is to see, and ends the script.
broken() {
    echo "!!!! BROKEN: $script: $* (SEED=$SEED)" >&2
    if [ -n "$work" ]; then
        for file in "$work"/load.txt "$work"/server.txt; do
            [ ! -s "$file" ] || { echo "---- the end of $(basename "$file")" >&2; tail -n 30 "$file" >&2; }
        done
        if [ -n "${KEEP:-}" ]; then
            mkdir -p "$KEEP"
            cp -a "$work"/*.txt "$work"/record* "$KEEP"/ || true
        fi
    fi
    exit 1
}

# Each argument is COMMAND:DEBIAN_PACKAGE. Installs what is missing, or skips.
need() {
    [ "$(uname -s)" = Linux ] || skip "it needs Linux"
    [ "$(id -u)" = 0 ] || skip "it needs root"
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || skip "it needs ${missing[*]}, and there is no apt-get"
    say "installing ${missing[*]}"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"; } \
        >/dev/null 2>&1 || skip "it needs ${missing[*]}, and apt-get did not install it"
}

# Makes the working directory, and arranges for nothing to be left behind. Skips without a build.
begin() {
    if ! [ -x "$root/target/kvdb" ] || ! [ -f "$root/target/test-classes/dev/kvdb/testkit/AcknowledgedLoad.class" ]; then
        skip "there is no build; run mvn package -DskipTests first"
    fi
    work=$(mktemp -d "${TMPDIR:-/tmp}/kvdb-$script.XXXXXX")
    trap end EXIT
    trap 'exit 130' INT TERM HUP
}

end() {
    local code=$? at
    trap - EXIT
    set +e
    for at in "${mounts[@]}"; do
        fsfreeze -u "$at" 2>/dev/null
    done
    detach_strace
    kill_load
    kill_server
    while [ ${#mounts[@]} -gt 0 ]; do
        unmount "${mounts[-1]}"
    done
    rm -rf "$work"
    exit "$code"
}

# ---- file systems

# Makes a file system of a kind and size in an image, and mounts it.
make_image() {
    local kind=$1 size=$2 image=$3
    rm -f "$image"
    truncate -s "$size" "$image"
    case $kind in
        ext4) mkfs.ext4 -q -F "$image" ;;
        xfs) mkfs.xfs -q -f "$image" ;;
    esac
}

# Mounts an image, or a tmpfs where the image is "tmpfs"; the other arguments are mount's.
mount_at() {
    local what=$1 at=$2
    shift 2
    mkdir -p "$at"
    if [ "$what" = tmpfs ]; then
        mount -t tmpfs "$@" tmpfs "$at" || skip "no file system can be mounted here"
    else
        mount -o loop "$@" "$what" "$at" || skip "no loop device can be mounted here"
    fi
    mounts+=("$at")
}

unmount() {
    local at=$1 i left=()
    for i in {1..50}; do
        umount "$at" 2>/dev/null && break
        mountpoint -q "$at" || break
        [ "$i" -lt 50 ] || { echo "$script: cannot unmount $at" >&2; umount -l "$at"; }
        sleep 0.1
    done
    for i in "${mounts[@]}"; do
        [ "$i" = "$at" ] || left+=("$i")
    done
    mounts=("${left[@]}")
}

# ---- the server

# Starts a server on a directory; the other arguments are KEY=VALUE of its configuration. Does not wait.
launch_server() {
    local directory=$1 key options=()
    shift
    # In this shell, so that the random numbers go on.
    grpc_port=$((20000 + RANDOM % 6000))
    http_port=$((26000 + RANDOM % 6000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$grpc_port") 2>/dev/null; do grpc_port=$((20000 + RANDOM % 6000)); done
    while (exec 3<>"/dev/tcp/127.0.0.1/$http_port") 2>/dev/null; do http_port=$((26000 + RANDOM % 6000)); done
    for key in "$@"; do
        options+=(-D "$key")
    done
    echo "---- a server is started" >>"$work/server.txt"
    (
        cd "$work" || exit 1
        for name in $(compgen -e | grep -E '^(KVDB_|QUARKUS_)'); do unset "$name"; done
        JAVA_OPTS="-Xmx${HEAP:-192m} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC" exec "${tracer[@]}" "$root/target/kvdb" serve \
            -D quarkus.grpc.server.port="$grpc_port" -D quarkus.http.port="$http_port" \
            -D kvdb.data-directory="$directory" "${options[@]}"
    ) >>"$work/server.txt" 2>&1 &
    server_pid=$!
}

server_lives() {
    [ -n "$server_pid" ] && kill -0 "$server_pid" 2>/dev/null
}

# Waits until a probe (ready, live, started) answers a status; seconds to wait are optional. False where it does not.
await() {
    local probe=$1 status=$2 tenths=$((${3:-300} * 10))
    while [ "$(http_status "$probe")" != "$status" ]; do
        server_lives || return 1
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# Starts a server and waits until it takes writes.
start_server() {
    launch_server "$@"
    await ready 200 || broken "the server does not get ready"
}

http_status() {
    curl -s -m 30 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$http_port/q/health/$1" || true
}

# What readiness says of a field.
readiness() {
    curl -s -m 30 "http://127.0.0.1:$http_port/q/health/ready" | sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",]*\).*/\1/p' | head -n 1
}

# A metric without labels, cut to a whole number. False where there is none.
metric() {
    curl -sf -m 30 "http://127.0.0.1:$http_port/q/metrics" | awk -v name="$1" '
        $1 == name { printf "%d\n", $2; found = 1 } END { exit !found }'
}

# Bytes of the heap that are in use after a full collection, but for the cache and the index, which may well grow.
heap_in_use() {
    "${JAVA_HOME:+$JAVA_HOME/bin/}jcmd" "$server_pid" GC.run >"$work/jcmd.txt" 2>&1 \
        || broken "the heap is not collected: $(tail -n 1 "$work/jcmd.txt")"
    curl -sf -m 30 "http://127.0.0.1:$http_port/q/metrics" | awk '
        /^jvm_memory_used_bytes\{area="heap"/ { bytes += $NF; found = 1 }
        $1 == "kvdb_cache_size_bytes" || $1 == "kvdb_index_size_bytes" { bytes -= $2 }
        END { printf "%d\n", bytes; exit !found }'
}

# Waits until a metric has a value. False where it has not within a minute.
await_metric() {
    local name=$1 value=$2 tenths=600
    until [ "$(metric "$name")" = "$value" ]; do
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

kill_server() {
    [ -n "$server_pid" ] || return 0
    kill -9 "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

# Stops the server as an orchestrator does.
stop_server() {
    local tenths=3000
    kill "$server_pid"
    while kill -0 "$server_pid" 2>/dev/null; do
        [ $((tenths--)) -gt 0 ] || broken "the server does not stop within 5 minutes"
        sleep 0.1
    done
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

# Attaches strace to the server with these expressions; injections are noted in strace.txt.
attach_strace() {
    local tenths=1200
    : >"$work/strace.txt"
    : >"$work/strace-messages.txt"
    strace -f -qq -y -o "$work/strace.txt" "$@" -p "$server_pid" >/dev/null 2>"$work/strace-messages.txt" &
    strace_pid=$!
    until [ "$(grep -L '^TracerPid:[[:space:]]*0$' /proc/"$server_pid"/task/*/status 2>/dev/null | wc -l)" \
        -ge "$(find /proc/"$server_pid"/task -mindepth 1 -maxdepth 1 | wc -l)" ]; do
        kill -0 "$strace_pid" 2>/dev/null || skip "strace may not trace here: $(head -n 1 "$work/strace-messages.txt")"
        [ $((tenths--)) -gt 0 ] || broken "strace does not attach"
        sleep 0.1
    done
}

detach_strace() {
    [ -n "$strace_pid" ] || return 0
    kill -TERM "$strace_pid" 2>/dev/null || true
    wait "$strace_pid" 2>/dev/null || true
    strace_pid=
}

# ---- zeros ahead of the log

# What a load of groups so small is given that the server fills its log with zeros ahead of them. Without collect=true:
# collections seal what they find in the log, and with it go the zeros.
small_values=(value-max=200 threads=2)

# Whether the newest segment that the server appends to, in a data directory, ends in zeros: more than a group of
# small_values could have in it. Those that a collection wrote are no part of the log's end.
ends_in_zeros() {
    local file
    while read -r file; do
        # The kind, of its header; a file may be gone by now.
        [ "$(od -An -tu1 -j12 -N1 "$file" 2>/dev/null)" -eq 1 ] 2>/dev/null || continue
        cmp -s <(tail -c 1024 "$file") <(head -c 1024 /dev/zero)
        return
    done < <(printf '%s\n' "$1"/*.log | sort -r)
    return 1
}

# Waits until it does, under a load that goes on. False where it does not within a minute.
await_zeros() {
    local tenths=600
    until ends_in_zeros "$1"; do
        load_goes_on || return 1
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# ---- the load

# AcknowledgedLoad MODE RECORD [KEY=VALUE...]; what it prints goes to load.txt. Fails where a promise was broken.
load() {
    local mode=$1 record=$2 java=${JAVA_HOME:+$JAVA_HOME/bin/}java
    shift 2
    "$java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:SharedArchiveFile="$root/target/kvdb-client.jsa" \
        -Xshare:auto -Xlog:disable -cp "$root/target/kvdb:$root/target/test-classes" \
        dev.kvdb.testkit.AcknowledgedLoad "$mode" "127.0.0.1:$grpc_port" "$record" "$@" >"$work/load.txt" 2>&1
}

# The same in the background; it goes on until something of its own ends it, or stop_load does.
launch_load() {
    : >"$work/load.txt"
    rm -f "$work/stop"
    load "$@" stop="$work/stop" >/dev/null &
    load_pid=$!
}

# Waits for it to end. False where a promise was broken.
await_load() {
    local code=0
    wait "$load_pid" || code=$?
    load_pid=
    return "$code"
}

# Ends it. False where a promise was broken.
stop_load() {
    touch "$work/stop"
    await_load
}

load_goes_on() {
    kill -0 "$load_pid" 2>/dev/null
}

kill_load() {
    [ -n "$load_pid" ] || return 0
    # The shell that runs it, and its Java.
    pkill -9 -P "$load_pid" 2>/dev/null || true
    kill -9 "$load_pid" 2>/dev/null || true
    wait "$load_pid" 2>/dev/null || true
    load_pid=
}

# Waits until the record has so many acknowledgements, or the load ended.
await_acknowledged() {
    local record=$1 wanted=$2 tenths=3000
    until [ "$(acknowledged "$record")" -ge "$wanted" ]; do
        load_goes_on || return 1
        [ $((tenths--)) -gt 0 ] || return 1
        sleep 0.1
    done
}

acknowledged() {
    local count
    count=$(grep -c '^a' "$1" 2>/dev/null || true)
    echo "${count:-0}"
}

# A figure of the load's last line; 0 where it has none.
figure() {
    local found
    found=$(sed -n 's/.*[ :]'"$1"'=\([0-9]*\).*/\1/p' "$work/load.txt" | tail -n 1)
    echo "${found:-0}"
}

# Two keys that the server holds, as the record's last check saw: those with a value since when nothing was sent.
present_keys() {
    awk '
        $1 == "s" || $1 == "r" { is_set[$2 " " $3] = ($1 == "s"); delete present[$2] }
        $1 == "o" { if (is_set[$2 " " $3]) present[$2] = 1; else delete present[$2] }
        END { for (key in present) { if (++count <= 2) keys = keys " " key } print keys }' "$1"
}

# The check must see what is planted into a copy of the record, or it proves nothing: a set that the server never got,
# a remove and a newer set of keys that hold the value of before.
check_sees_what_is_planted() {
    local lost=424242424242 back old finding
    read -r back old <<<"$(present_keys "$1")"
    [ -n "$old" ] || broken "fewer than two keys of the record have a value, so that the check cannot be tried"
    cp "$1" "$work/record-planted"
    {
        printf 's %s 2000000000\na %s 2000000000\n' "$lost" "$lost"
        printf 'r %s 2000000001\na %s 2000000001\n' "$back" "$back"
        printf 's %s 2000000002\na %s 2000000002\n' "$old" "$old"
    } >>"$work/record-planted"
    ! load check "$work/record-planted" || broken "the check did not see what was planted into the record"
    for finding in "LOST: key $lost" "BACK: key $back" "OLD: key $old"; do
        grep -q "^$finding," "$work/load.txt" || broken "the check did not see what was planted: $finding"
    done
}

# The line at the end.
passed() {
    echo "PASSED: $script: $*, $((SECONDS - began)) s, SEED=$SEED"
}
