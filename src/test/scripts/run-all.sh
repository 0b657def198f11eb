#!/usr/bin/env bash
#
# Runs the scripts beside this one and sums up.
#
#   src/test/scripts/run-all.sh [COUNT]    COUNT for each; without it, each one's own small default (about 10 minutes)
#
# A script that cannot run here is skipped, loudly. Exits with 1 where a script failed, with 77 where one was skipped
# that this machine should have run: as root on Linux with apt-get, and with loop devices and strace allowed.
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

# Whether what the scripts need beside packages is there: mounts of tmpfs and of loop devices.
can_mount() {
    local at image code=1
    at=$(mktemp -d)
    image=$(mktemp)
    truncate -s 8M "$image"
    if mkfs.ext4 -q -F "$image" 2>/dev/null && mount -o loop "$image" "$at" 2>/dev/null; then
        umount "$at"
        if mount -t tmpfs tmpfs "$at" 2>/dev/null; then
            umount "$at"
            code=0
        fi
    fi
    rmdir "$at"
    rm -f "$image"
    return "$code"
}

# Whether calls of a process may be traced. Where strace itself is missing, it should have been installed.
can_trace() {
    ! command -v strace >/dev/null || strace -o /dev/null true 2>/dev/null
}

for script in "${scripts[@]}"; do
    printf '\n-- %s\n' "$script"
    code=0
    output=$(mktemp)
    timeout --kill-after=60 "$limit_seconds" "./$script.sh" > >(tee "$output") 2> >(tee -a "$output" >&2) || code=$?
    last=$(grep -E '^(PASSED|!!!!)' "$output" | tail -n 1 || true)
    rm -f "$output"
    case $code in
        0) summary+=("${last:-PASSED: $script}") ;;
        77)
            skipped=$((skipped + 1))
            summary+=("${last:-!!!! SKIPPED: $script}")
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
if [ "$skipped" -gt 0 ]; then
    if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && can_mount && can_trace; then
        echo "!!!! $skipped of the scripts were skipped on a machine that could have run them." >&2
        exit 77
    fi
    echo "!!!! $skipped of the scripts were skipped: this machine cannot run them." >&2
fi
echo "$((${#scripts[@]} - skipped)) passed, $skipped skipped"
