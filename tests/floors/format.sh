#!/usr/bin/env bash
# Every C++ file of ours is formatted as .clang-format says.
set -euo pipefail
mapfile -t files < <(find actors config messages storage tests -name node_modules -prune -o -name '*.h' -print -o -name '*.cc' -print)
[ ${#files[@]} -ge 100 ] || { echo "only ${#files[@]} files found"; exit 1; }
"${1:-clang-format}" --dry-run -Werror "${files[@]}"
echo "${#files[@]} files are formatted"
