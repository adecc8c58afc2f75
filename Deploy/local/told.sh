#!/bin/bash
# told.sh LOG COMMAND...: runs it, keeps what it says in LOG as well, and when it fails ends with what failed: whoever sees
# only the end of a long output sees the reason.
set -uo pipefail
log=$1
shift
mkdir -p "$(dirname "$log")"
"$@" 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
if ((code != 0)); then
    echo "--- it failed with $code; from $log:"
    grep -aE -A7 '^(Thread .* crashed|💣)|Fatal error|crashed:$' "$log" | cut -c1-160 | head -24
    grep -aE -A1 '^✘|error:' "$log" | grep -aE '^(✘|↳)|error:' | cut -c1-220 | tail -12
fi
exit "$code"
