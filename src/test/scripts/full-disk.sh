#!/usr/bin/env bash
#
# Full disks of many sizes, by writes and by garbage collection: sets are refused with RESOURCE_EXHAUSTED, reads and
# removes go on, collections make room, the server takes sets again by itself, and nothing is lost.
#
#   COUNT=100 src/test/scripts/full-disk.sh     100 sizes, every fifth an ext4 image, the others tmpfs (default: 5)
#
# In rounds of odd number the disk fills with new keys, until removes and collections make room again. In the others,
# clients write some keys over and over, so that the disk is full while garbage is collected. At the end, files may not
# grow over a limit of the process (prlimit --fsize): sets are refused in the same way, until the limit is lifted.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-5}
need mkfs.ext4:e2fsprogs prlimit:util-linux mount:mount curl:curl pkill:procps
begin

disk=$work/disk
refused=0
refused_collecting=0
writes=0
removed=0

await_writable() {
    local live
    live=$(http_status live)
    [ "$live" = 200 ] || broken "liveness is $live on a full disk of $size KiB"
    await ready 200 || broken "not writable again by itself, disk of $size KiB: $(readiness state), $(readiness detail)"
}

limit_file_size() {
    local record=$work/record-limit
    start_server "$work/data" kvdb.storage.segment-size=1M kvdb.storage.value-size-max=8K \
        kvdb.storage.reserve-size=1280K
    load write "$record" seed="$SEED" value-max=8000 keys=1000 acks=50 millis=1200000 || broken "before the limit"
    prlimit --pid "$server_pid" --fsize=524288:unlimited
    load write "$record" seed="$((SEED + 1))" value-max=8000 keys=1000 removes=0 millis=1200000 until=DISK_FULL ||
        broken "while files reached the limit on their size"
    [ "$(figure set-DISK_FULL)" -gt 0 ] || broken "files did not reach the limit on their size"
    prlimit --pid "$server_pid" --fsize=unlimited:unlimited
    await ready 200 || broken "not writable again by itself without the limit: $(readiness state), $(readiness detail)"
    load write "$record" seed="$((SEED + 2))" value-max=8000 keys=1000 acks=300 millis=1200000 ||
        broken "after the limit was lifted"
    kill_server
    start_server "$work/data"
    load check "$record" || broken "after a restart without the limit"
    kill_server
}

for ((round = 1; round <= COUNT; round++)); do
    record=$work/record-$round
    # The segment and the reserve are scaled to the disk, as an operator would.
    size=$((4096 + RANDOM % 16384))
    segment=$((size / 32 < 64 ? 64 : size / 32))
    options=(kvdb.storage.segment-size="${segment}K" kvdb.storage.value-size-max=8K
        kvdb.storage.reserve-size="$((segment * 5 / 4))K" kvdb.storage.snapshot-log-size=1M kvdb.gc.period=1s
        kvdb.gc.log-size-min=0 kvdb.gc.dead-share-min=0.05 kvdb.shutdown.grace-period=1s)
    if [ $((round % 5)) = 0 ]; then
        make_image ext4 "${size}K" "$work/image"
        mount_at "$work/image" "$disk"
    else
        mount_at tmpfs "$disk" -o "size=${size}k"
    fi
    start_server "$disk/data" "${options[@]}"
    if [ $((round % 2)) = 1 ]; then
        load write "$record" seed="$((SEED + round))" value-max=8000 keys=1000000 removes=0 millis=1200000 \
            until=DISK_FULL || broken "while $size KiB filled with new keys"
        [ "$(figure set-DISK_FULL)" -gt 0 ] || broken "$size KiB did not get full"
        refused=$((refused + $(figure set-DISK_FULL)))
        writes=$((writes + $(figure acknowledged)))
        state=$(readiness state)
        [ "$state" = DISK_FULL ] || broken "the disk of $size KiB is full, and readiness says $state"
        load remove "$record" share=60 || broken "removes on a full disk of $size KiB"
        removed=$((removed + $(figure removed)))
    else
        # Somewhat more live data than the disk has room for, and each write makes garbage. Four clients, values of
        # 4 KiB. First until the disk is full, then on that full disk.
        keys=$((size * (110 + RANDOM % 30) / 100 / 4 / 4))
        load write "$record" seed="$((SEED + round))" value-max=8000 keys="$keys" removes=2 millis=1200000 collect=true \
            until=DISK_FULL || broken "while garbage was made and collected on $size KiB"
        [ "$(figure set-DISK_FULL)" -gt 0 ] || broken "$size KiB did not get full"
        load write "$record" seed="$((SEED + round))" value-max=8000 keys="$keys" removes=10 millis=3000 collect=true ||
            broken "while garbage was made and collected on $size KiB that were full"
        refused_collecting=$((refused_collecting + $(figure set-DISK_FULL)))
        writes=$((writes + $(figure acknowledged)))
        [ "$(figure remove-DISK_FULL)" = 0 ] || say "note: $(figure remove-DISK_FULL) removes refused on $size KiB"
        load remove "$record" share=50 || broken "removes on a disk of $size KiB"
        removed=$((removed + $(figure removed)))
    fi
    await_writable
    # It takes sets again; this also checks all keys before.
    load write "$record" seed="$((SEED - round))" value-max=8000 keys=5 removes=20 acks=100 millis=1200000 ||
        broken "after there was room again on $size KiB"
    [ "$(figure acknowledged)" -gt 0 ] || broken "no set was acknowledged after there was room again on $size KiB"
    if [ $((round % 3)) = 0 ]; then kill_server; else stop_server; fi
    start_server "$disk/data" "${options[@]}"
    load check "$record" || broken "after a restart on $size KiB"
    [ "$round" -lt "$COUNT" ] || check_sees_what_is_planted "$record"
    kill_server
    unmount "$disk"
    rm -f "$record"
done
limit_file_size
passed "$COUNT disks filled, one limit on the size of files, $writes acknowledged writes," \
    "$((refused + refused_collecting)) sets refused ($refused_collecting of them during collections)," \
    "$removed keys removed to make room, none lost"
