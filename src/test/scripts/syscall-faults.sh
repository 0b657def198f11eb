#!/usr/bin/env bash
#
# System calls fail under the running server, one at a time: what was acknowledged is kept, reads go on, a failed sync
# ends all acknowledgements and readiness says READ_ONLY and why, and a start without the fault finds all whole.
#
#   COUNT=600 src/test/scripts/syscall-faults.sh     600 faults (default: 11, each once); each sixth strikes
#                                                    while the store opens
#
# strace makes the K-th such call of each thread fail, for random K. Two databases go through all of it by turns: one
# takes small values, so that the server fills its log with zeros ahead of them and cuts them off at each seal, and calls
# fail only once it did; the other takes larger ones.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-11}
need strace:strace curl:curl pkill:procps
begin

# CALL:ERROR:LARGEST_K
faults=(pwrite64:EIO:150 pwrite64:ENOSPC:150 fdatasync:EIO:150 fdatasync:ENOSPC:150 fsync:EIO:8 openat:EMFILE:8
    openat:EIO:8 rename:EIO:4 rename:ENOSPC:4 unlink:EIO:4 ftruncate:EIO:3)
options=(kvdb.storage.segment-size=128K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=256K
    kvdb.storage.snapshot-log-size=1M kvdb.storage.open-files-max=16 kvdb.gc.period=1s kvdb.gc.log-size-min=0
    kvdb.gc.dead-share-min=0.05 kvdb.shutdown.grace-period=1s)
injected=0
read_only=0
opens_refused=0
javas_ended=0
over_zeros=0
hits=0

injections() {
    grep -c INJECTED "$work/strace.txt" || true
}

# What a server that met a fault says of itself. Whether it then goes on or is read-only depends on the call.
judge_state() {
    local call=$1 what=$2 state detail
    state=$(readiness state)
    detail=$(readiness detail)
    [ "$(http_status live)" = 200 ] || broken "$what: liveness is down"
    case $state in
        READ_ONLY)
            read_only=$((read_only + 1))
            [ -n "$detail" ] || broken "$what: read-only without a reason"
            ;;
        WRITABLE)
            [ "$call" != fdatasync ] || [ "$hits" = 0 ] || broken "$what: a sync failed and the store is writable"
            ;;
        *) [ "$what" != "${what/ENOSPC/}" ] || broken "$what: the state is $state, $detail" ;;
    esac
}

# Whether a line of the server that was started last has this in it.
log_has() {
    awk -v pattern="$1" '/^---- a server is started/ { found = 0 } $0 ~ pattern { found = 1 } END { exit !found }' \
        "$work/server.txt"
}

store_was_opened() {
    log_has 'opening the store'
}

# A fault while the store opens: the process serves, or ends and says why.
fail_the_open() {
    local call=$1 error=$2 k=$3 what=$4 code=0
    : >"$work/strace.txt"
    tracer=(strace -D -f -qq -o "$work/strace.txt" -e trace="$call" -e inject="$call:error=$error:when=$k")
    launch_server "$data" "${options[@]}"
    tracer=()
    if await ready 200; then
        load check "$record" retries=20 || broken "$what, and the server serves"
    elif server_lives; then
        state=$(readiness state)
        [ "$state" = READ_ONLY ] || [ "$state" = DISK_FULL ] || broken "$what: the server neither serves nor ends: $state"
    else
        wait "$server_pid" 2>/dev/null || code=$?
        [ "$code" != 0 ] || broken "$what: the server ended with 0"
        if [ "$code" -lt 128 ]; then
            ! store_was_opened || log_has '^kvdb: | ERROR .* cannot open ' || broken "$what: the server ended with $code and did not say why"
            opens_refused=$((opens_refused + 1))
        else
            # A Java that cannot open its own files (JDK 17 then aborts).
            ! store_was_opened || broken "$what: the server ended with $code"
            javas_ended=$((javas_ended + 1))
        fi
    fi
    hits=$(injections)
    [ -z "${VERBOSE:-}" ] || say "$what, at the open ($hits hits): ended with $code"
    kill_server
}

