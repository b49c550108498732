#!/bin/bash
# SPDX-License-Identifier: MIT
# btw_wire and the npm package bittorrent-protocol play scripts with each other over TCP: `interop.sh WIRE-PEER NPM`.
# NPM is the folder that holds node_modules.  Each script is played with either side dialling, in clear and encrypted;
# what one end says has to be what the other hears.  Exit 0: all did, 1: not all, 77: the package is not installed.
set -euo pipefail
wire_peer=$1
export NPM=$2
here=$(cd "$(dirname "$0")" && pwd)
[ -d "$NPM/node_modules/bittorrent-protocol" ] && command -v node >/dev/null || exit 77
scratch=$(mktemp -d)
listener=
trap '[ -z "$listener" ] || kill "$listener" 2>/dev/null || :; rm -rf "$scratch"' EXIT

# shellcheck disable=SC2317 # called by name
wire() { # LOG ARGUMENTS...
  exec "$wire_peer" "${@:2}" >"$1" 2>"$1.errors"
}
# shellcheck disable=SC2317
npm() {
  exec node "$here/npm_peer.mjs" "${@:2}" >"$1" 2>"$1.errors"
}

complain() {
  status=1
  echo "FAIL $*"
  tail -n 5 "$scratch"/[ab] "$scratch"/[ab].errors
}

# The dialler is `a` of the script.
play() { # SCRIPT DIALLER CRYPTO ACCEPTER CRYPTO METHOD
  local name="$1: $2 $3 -> $4 $5, $6" script="$here/$1" port
  rm -f "$scratch"/*
  mkfifo "$scratch/b.pipe"
  ("$4" "$scratch/b.pipe" b listen "$5" "$script") &
  listener=$!
  exec {said}<"$scratch/b.pipe"
  read -r _ port <&"$said" || :
  cat <&"$said" >"$scratch/b" &
  local reader=$!
  exec {said}<&-
  ("$2" "$scratch/a" a dial "${port:-0}" "$3" "$script") || complain "$name: a"
  wait "$listener" || complain "$name: b"
  listener=
  wait "$reader"
  agree "$name" "$6"
  cat "$scratch/$([ "$2" = wire ] && echo a || echo b)" >>"$ours"
}

agree() { # NAME METHOD
  local a="$scratch/a" b="$scratch/b"
  diff <(sed -n 's/^> //p' "$a" | grep -v '^close$') <(sed -n 's/^< //p' "$b" | grep -v '^close$') ||
    complain "$1: what a said and b heard"
  diff <(sed -n 's/^> //p' "$b" | grep -v '^close$') <(sed -n 's/^< //p' "$a" | grep -v '^close$') ||
    complain "$1: what b said and a heard"
  [ "$(sed -n 's/^= uploaded //p' "$a")" = "$(sed -n 's/^= downloaded //p' "$b")" ] || complain "$1: bytes from a to b"
  [ "$(sed -n 's/^= uploaded //p' "$b")" = "$(sed -n 's/^= downloaded //p' "$a")" ] || complain "$1: bytes from b to a"
  [ "$(sed -n 's/^= method //p' "$a" "$b" | sort -u)" = "$2" ] || complain "$1: the method"
  echo "$1: $(grep -c '^[<>] ' "$a") messages"
}

# What our wire must have said, and heard, at the end of all that.
every='handshake keepalive choke unchoke interested not_interested have bitfield request piece cancel port suggest have_all
have_none reject allowed_fast extended hello hash_request hashes hash_reject raw'

status=0
ours=$(mktemp)
for script in plain.txt fast.txt; do
  # dialler           accepter         the method agreed on
  play $script wire clear     npm 0         clear
  play $script npm  0         wire clear    clear
  play $script wire rc4       npm 2         rc4
  play $script npm  2         wire rc4      rc4
  play $script wire either    npm 1         plaintext
  play $script npm  1         wire plaintext plaintext
  play $script wire either    npm 2         rc4
  play $script npm  1         wire either   rc4
done
for message in $every; do
  for way in '<' '>'; do
    grep -Eq "^$way $message( |$)" "$ours" || complain "no $way $message"
  done
done
rm -f "$ours"
exit $status
