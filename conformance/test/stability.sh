#!/bin/bash
# SPDX-License-Identifier: MIT
# stability.sh CLIENT N [CONFORMANCE]
# Runs the suite N times on a client as a seed and prints the scenarios whose verdict was not the same each time, with their
# verdicts.  Exits 1 if there are any, 77 when the client is not installed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=$1
times=$2
conformance=${3:-$here/../../build/conformance}
driver=$here/../clients/$client

"$driver" probe >&2 || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
reports=()
for ((i = 1; i <= times; i++)); do
  reports+=("$scratch/$i.json")
  "$conformance" run --driver "$driver" --report json="$scratch/$i.json" | tail -n 1 >&2
done
changed=$("$here/verdicts.py" unstable "${reports[@]}") || exit 2
[ -z "$changed" ] && exit 0
echo "$changed"
exit 1
