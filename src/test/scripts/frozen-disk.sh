#!/usr/bin/env bash
#
# A disk that stands still, and descriptors that run out, under load. Frozen: the process stays alive, clients get
# OVERLOADED or no reply in time instead of a queue without end, nothing acknowledged is lost, and the server recovers
# by itself, with no more of the heap in use than before. Out of descriptors: nothing is lost, and the server goes on or
# says why it does not.
#
#   COUNT=20 src/test/scripts/frozen-disk.sh     20 times each (default: 1)
#   FREEZE_SECONDS=10
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-1}
FREEZE_SECONDS=${FREEZE_SECONDS:-10}
need fsfreeze:util-linux prlimit:util-linux mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mount:mount curl:curl pkill:procps
begin

disk=$work/disk
QUEUE_MAX=32
# What a collection and a snapshot ask for, a seal or a sync, is let in past it.
QUEUE_AND_CONTROLS=$((QUEUE_MAX + 3))
options=(kvdb.storage.segment-size=128K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=1M
    kvdb.storage.snapshot-log-size=1M kvdb.storage.open-files-max=16 kvdb.gc.period=1s kvdb.gc.log-size-min=0
    kvdb.gc.dead-share-min=0.05 kvdb.shutdown.grace-period=1s kvdb.write-queue.requests-max="$QUEUE_MAX")
HEAP=64m
queued_most=0
# What is left in the heap after a full collection differs by a few hundred KiB. A call that is not let go of takes some
# KiB: a thousand are more than this, of the many thousands that are turned away within 10 seconds.
HEAP_GROWTH_MAX=$((2 * 1024 * 1024))
grown_most=0
turned_away=0
timed_out=0
descriptors_refused=0
read_only=0

# Waits until the server is done with all calls, whose clients have ended.
await_rest() {
    await ready 200 || broken "not ready $1: $(readiness state), $(readiness detail)"
    await_metric kvdb_calls_in_flight 0 || broken "$(metric kvdb_calls_in_flight) calls are in flight without a client"
}

freeze() {
    local record=$1 seconds before after grown
    # More clients than the queue has room for.
    local load=(threads=64 keys=20 millis=3600000)
    launch_load write "$record" seed=$((SEED + round)) "${load[@]}"
    await_acknowledged "$record" 500 || broken "the load ended early"
    stop_load || broken "before the disk was frozen"
    await_rest "before the disk was frozen"
    before=$(heap_in_use) || broken "no metrics of the heap"
    launch_load write "$record" seed=$((SEED + COUNT + round)) timeout=5000 "${load[@]}"
    await_acknowledged "$record" $(($(acknowledged "$record") + 200)) || broken "the load ended early"
    fsfreeze -f "$disk" || skip "the kernel does not freeze file systems"
    for ((seconds = 0; seconds < FREEZE_SECONDS; seconds++)); do
        sleep 1
        live=$(http_status live)
        [ "$live" = 200 ] || broken "liveness is $live on a frozen disk"
        queued=$(metric kvdb_write_queue_requests) || broken "no metrics on a frozen disk"
        [ "$queued" -le "$QUEUE_AND_CONTROLS" ] || broken "$queued writes are queued on a frozen disk"
        [ "$queued" -le "$queued_most" ] || queued_most=$queued
    done
    frozen=$(acknowledged "$record")
    fsfreeze -u "$disk"
    await_acknowledged "$record" $((frozen + 200)) || broken "writes are not acknowledged after the disk thawed"
    stop_load || broken "while the disk was frozen"
    turned_away=$((turned_away + $(figure set-OVERLOADED)))
    timed_out=$((timed_out + $(figure set-TIMED_OUT)))
    await_rest "after the disk thawed"
    after=$(heap_in_use) || broken "no metrics of the heap"
    grown=$((after - before))
    [ "$grown" -le "$HEAP_GROWTH_MAX" ] ||
        broken "after $turned_away sets turned away the heap in use is $grown bytes larger than the $before of before"
    [ "$grown" -le "$grown_most" ] || grown_most=$grown
}

descriptors_run_out() {
    local record=$1 used limit tenths
    launch_load write "$record" seed=$((SEED - round)) keys=40 millis=3600000 retries=1000 collect=true
    await_acknowledged "$record" $(($(acknowledged "$record") + 200)) || broken "the load ended early"
    used=$(find "/proc/$server_pid/fd" -mindepth 1 | wc -l)
    limit=$(prlimit --pid "$server_pid" --nofile --noheadings --output SOFT | tr -d ' ')
    prlimit --pid "$server_pid" --nofile="$((used - 2 + RANDOM % 4)):"
    # Segments are rolled all the time. Where files were closed meanwhile, the limit follows them.
    for ((tenths = 0; tenths < 1200; tenths++)); do
        ! grep -q 'Too many open files' "$work/server.txt" || break
        [ $((tenths % 50)) != 49 ] ||
            prlimit --pid "$server_pid" --nofile="$(($(find "/proc/$server_pid/fd" -mindepth 1 | wc -l) - 1)):" || broken "the server is gone"
        sleep 0.1
    done
    sleep 1
    prlimit --pid "$server_pid" --nofile="$limit:"
    stop_load || broken "while no file could be opened: $(grep -m 1 -E '^[A-Za-z ]+:' "$work/load.txt")"
    ! grep -q 'Too many open files' "$work/server.txt" || descriptors_refused=$((descriptors_refused + 1))
    case $(readiness state) in
        WRITABLE) ;;
        READ_ONLY)
            read_only=$((read_only + 1))
            [ -n "$(readiness detail)" ] || broken "read-only without a reason"
            ;;
        *) broken "after descriptors ran out the state is $(readiness state), $(readiness detail)" ;;
    esac
}

for ((round = 1; round <= COUNT; round++)); do
    record=$work/record-$round
    kind=ext4
    [ $((round % 2)) = 1 ] || kind=xfs
    make_image "$kind" 400M "$work/image"
    mount_at "$work/image" "$disk"
    start_server "$disk/data" "${options[@]}"
    freeze "$record"
    kill_server
    : >"$work/server.txt"
    start_server "$disk/data" "${options[@]}"
    descriptors_run_out "$record"
    kill_server
    start_server "$disk/data" "${options[@]}"
    load check "$record" || broken "after a restart"
    check_sees_what_is_planted "$record"
    kill_server
    unmount "$disk"
done
[ $((turned_away + timed_out)) -gt 0 ] || broken "nobody noticed that the disk was frozen"
[ "$descriptors_refused" -gt 0 ] || broken "descriptors did not run out"
passed "$COUNT disks frozen for $FREEZE_SECONDS s, $turned_away sets turned away, $timed_out without a reply in time," \
    "at most $queued_most of $QUEUE_MAX queued, the heap in use at most $((grown_most / 1024)) KiB larger than before;" \
    "$descriptors_refused times out of descriptors, $read_only times read-only with a reason; none lost"
