#!/bin/bash
# SPDX-License-Identifier: MIT
# record.sh CONFORMANCE OUT [SESSION...]
# Records real clients that talk to each other, in a network namespace of their own that has nothing but loopback: one capture per
# row of the table, OUT/SESSION.pcap.  Sessions with a client that is not installed are skipped aloud.  Needs root, or a kernel that
# lets anybody make namespaces; tcpdump; the drivers of conformance/clients.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# session                          seed          leech         role    torrent  who dials   environment of both
table='
transmission-seed_libtorrent-leech transmission  libtorrent    leech   three    leech
aria2-seed_libtorrent-leech        aria2         libtorrent    leech   three    leech
webtorrent-seed_libtorrent-leech   webtorrent    libtorrent    leech   three    leech
libtorrent-seed_libtorrent-leech   libtorrent    libtorrent    leech   three    leech
rtorrent-seed_libtorrent-leech     rtorrent      libtorrent    leech   three    leech
qbittorrent-seed_libtorrent-leech  qbittorrent   libtorrent    leech   three    leech
libtorrent-seed_transmission-leech libtorrent    transmission  leech   three    seed
libtorrent-seed_aria2-leech        libtorrent    aria2         leech   three    tracker
libtorrent-seed_webtorrent-leech   libtorrent    webtorrent    leech   three    leech
libtorrent-seed_rtorrent-leech     libtorrent    rtorrent      leech   three    seed
libtorrent-seed_qbittorrent-leech  libtorrent    qbittorrent   leech   three    leech       ENCRYPTION=2
libtorrent-seed_libtorrent-magnet  libtorrent    libtorrent    magnet  meta3    leech
libtorrent-seed_webtorrent-magnet  libtorrent    webtorrent    magnet  three    leech
libtorrent-x2_hybrid-magnet        libtorrent    libtorrent    magnet  hybrid   leech
libtorrent-x2_v2                   libtorrent    libtorrent    leech   v2       leech
libtorrent-x2_v2-magnet            libtorrent    libtorrent    magnet  v2       leech
libtorrent-x2_mse-plaintext        libtorrent    libtorrent    leech   three    leech       LT_SETTINGS=out_enc_policy=0#allowed_enc_level=1
libtorrent-x2_mse-rc4              libtorrent    libtorrent    leech   three    leech       LT_SETTINGS=out_enc_policy=0#allowed_enc_level=2
libtorrent-x2_v6                   libtorrent    libtorrent    leech   three    leech-v6
'

say() { echo "record.sh: $*" >&2; }

