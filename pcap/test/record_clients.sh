#!/bin/bash
# SPDX-License-Identifier: MIT
# record_clients.sh CLIENT CONFORMANCE
# What a session of a client was recorded as, the same client passes: as a seed, and as a leech.  Sessions are captured anew, the other end
# is libtorrent.  Exits 77 when a client is not installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=$1
conformance=$(realpath -e "$2")
clients=$here/../../conformance/clients
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$clients/$client" probe || exit 77
"$clients/libtorrent" probe || exit 77
mkdir "$scratch/recorded"
"$here/record.sh" "$conformance" "$scratch" "$client-seed_libtorrent-leech" "libtorrent-seed_$client-leech"

# passes SESSION ROLE SIDE: SIDE plays whoever is not the client
passes() {
  local session=$1 role=$2 side=$3 scenario=$scratch/recorded/$1.scn verdict
  "$conformance" record "$scratch/$session.pcap" --play "$side" -o "$scenario"
  "$conformance" fmt --check "$scenario"
  "$conformance" run --driver "$clients/$client" --role "$role" --scenarios "$scenario" --report json="$scratch/report.json" \
    >"$scratch/said" || : # the monitors may have their own opinion of the client: docs/findings.md
  verdict=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["scenarios"][0]["verdict"])' "$scratch/report.json")
  echo "$session as $role: $verdict"
  [ "$verdict" = PASS ] || { cat "$scenario" "$scratch/said"; return 1; }
}

status=0
passes "$client-seed_libtorrent-leech" seed initiator || status=1
case $client in
  # The first never dials loopback addresses, the second cannot be told whom to dial: libtorrent did.
  transmission | rtorrent) side=initiator ;;
  # It announces itself every five minutes, and dials nobody before that.
  qbittorrent) exit $status ;;
  *) side=responder ;;
esac
passes "libtorrent-seed_$client-leech" leech $side || status=1
exit $status
