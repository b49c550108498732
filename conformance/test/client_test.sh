#!/bin/bash
# SPDX-License-Identifier: MIT
# client_test.sh CLIENT [CONFORMANCE]
# The verdicts on a real client as a seed are those of expected/CLIENT.tsv.  Anything else fails: a scenario that is newly red, and
# one of the list that passes now.  Exits 77 when the client is not installed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=$1
conformance=${2:-$here/../../build/conformance}
driver=$here/../clients/$client

"$driver" probe || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$conformance" run --driver "$driver" --report json="$scratch/report.json" >"$scratch/text"
status=$?
if [ $status -gt 1 ]; then # 1 says that something is red, which the list decides
  cat "$scratch/text"
  exit $status
fi
"$here/verdicts.py" notable "$scratch/report.json" >"$scratch/$client.tsv" || exit 1
diff -u --label "expected/$client.tsv" --label 'this run' "$here/expected/$client.tsv" "$scratch/$client.tsv" && exit 0
cat "$scratch/text"
exit 1