fail_under_load() {
    local call=$1 error=$2 k=$3 what=$4 tenths before
    local inject=(-e trace="$call" -e inject="$call:error=$error:when=$k")
    # Checks what the fault before left, then writes.
    local write=(write "$record" seed=$((SEED + round)) keys=40 millis=3600000 until=READ_ONLY retries=20)
    before=$(acknowledged "$record")
    start_server "$data" "${options[@]}"
    if [ "$values" = small ]; then
        launch_load "${write[@]}" "${small_values[@]}"
        # Of this load, not of one before.
        await_acknowledged "$record" $((before + 50)) || broken "$what: the load ended before the fault"
        await_zeros "$data" || broken "$what: no zeros were filled in ahead of the log"
        over_zeros=$((over_zeros + 1))
        attach_strace "${inject[@]}"
    else
        attach_strace "${inject[@]}"
        launch_load "${write[@]}" collect=true
    fi
    # Until it struck and the load went on, or did not; a call that comes seldom may not come.
    for ((tenths = 0; tenths < 200; tenths++)); do
        load_goes_on || break
        [ "$(injections)" = 0 ] || { await_acknowledged "$record" $(($(acknowledged "$record") + 50)) || true; break; }
        sleep 0.1
    done
    stop_load || broken "$what, under load: $(grep -m 1 -E '^[A-Za-z ]+:' "$work/load.txt")"
    detach_strace
    hits=$(injections)
    judge_state "$call" "$what"
    # What is unknown is decided by the restart only, so this goes into a copy.
    cp "$record" "$work/record-copy"
    load check "$work/record-copy" retries=20 || broken "$what, read at once"
    [ -z "${VERBOSE:-}" ] || say "$what ($hits hits): $(readiness state), $(readiness detail)"
    if [ $((RANDOM % 2)) = 0 ]; then kill_server; else stop_server; fi
}

for ((round = 1; round <= COUNT; round++)); do
    IFS=: read -r call error k_max <<<"${faults[$(((SEED + round) % ${#faults[@]}))]}"
    # The opens take turns as well.
    if [ $(((round + round / 6) % 2)) = 1 ]; then values=small; else values=large; fi
    data=$work/data-$values
    record=$work/record-$values
    # A file is cut off at each open (LOCK), at each seal of a log with zeros ahead, and where a write stopped half way.
    if [ $((round % 6)) = 0 ] || [ "$call:$values" = ftruncate:large ]; then
        [ "$call" != ftruncate ] || k_max=1
        k=$((1 + RANDOM % (k_max > 6 ? 6 : k_max)))
        fail_the_open "$call" "$error" "$k" "$call number $k of each thread failed with $error"
    else
        # The calls of collections come seldom where nobody asks for one, and each counts in a thread of its own.
        case $values:$call in small:openat | small:rename | small:unlink | small:fsync) k_max=$((k_max > 2 ? 2 : k_max)) ;; esac
        k=$((1 + RANDOM % k_max))
        fail_under_load "$call" "$error" "$k" "$call number $k of each thread failed with $error"
    fi
    injected=$((injected + hits))
done
writes=0
for record in "$work"/record-small "$work"/record-large; do
    [ -f "$record" ] || continue
    start_server "${record/record-/data-}" "${options[@]}"
    load check "$record" || broken "after all faults"
    # It may have met but a fault at the open.
    [ "$(acknowledged "$record")" = 0 ] || check_sees_what_is_planted "$record"
    writes=$((writes + $(acknowledged "$record")))
    kill_server
done
[ "$injected" -ge $((COUNT / 2)) ] || broken "only $injected calls failed in $COUNT rounds"
[ "$over_zeros" -gt 0 ] || broken "no log went over zeros"
passed "$COUNT rounds, $over_zeros of them on a log that went over zeros, $injected calls failed, $read_only times" \
    "read-only with a reason, $opens_refused opens refused, $javas_ended ends of a Java that had not got to its store," \
    "$writes acknowledged writes, none lost"
