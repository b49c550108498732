#!/bin/bash
# SPDX-License-Identifier: MIT
# replay_clients.sh CLIENT CONFORMANCE
# What libtorrent asked for as a leech, in a real session, is played against the client as a seed: every block comes back.  Exits 77 when
# the client is not installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=$1
conformance=$(realpath -e "$2")
driver=$here/../../conformance/clients/$client
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$driver" probe || exit 77
"$conformance" fixture --role seed "$scratch/fixture" >/dev/null
status=0
# The monitors may have their own opinion of the client, which is docs/findings.md's: what counts here is the blocks.
plays() {
  local want=$1
  shift
  "$conformance" replay --driver "$driver" "$@" >"$scratch/said" || :
  grep -q "^answers as captured: $want of $want (blocks: $want," "$scratch/said" && return
  cat "$scratch/said"
  status=1
}
plays 3 "$here/clients/transmission-seed_libtorrent-leech.pcap"
# Byte for byte it speaks of Fast to who has none of it, and rTorrent hangs up.
[ "$client" = rtorrent ] || plays 3 --exact "$here/clients/transmission-seed_libtorrent-leech.pcap"
plays 3 "$here/clients/aria2-seed_libtorrent-leech.pcap" # asks before it is unchoked
plays 64 --torrent "$scratch/fixture/base.torrent" "$here/data/libtorrent-x2_fast-ext.pcapng"
exit $status
