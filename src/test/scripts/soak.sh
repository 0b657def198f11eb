#!/usr/bin/env bash
#
# A mixed load for a long time over a server that collects garbage, is restarted (SIGTERM) and is killed (kill -9):
# nothing acknowledged is lost, each value read is one that was written, and memory, descriptors, disk and latency stay
# flat: the median of the last third of the samples is at most 1.25 times (of latencies: 3 times) that of the second.
#
#   MINUTES=30 src/test/scripts/soak.sh     (default: COUNT, or 1)
#   SVG=docs/soak.svg CSV=soak.csv          also keep the plot and the samples
#   PHASE_SECONDS=60                        how long each server runs (default: a sixth of the time, at most a minute)
set -euo pipefail
# shellcheck source=src/test/scripts/lib.sh
. "$(dirname "$0")/lib.sh"

MINUTES=${MINUTES:-${COUNT:-1}}
PHASE_SECONDS=${PHASE_SECONDS:-$((MINUTES >= 6 ? 60 : MINUTES * 10))}
need python3:python3 curl:curl pkill:procps
begin

data=$work/data
record=$work/record
samples=$work/samples.csv
state=$work/state
options=(kvdb.storage.segment-size=512K kvdb.storage.value-size-max=16K kvdb.storage.reserve-size=1M
    kvdb.storage.snapshot-log-size=4M kvdb.storage.open-files-max=32 kvdb.gc.period=1s kvdb.gc.log-size-min=0
    kvdb.gc.dead-share-min=0.3 kvdb.shutdown.grace-period=1s)
writes=0
reads=0
kills=0
stops=0

# Moves the file in whole: the sampler reads it at any time.
tell_sampler() {
    echo "$*" >"$state.new"
    mv "$state.new" "$state"
}

# Of each key, what its last decided write and those after it need: the record does not grow with time.
compact_record() {
    awk '
        /^load/ { print; next }
        $1 == "s" || $1 == "r" || $1 == "n" { lines[$2] = lines[$2] $0 "\n"; next }
        {
            count = split(lines[$2], old, "\n")
            kept = ""
            later = ""
            for (i = 1; i < count; i++) {
                split(old[i], word, " ")
                if (word[3] == $3 && (word[1] == "s" || word[1] == "r")) kept = old[i] "\n"
                else if ($1 == "a" && word[3] > $3) later = later old[i] "\n"
            }
            lines[$2] = kept $0 "\n" later
        }
        END { for (key in lines) printf "%s", lines[key] }' "$record" >"$record.new"
    mv "$record.new" "$record"
}

tell_sampler 0 0 begin
python3 "$(dirname "$0")/soak.py" sample "$state" "$data" "$samples" >/dev/null 2>"$work/sampler.txt" &
sampler_pid=$!
soaked=$SECONDS
round=0
while [ $((SECONDS - soaked)) -lt $((MINUTES * 60)) ]; do
    round=$((round + 1))
    start_server "$data" "${options[@]}"
    tell_sampler "$server_pid" "$http_port" "start:$round"
    before=$(acknowledged "$record")
    # Checks all that was acknowledged before, then goes on.
    launch_load write "$record" seed=$((SEED + round)) threads=4 keys=1000 value-max=4000 reads=30 removes=10 \
        pause=4000 timeout=10000 millis=3600000 collect=false
    await_acknowledged "$record" $((before + 50)) || broken "the load of round $round does not begin"
    until=$((SECONDS + PHASE_SECONDS - RANDOM % (PHASE_SECONDS / 5 + 1)))
    while [ "$SECONDS" -lt "$until" ] && load_goes_on; do sleep 0.5; done
    if [ $((round % 2)) = 1 ]; then
        tell_sampler 0 0 "kill:$round"
        kill_server
        kills=$((kills + 1))
    else
        tell_sampler 0 0 "stop:$round"
        stop_server
        stops=$((stops + 1))
    fi
    await_load || broken "in round $round: $(grep -m 1 -E '^[A-Za-z ]+:' "$work/load.txt")"
    writes=$((writes + $(figure acknowledged)))
    reads=$((reads + $(figure reads)))
    compact_record
done
rm -f "$state"
wait "$sampler_pid" || broken "the sampler failed: $(tail -n 1 "$work/sampler.txt")"
[ "$writes" -gt $((MINUTES * 60)) ] || broken "only $writes writes were acknowledged"
start_server "$data" "${options[@]}"
load check "$record" || broken "after $round rounds"
check_sees_what_is_planted "$record"
kill_server
[ -z "${CSV:-}" ] || cp "$samples" "$CSV"
python3 "$(dirname "$0")/soak.py" plot "$samples" "${SVG:-$work/soak.svg}"
if [ "$MINUTES" -ge 5 ]; then
    python3 "$(dirname "$0")/soak.py" judge "$samples" || broken "a series is not flat"
else
    say "no judgement of what is flat before 5 minutes"
fi
passed "$MINUTES minutes, $writes acknowledged writes, $reads reads under load, $kills kills, $stops restarts, none lost"