if [ $# -lt 2 ]; then
  sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
if [ -z "${RECORD_NAMESPACE:-}" ]; then
  user=-r
  [ "$(id -u)" != 0 ] || user=
  RECORD_NAMESPACE=1 exec unshare $user -n "$0" "$@"
fi

conformance=$(realpath -e "$1")
mkdir -p "$2"
out=$(realpath -e "$2")
shift 2
wanted=" $* "
ip link set lo up
scratch=$(mktemp -d)
running=()

# Ends what was started last, and waits for it.
stop() {
  local pid=${running[-1]}
  unset 'running[-1]'
  kill -TERM "$pid" 2>/dev/null || :
  wait "$pid" 2>/dev/null || :
}
stop_all() { while [ ${#running[@]} -gt 0 ]; do stop; done; }
trap 'stop_all; rm -rf "$scratch"' EXIT

# start FOLDER DRIVER ROLE PORT OPTION...: a client, until it is ready
start() {
  local folder=$1 driver=$2 role=$3 port=$4
  shift 4
  : >"$folder.said"
  "$here/../../conformance/clients/$driver" start "$role" --fixture "$scratch/fixture" --port "$port" --dir "$folder" "$@" >"$folder.said" 2>&1 &
  running+=($!)
  until grep -q '^ready' "$folder.said"; do
    kill -0 "${running[-1]}" 2>/dev/null || { sed 's/^/  | /' "$folder.said" >&2; return 1; }
    sleep 0.1
  done
}

# The leech has all that the fixture has.
is_complete() {
  local name=$1 folder=$2
  [ -e "$folder/data/$name" ] && diff -rq "$scratch/fixture/data/$name" "$folder/data/$name" >/dev/null 2>&1
}

# serve_tracker PEER-PORT...: a file that every announce is answered with
serve_tracker() {
  local port=$1 peers=
  shift
  mkdir -p "$scratch/tracker"
  for peer in "$@"; do peers+=$(printf '\\x7f\\x00\\x00\\x01\\x%02x\\x%02x' $((peer >> 8)) $((peer & 255))); done
  printf 'd8:intervali5e5:peers%d:%be' $((6 * $#)) "$peers" >"$scratch/tracker/announce"
  python3 -m http.server --bind 127.0.0.1 --directory "$scratch/tracker" "$port" >/dev/null 2>&1 &
  running+=($!)
}

# The driver's own probes come from 127.255.255.0/24; the tracker is no peer.
capture() {
  tcpdump -i lo -s 0 -U -Z root -w "$1" 'tcp and not net 127.255.255.0/24 and not port 8000' 2>"$scratch/tcpdump" &
  running+=($!)
  until grep -q listening "$scratch/tcpdump"; do sleep 0.05; done
}

# One session: the side that is dialled is started first.
record() {
  local name=$1 seed=$2 leech=$3 role=$4 torrent=$5 dials=$6 folder=$scratch/$1 seed_port=31001 leech_port=31002
  local of_seed=() of_leech=()
  mkdir -p "$folder"
  case $dials in
    leech) of_leech=(--peer "127.0.0.1:$seed_port") ;;
    leech-v6) of_leech=(--peer "[::1]:$seed_port") ;;
    seed) of_seed=(--peer "127.0.0.1:$leech_port") ;;
    tracker)
      serve_tracker 8000 $seed_port
      of_leech=(--tracker http://127.0.0.1:8000/announce)
      ;;
  esac
  capture "$folder/raw.pcap"
  if [ "$dials" = seed ]; then
    start "$folder/leech" "$leech" "$role" $leech_port --torrents "$torrent" || return 1
    start "$folder/seed" "$seed" seed $seed_port --torrents "$torrent" "${of_seed[@]}" || return 1
  else
    start "$folder/seed" "$seed" seed $seed_port --torrents "$torrent" || return 1
    start "$folder/leech" "$leech" "$role" $leech_port --torrents "$torrent" "${of_leech[@]}" || return 1
  fi
  for _ in {1..600}; do
    is_complete "$torrent" "$folder/leech" && break
    sleep 0.1
  done
  is_complete "$torrent" "$folder/leech" || { say "$name: the leech did not get it all"; return 1; }
  sleep 1 # what they still have to say to each other
  stop_all
  mv "$folder/raw.pcap" "$out/$name.pcap"
  say "$name: $(stat -c %s "$out/$name.pcap") bytes"
}

"$conformance" fixture --role seed "$scratch/fixture" >/dev/null
python3 "$here/../../conformance/clients/torrents.py" links "$scratch/fixture" >"$scratch/fixture/magnets.txt"
status=0
while read -r name seed leech role torrent dials environment; do
  [ -n "$name" ] || continue
  [ "$wanted" = '  ' ] || [[ $wanted = *" $name "* ]] || continue
  if ! "$here/../../conformance/clients/$seed" probe >/dev/null 2>&1 || ! "$here/../../conformance/clients/$leech" probe >/dev/null 2>&1; then
    say "$name: skipped, $seed or $leech is not installed"
    continue
  fi
  unset LT_SETTINGS ENCRYPTION
  [ -z "$environment" ] || export "${environment//#/ }"
  record "$name" "$seed" "$leech" "$role" "$torrent" "$dials" || { status=1; say "$name: failed"; stop_all; }
done <<<"$table"
exit $status
