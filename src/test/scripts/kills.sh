#!/usr/bin/env bash
#
# kill -9 under a load over gRPC while garbage is collected: nothing acknowledged is lost, nothing removed is back, and
# no value is one that was never written. This says nothing about syncs, which power-loss.sh is for.
#
#   COUNT=100 src/test/scripts/kills.sh     100 kills of two databases by turns (default: 4)
#
# One database takes small values, so that the server fills its log with zeros ahead of them, and is killed only once it
# did; the other takes larger ones.
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-4}
need curl:curl pkill:procps
begin

options=(kvdb.storage.segment-size=128K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=1M
    kvdb.storage.snapshot-log-size=1M kvdb.storage.open-files-max=16 kvdb.gc.period=1s kvdb.gc.log-size-min=0
    kvdb.gc.dead-share-min=0.05 kvdb.shutdown.grace-period=1s)
writes=0
collections=0
over_zeros=0
left_zeros=0

for ((round = 1; round <= COUNT; round++)); do
    if [ $((round % 2)) = 1 ]; then values=small; else values=large; fi
    data=$work/data-$values
    record=$work/record-$values
    kind=(collect=true)
    [ "$values" = large ] || kind=("${small_values[@]}")
    before=$(acknowledged "$record")
    start_server "$data" "${options[@]}"
    # Checks what the rounds before left, then writes until the server is gone.
    launch_load write "$record" seed=$((SEED + round)) keys=100 millis=3600000 timeout=10000 "${kind[@]}"
    await_acknowledged "$record" $((before + 200 + RANDOM % 1500)) || broken "round $round: the load ended early"
    if [ "$values" = small ]; then
        await_zeros "$data" || broken "round $round: no zeros were filled in ahead of the log"
        over_zeros=$((over_zeros + 1))
    fi
    runs=$(readiness gc-runs)
    collections=$((collections + ${runs:-0}))
    kill_server
    [ "$values" = large ] || ! ends_in_zeros "$data" || left_zeros=$((left_zeros + 1))
    await_load || broken "in round $round: $(grep -m 1 -E '^[A-Za-z ]+:' "$work/load.txt")"
    writes=$((writes + $(acknowledged "$record") - before))
done
for record in "$work"/record-*; do
    data=${record/record-/data-}
    start_server "$data" "${options[@]}"
    load check "$record" || broken "after $COUNT kills"
    check_sees_what_is_planted "$record"
    kill_server
done
# A server of small values may live for less than a second, too little for the scheduled collection.
[ "$COUNT" = 1 ] || [ "$collections" -gt 0 ] || broken "no garbage was collected"
[ "$over_zeros" -gt 0 ] || broken "no log went over zeros"
passed "$COUNT kills, $over_zeros of them of a log that went over zeros ($left_zeros ended in zeros), $writes" \
    "acknowledged writes, at least $collections collections, none lost"
