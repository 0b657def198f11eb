#!/usr/bin/env bash
#
# Runs the scripts beside this one and sums up.
#
#   src/test/scripts/run-all.sh [COUNT]    COUNT for each; without it, each one's own small default (about 5 minutes)
#
# A script that cannot run here is skipped, loudly. Exits with 1 where a script failed, with 77 where one was skipped
# that this machine could have run: as root on Linux with apt-get, where the kernel lets it do what that script does.
set -euo pipefail
cd "$(dirname "$0")"

# Each is SCRIPT.sh beside this file; without COUNT it takes no more than some two minutes.
scripts=(
    power-loss
    full-disk
    syscall-faults
    frozen-disk
    kills
    soak
)

[ $# -eq 0 ] || export COUNT=$1
# A script that hangs is a failure.
limit_seconds=$((1800 + ${COUNT:-0} * 600))
summary=()
failed=0
skipped=0
could_have_run=0

# Whether a file system of a kind can be mounted, and a command done to it; both are told where it is last.
can_mount() {
    local kind=$1 at image code=1
    shift
    at=$(mktemp -d)
    image=$(mktemp)
    truncate -s 400M "$image"
    if "mkfs.$kind" -q "$image" >/dev/null 2>&1 && mount -o loop "$image" "$at" 2>/dev/null; then
        ! "$@" "$at" >/dev/null 2>&1 || code=0
        umount "$at"
    fi
    rmdir "$at"
    rm -f "$image"
    return "$code"
}

freeze_and_thaw() {
    fsfreeze -f "$1" && fsfreeze -u "$1"
}

# Whether a process that runs may be traced.
can_trace() {
    local traced code=0
    sleep 60 &
    traced=$!
    timeout 3 strace -qq -o /dev/null -p "$traced" 2>/dev/null || code=$?
    kill "$traced" 2>/dev/null || true
    # It was still tracing when its time was over.
    [ "$code" = 124 ]
}

# Whether a script that was skipped should have run: this machine has what it needs, or could have installed it.
could_run() {
    local tool tools=(curl:curl pkill:procps)
    [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    case $1 in
        power-loss) tools+=(mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs xfs_io:xfsprogs) ;;
        full-disk) tools+=(mkfs.ext4:e2fsprogs) ;;
        syscall-faults) tools+=(strace:strace) ;;
        frozen-disk) tools+=(mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs) ;;
        soak) tools+=(python3:python3) ;;
    esac
    for tool in "${tools[@]}"; do
        if ! command -v "${tool%%:*}" >/dev/null; then
            apt-get -qq -y --download-only install "${tool##*:}" >/dev/null 2>&1
            return
        fi
    done
    case $1 in
        power-loss) can_mount ext4 xfs_io -x -c shutdown && can_mount xfs xfs_io -x -c shutdown ;;
        full-disk) can_mount ext4 true ;;
        syscall-faults) can_trace ;;
        frozen-disk) can_mount ext4 freeze_and_thaw && can_mount xfs freeze_and_thaw ;;
    esac
}

for script in "${scripts[@]}"; do
    printf '\n-- %s\n' "$script"
    code=0
    output=$(mktemp)
    KEEP=${KEEP:+$KEEP/$script} timeout --kill-after=60 "$limit_seconds" "./$script.sh" 2>&1 \
        | tee "$output" || code=${PIPESTATUS[0]}
    last=$(grep -E '^(PASSED|!!!!)' "$output" | tail -n 1 || true)
    rm -f "$output"
    case $code in
        0) summary+=("${last:-PASSED: $script}") ;;
        77)
            skipped=$((skipped + 1))
            last=${last:-!!!! SKIPPED: $script}
            if could_run "$script"; then
                could_have_run=$((could_have_run + 1))
                last+=", on a machine that could have run it"
            fi
            summary+=("$last")
            ;;
        *)
            failed=$((failed + 1))
            summary+=("!!!! FAILED: $script ended with $code; ${last:-no reason given}")
            ;;
    esac
done

printf '\n'
printf '%s\n' "${summary[@]}"
[ "$failed" = 0 ] || exit 1
echo "$((${#scripts[@]} - skipped)) passed, $skipped skipped"
[ "$could_have_run" = 0 ] || exit 77
