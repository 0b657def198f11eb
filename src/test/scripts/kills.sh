#!/usr/bin/env bash
#
# kill -9 under a load over gRPC while garbage is collected: nothing acknowledged is lost, nothing removed is back, and
# no value is one that was never written. This says nothing about syncs, which power-loss.sh is for.
#
#   COUNT=100 src/test/scripts/kills.sh     100 kills of one database (default: 4)
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${COUNT:-4}
need curl:curl pkill:procps
begin

data=$work/data
record=$work/record
options=(kvdb.storage.segment-size=128K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=1M
    kvdb.storage.snapshot-log-size=1M kvdb.storage.open-files-max=16 kvdb.gc.period=1s kvdb.gc.log-size-min=0
    kvdb.gc.dead-share-min=0.05 kvdb.shutdown.grace-period=1s)
writes=0
collections=0

for ((round = 1; round <= COUNT; round++)); do
    before=$(acknowledged "$record")
    start_server "$data" "${options[@]}"
    # Checks what the rounds before left, then writes until the server is gone.
    launch_load write "$record" seed=$((SEED + round)) keys=100 millis=3600000 timeout=10000 collect=true
    await_acknowledged "$record" $((before + 200 + RANDOM % 1500)) || broken "round $round: the load ended early"
    runs=$(readiness gc-runs)
    collections=$((collections + ${runs:-0}))
    kill_server
    await_load || broken "in round $round: $(grep -m 1 -E '^[A-Za-z ]+:' "$work/load.txt")"
    writes=$((writes + $(acknowledged "$record") - before))
done
start_server "$data" "${options[@]}"
load check "$record" || broken "after $COUNT kills"
check_sees_what_is_planted "$record"
kill_server
[ "$collections" -gt 0 ] || broken "no garbage was collected"
passed "$COUNT kills, $writes acknowledged writes, at least $collections collections, none lost"
