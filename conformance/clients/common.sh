# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: MIT
# What every driver shares: the interface of README.md.  A driver sources this file, defines these names and calls `drive "$@"`:
#
#   install    how to install the client, one sentence
#   version    prints "client version", or fails when the client is not installed
#   launch     starts the client in the background and sets `client` to its process id
#   speaks     versions of torrents that the client can load, out of v1 hybrid v2 (BEP 52)
#   crowd      how many handshakes at once find out whether the client is ready, if not 60
#
# launch finds its orders in: role port dir data tracker peer slots, and in `adds`, the torrent files or magnet links to load.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=/usr/bin/python3 # Debian's own: the one that finds python3-libtorrent
export PYTHONDONTWRITEBYTECODE=1
role='' fixture='' port='' dir='' data='' names='' tracker='' peer='' client=''
slots=${SLOTS:-200}
adds=()
crowd=60

fail() { # STATUS SENTENCE
  echo "$(basename "$0"): $2" >&2
  exit "$1"
}

unsupported() {
  echo unsupported
  exit 3
}

read_options() {
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail 2 "$1 wants a value"
    case $1 in
      --fixture) fixture=$(realpath -e "$2") || fail 2 "no fixture in $2" ;;
      --port) port=$2 ;;
      --dir) mkdir -p "$2" && dir=$(realpath -e "$2") ;;
      --torrents) names=$2 ;;
      --tracker) tracker=$2 ;;
      --peer) peer=$2 ;;
      *) fail 2 "unknown option $1" ;;
    esac
    shift 2
  done
  if [ -z "$fixture" ] || [ -z "$port" ] || [ -z "$dir" ]; then fail 2 "start wants --fixture, --port and --dir"; fi
}

# Fills SCRATCH/data and SCRATCH/load, and reads back what the client has to load.
prepare() {
  data=$dir/data
  [ ! -e "$data" ] || fail 2 "$dir was used before: every start wants a fresh directory"
  ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || fail 1 "port $port is taken"
  "$python" "$here/torrents.py" list "$role" "$fixture" "$dir" --speaks "$speaks" \
    --names "$names" --tracker "$tracker" --peer "$peer" || fail 2 "nothing to load"
  mapfile -t adds < <(cut -f 3 "$dir/load/list")
  export HOME=$dir XDG_CONFIG_HOME=$dir XDG_DATA_HOME=$dir XDG_CACHE_HOME=$dir
  # A connection for each scenario and more; not the hard limit, for some clients walk all descriptors.
  ulimit -Sn 4096 2>/dev/null || :
}

# Becomes the client, in the background: `run_client CMD >"$dir/log" 2>&1 &`.  It must not outlive the driver, even when that is killed.
run_client() { exec setpriv --pdeathsig KILL "$@" </dev/null; }

client_lives() { kill -0 "$client" 2>/dev/null; }

# The client has ended on its own account: tells it and leaves.
mourn() {
  local status=0
  { wait "$client" || status=$?; } 2>/dev/null
  client=
  echo "died $status"
  exit 1
}

# Called by launch: repeats a command until it works, for as long as the client lives.
until_works() {
  until "$@" >/dev/null 2>&1; do
    client_lives || mourn
    sleep 0.05
  done
}

stop_client() {
  trap - EXIT TERM INT
  [ -n "$client" ] || return 0
  kill -TERM "$client" 2>/dev/null || :
  for _ in {1..100}; do
    client_lives || break
    sleep 0.05
  done
  kill -KILL "$client" 2>/dev/null || :
  wait "$client" 2>/dev/null || :
}

start() {
  read_options "$@"
  version >/dev/null || fail 77 "not installed; $install"
  prepare
  trap stop_client EXIT
  trap 'exit 0' TERM INT
  launch
  run_client "$python" "$here/torrents.py" ready "$port" "$crowd" "${READY_SECS:-20}" "$dir/load/list" &
  local prober=$!
  { wait -n "$prober" "$client" || :; } 2>/dev/null # the shell's word on a signal: `died` says it
  client_lives || mourn
  wait "$prober" || fail 1 "no handshake was answered"
  echo ready
  echo "pid $client"
  { wait "$client" || :; } 2>/dev/null
  mourn
}

drive() {
  case ${1:-} in
    probe) version || fail 77 "not installed; $install" ;;
    start)
      case ${2:-} in
        seed | leech | magnet) role=$2 ;;
        *) unsupported ;;
      esac
      shift 2
      start "$@"
      ;;
    *) unsupported ;;
  esac
}
