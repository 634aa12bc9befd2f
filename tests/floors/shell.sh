#!/usr/bin/env bash
# Every shell script of ours, found by its first line, is clean for shellcheck, may be run, and stops at errors.
set -euo pipefail
mapfile -t scripts < <(grep -rlE '^(#!.*\b(bash|sh)$|# shellcheck shell=)' .ci scripts tests | sort)
[ ${#scripts[@]} -ge 5 ] || { echo "only ${#scripts[@]} scripts found"; exit 1; }
"${1:-shellcheck}" -x "${scripts[@]}"
for script in "${scripts[@]}"; do
  [ "$(head -c 2 "$script")" = '#!' ] || continue # to be sourced
  [ -x "$script" ] || { echo "$script has no run bit"; exit 1; }
  grep -q '^set -euo pipefail$' "$script" || { echo "$script lacks set -euo pipefail"; exit 1; }
done
echo "${#scripts[@]} scripts are clean"
