#!/usr/bin/env bash
#
# A real file system loses power under a server that writes and collects garbage: after the mount and the restart,
# all that was acknowledged is there, nothing that was removed is back, and no value is one that was never written.
#
#   COUNT=50 src/test/scripts/power-loss.sh     50 times on ext4 and 50 times on xfs (default: 2 each)
#
# `xfs_io shutdown` is the kernel's own means for that (ext4 has it too): from then on nothing reaches the image, the
# journal's buffers and the page cache included. A round goes on where the one before it stopped, so recoveries are
# cut off as well. Rounds go to two databases by turns: one takes small values, so that the server fills its log with
# zeros ahead of them, and loses power only once it did; the other takes larger ones.
#
# What was acknowledged is what the record held before the shutdown. Of syncs that are under way during it, ext4 and
# xfs say yes to some whose data is gone (a plain loop of pwrite and fdatasync meets that in 5 of 100 shutdowns), which
# no power cut does to anyone who could still see the yes.
#
# The planted bug: a server that acknowledges before it syncs (kvdb.storage.sync-policy=os) must be caught.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-2}
need mkfs.xfs:xfsprogs xfs_io:xfsprogs mkfs.ext4:e2fsprogs mount:mount curl:curl pkill:procps
begin

collecting=(kvdb.storage.segment-size=128K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=1M
    kvdb.storage.snapshot-log-size=1M kvdb.gc.period=1s kvdb.gc.log-size-min=0 kvdb.gc.dead-share-min=0.05
    kvdb.shutdown.grace-period=1s)
disk=$work/disk

# The power goes while a load is under way, which sees that and ends by itself. The mount comes back.
lose_power() {
    local image=$1 record=$2 certain
    certain=$(wc -l <"$record")
    xfs_io -x -c shutdown "$disk" || skip "the kernel does not shut file systems down"
    await_load || broken "under load: $(grep -m 1 -E '^[A-Z ]+:' "$work/load.txt")"
    sed -i "$((certain + 1)),\${/^a /d}" "$record"
    kill_server
    unmount "$disk"
    mount_at "$image" "$disk"
}

# A server that acknowledges before it syncs, and neither rolls nor collects, which would sync. The kernel may write all
# of it out by itself just before the power goes, most of all on a slow machine; not each time.
plant_the_bug() {
    local kind=$1 image=$2 attempt record
    for attempt in {1..5}; do
        record=$work/record-planted-$kind-$attempt
        start_server "$disk/planted-$attempt" kvdb.storage.sync-policy=os kvdb.storage.segment-size=64M \
            kvdb.storage.reserve-size=1M kvdb.gc.period=1h kvdb.shutdown.grace-period=1s
        launch_load write "$record" seed=$((SEED + attempt)) millis=1200000 until=READ_ONLY
        await_acknowledged "$record" 1000 || broken "planted bug on $kind: the load ended early"
        lose_power "$image" "$record"
        launch_server "$disk/planted-$attempt" kvdb.storage.reserve-size=1M
        await ready 200 || broken "the server with the planted bug does not get ready"
        load check "$record" || { kill_server; return 0; }
        kill_server
    done
    broken "writes acknowledged before they were synced survived on $kind $attempt times: no power was lost"
}

# Writes to one of the two databases until the power goes.
lose_power_under_load() {
    local kind=$1 image=$2 values=$3 data=$disk/data-$values record=$work/record-$kind-$values before runs
    local what="round $round on $kind" values_given=(collect=true)
    [ "$values" = large ] || values_given=("${small_values[@]}")
    before=$(acknowledged "$record")
    start_server "$data" "${collecting[@]}"
    # Checks what the rounds before left, then writes.
    launch_load write "$record" seed=$((SEED + round)) millis=1200000 until=READ_ONLY "${values_given[@]}"
    await_acknowledged "$record" $((before + 200 + RANDOM % 2500)) || broken "$what: the load ended early"
    if [ "$values" = small ]; then
        await_zeros "$data" || broken "$what: no zeros were filled in ahead of the log"
        over_zeros=$((over_zeros + 1))
    fi
    runs=$(readiness gc-runs)
    collections=$((collections + ${runs:-0}))
    lose_power "$image" "$record"
    [ "$values" = large ] || ! ends_in_zeros "$data" || left_zeros=$((left_zeros + 1))
    writes=$((writes + $(acknowledged "$record") - before))
    rounds=$((rounds + 1))
}

check_what_is_left() {
    local kind=$1 values=$2 data=$disk/data-$values record=$work/record-$kind-$values
    [ -f "$record" ] || return 0
    start_server "$data" "${collecting[@]}"
    load check "$record" || broken "after round $COUNT on $kind, $values values"
    # A stop that is left in peace must leave the same.
    stop_server
    start_server "$data" "${collecting[@]}"
    load check "$record" || broken "after a stop and a start on $kind, $values values"
    check_sees_what_is_planted "$record"
    kill_server
}

rounds=0
writes=0
collections=0
over_zeros=0
left_zeros=0
for kind in ext4 xfs; do
    image=$work/image
    make_image "$kind" 400M "$image"
    mount_at "$image" "$disk"
    for ((round = 1; round <= COUNT; round++)); do
        if [ $((round % 2)) = 1 ]; then values=small; else values=large; fi
        lose_power_under_load "$kind" "$image" "$values"
    done
    check_what_is_left "$kind" small
    check_what_is_left "$kind" large
    plant_the_bug "$kind" "$image"
    unmount "$disk"
done
# A server of small values may live for less than a second, too little for the scheduled collection.
[ "$COUNT" = 1 ] || [ "$collections" -gt 0 ] || broken "no garbage was collected"
[ "$over_zeros" -gt 0 ] || broken "no log went over zeros"
passed "$rounds losses of power (ext4, xfs), $over_zeros of them under a log that went over zeros ($left_zeros ended in" \
    "zeros), $writes acknowledged writes, at least $collections collections, none lost; acknowledging before the sync" \
    "was caught on both"
