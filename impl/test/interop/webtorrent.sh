#!/bin/bash
# SPDX-License-Identifier: MIT
# btw_wire and WebTorrent exchange metadata, contacts, withdrawn pieces and messages of an extension of their own:
# `webtorrent.sh WIRE-PEER NPM`.  WebTorrent has the torrent and is dialled, and knows only its hash and dials, in clear
# and under RC4.  Exit 0: all came through, 1: not all, 77: it is not installed.
set -euo pipefail
wire_peer=$1
export NPM=$2
here=$(cd "$(dirname "$0")" && pwd)
[ -d "$NPM/node_modules/webtorrent" ] && command -v node >/dev/null || exit 77
scratch=$(mktemp -d)
listener=
trap '[ -z "$listener" ] || kill "$listener" 2>/dev/null || :; rm -rf "$scratch"' EXIT
status=0

complain() {
  status=1
  echo "FAIL $*"
  cut -c1-200 "$scratch"/{said,dialled,errors} || :
}

# Starts what listens, and sets port; what it prints after that goes to $scratch/said.
start() { # COMMAND...
  rm -f "$scratch/pipe"
  mkfifo "$scratch/pipe"
  "$@" >"$scratch/pipe" 2>>"$scratch/errors" &
  listener=$!
  exec {said}<"$scratch/pipe"
  until read -r word port <&"$said" && [ "$word" = port ]; do :; done
  cat <&"$said" >"$scratch/said" &
  exec {said}<&-
}

expect() { # FILE LINE...: all of these, in any order
  local line
  for line in "${@:2}"; do
    grep -qxF "$line" "$1" || complain "no '$line'"
  done
}

node "$here/webtorrent_peer.mjs" make "$scratch"
hash=$(cat "$scratch/hash")
for crypto in 'clear 0' 'rc4 2'; do
  read -r ours theirs <<<"$crypto"

  start node "$here/webtorrent_peer.mjs" seed "$scratch" "$theirs"
  "$wire_peer" a dial "$port" "$ours" "$scratch/seed.txt" >"$scratch/dialled" 2>>"$scratch/errors" || complain "seed, $ours"
  wait "$listener" || complain "seed, $ours: webtorrent"
  wait
  expect "$scratch/said" 'test hello' 'pex 192.0.2.1:6881'
  expect "$scratch/dialled" "= method $ours"
  echo "webtorrent seed, $ours: $(grep -c '^[<>]' "$scratch/dialled") messages"

  start "$wire_peer" b listen "$ours" "$scratch/magnet.txt"
  node "$here/webtorrent_peer.mjs" magnet "$scratch" "$theirs" "$port" >"$scratch/dialled" 2>>"$scratch/errors" ||
    complain "magnet, $ours: webtorrent"
  wait "$listener" || complain "magnet, $ours"
  wait
  listener=
  expect "$scratch/dialled" "metadata $hash 1024" 'test olleh' 'pex 192.0.2.1:6881' 'donthave 3'
  expect "$scratch/said" "= method $ours"
  echo "webtorrent magnet, $ours: $(grep -c '^[<>]' "$scratch/said") messages"
done
exit $status
