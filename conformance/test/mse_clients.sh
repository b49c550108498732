#!/bin/bash
# SPDX-License-Identifier: MIT
# Message Stream Encryption against one real client: `mse_clients.sh CLIENT MSE-CLIENT CONFORMANCE [PORT]`.
# CLIENT is a driver of conformance/clients, the others are built programs.  PORT and the next one are used on 127.0.0.0/8.
# A line is printed for every conversation.  Exit 0: all went well, 1: not all, 77: the client is not installed.
set -euo pipefail

# Transmission dials no address of 127.0.0.0/8: where the kernel lets us, it gets a network of its own with others.
if [ "$1" = transmission ] && [ -z "${NETWORK:-}" ] && unshare -rn ip link set lo up 2>/dev/null; then
  NETWORK=10.0.0.0 exec unshare -rn "$0" "$@"
fi
: "${NETWORK:=127.0.0.0}"
[ "$NETWORK" = 127.0.0.0 ] || { ip link set lo up && ip address add "$NETWORK/16" dev lo; }

client=$1 talk=$2 conformance=$3 port=${4:-$((20000 + $$ % 5000 * 2))}
driver=$(cd "$(dirname "$0")/../clients" && pwd)/$client
scratch=$(mktemp -d)
running=()

# shellcheck disable=SC2317 # called by the trap
finish() {
  local pid
  for pid in "${running[@]}"; do
    kill "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  rm -rf "$scratch"
}
trap finish EXIT

# What the client is to be offered when it is dialled, and allowed when it dials.
case $client in
  libtorrent | aria2) offers='2 1 3' allows='2 1 3' ;;
  # 3.00 takes IA for plaintext where it selects plaintext: none then, and let it prefer RC4.  It offers nothing but RC4.
  transmission)
    offers='2 1:0 3' allows='2 3' ENCRYPTION=1
    [ "$NETWORK" != 127.0.0.0 ] || { echo 'SKIPPED: it does not dial; this kernel gives no network of its own' && allows=''; }
    ;;
  *) offers=2 allows=2 ;;
esac
export ENCRYPTION=${ENCRYPTION:-0}

start() { # ROLE ARGUMENTS...: the client, until it is ready
  local line
  coproc "$driver" start "$1" --fixture "$scratch/fixture" --port "$port" --dir "$scratch/$1" --torrents base "${@:2}"
  running+=("$COPROC_PID")
  while read -r line <&"${COPROC[0]}"; do
    [ "$line" != ready ] || return 0
  done
  return 1
}

stop() {
  kill "$COPROC_PID"
  wait "$COPROC_PID" || :
  running=()
}

"$driver" probe # ends with 77 itself
"$conformance" fixture --role seed "$scratch/fixture" >/dev/null
hash=$(awk '$1 == "base" { print $2 }' "$scratch/fixture/index.txt")
status=0

start seed
# shellcheck disable=SC2086 # a list
"$talk" dial "$NETWORK" "$port" "$hash" $offers || status=1
stop

[ -n "$allows" ] || exit "$status"
# Encryption is all that it may dial with; plaintext inside is allowed.
export LT_SETTINGS='out_enc_policy=0'
# shellcheck disable=SC2086
"$talk" listen "$NETWORK" $((port + 1)) "$hash" $allows &
listener=$!
running+=("$listener")
start leech --tracker "http://127.0.0.1:$((port + 1))/announce"
wait "$listener" || status=1
exit "$status"
