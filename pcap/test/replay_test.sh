#!/bin/bash
# SPDX-License-Identifier: MIT
# replay_test.sh CONFORMANCE: real sessions played against the reference peer, from both sides; what cannot be played is said.
set -u
program=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# expect STATUS TEXT ARGUMENT...: the program ends so, and says that on either output.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  "$program" "$@" >"$scratch/said" 2>&1 </dev/null || got=$?
  [ "$got" = "$status" ] && { [ -z "$text" ] || grep -qF -- "$text" "$scratch/said"; } && return
  echo "FAIL: conformance $*: exit status $got, wanted $status and '$text'"
  sed 's/^/  | /' "$scratch/said" | head -40
  failures=$((failures + 1))
}

for capture in "$here"/clients/*-seed_*-leech.pcap; do
  case $capture in
    # The seed dialled: who dials is the one who has it all.
    *libtorrent-seed_transmission-leech.pcap) dials='blocks asked for: 3 captured, 3 now' accepts='answers as captured: 3 of 3' ;;
    *) dials='answers as captured: 3 of 3' accepts='blocks asked for: 3 captured, 3 now' ;;
  esac
  expect 0 "$dials" replay "$capture"
  expect 0 "$dials" replay --exact --timing 10% "$capture"
  expect 0 "$dials" replay --mse "$capture"
  expect 0 "$accepts" replay --listen "$capture"
done
seed=$here/clients/webtorrent-seed_libtorrent-leech.pcap
expect 0 'answers as captured: 4 of 4' replay "$here/clients/libtorrent-seed_webtorrent-magnet.pcap"
expect 0 'blocks asked for: 3 captured, 3 now' replay --play responder "$here/clients/libtorrent-seed_webtorrent-magnet.pcap"
expect 0 'p1 > request piece=' replay --verbose "$seed"
expect 1 'differences: ' replay --strict "$seed"

# A session that is about another torrent, and one of which nothing is known.
"$program" fixture --role seed "$scratch/fixture" >/dev/null
expect 0 'answers as captured: 3 of 3' replay --torrent "$scratch/fixture/base.torrent" "$seed"
expect 0 'answers as captured: 64 of 64' replay --torrent "$scratch/fixture/base.torrent" "$here/data/libtorrent-x2_fast-ext.pcapng"
expect 2 'a torrent that is no fixture needs --target' replay "$here/data/libtorrent-x2_fast-ext.pcapng"
# The pieces that 'three' lacks are answered with a reject, or not at all.
expect 1 '! captured  piece piece=' replay --timeout-scale 0.01 --torrent "$scratch/fixture/three.torrent" \
  "$here/data/libtorrent-x2_fast-ext.pcapng"

expect 3 'is encrypted' replay "$here/data/libtorrent-x2_mse-rc4.pcap"
expect 3 'the capture lacks the handshake' record "$here/data/tcp-one-direction.pcap"
expect 3 'is no BitTorrent session' replay --flow 77 "$seed"
expect 3 'there was no session' replay --target 127.0.0.1:1 "$seed"
expect 4 'no-such-file' replay "$scratch/no-such-file"
expect 2 'one capture' replay
expect 2 '--play' replay --play seed "$seed"
expect 2 '--timing' replay --timing often "$seed"

# A target without all the extensions of the captured one: what it has not agreed to is not said, and the rest goes on.
expect 1 'differences: ' replay --timeout-scale 0.1 --torrent "$scratch/fixture/hybrid.torrent" "$here/data/libtorrent-x2_hybrid-magnet.pcap"
grep -qF 'extended ext=0 dict={m={upload_only=3}}' "$scratch/said" && ! grep -q 'has no value' "$scratch/said" ||
  { echo 'FAIL: extensions of a replay'; cat "$scratch/said"; failures=$((failures + 1)); }

# Reports are those of `run`, with what a replay alone knows.
report() { # FORM TEXT...: the report of a session that differs holds these
  expect 1 'differences: ' replay --strict --report "$1=$scratch/report" "$seed"
  for text in "${@:2}"; do
    grep -qF -- "$text" "$scratch/report" || { echo "FAIL: no '$text' in $1:"; cat "$scratch/report"; failures=$((failures + 1)); }
  done
}
report json '"schema": 1' '"fail": 1' '"reason": "it differs"' '"file": "webtorrent-seed_libtorrent-leech.pcap"' '"grave": false'
report tap '1..1' 'not ok 1 - webtorrent-seed_libtorrent-leech.pcap f2 - it differs' '#     captured  choke'
report junit 'failures="1"' 'message="it differs"' '    captured  choke'
expect 3 'there was no session' replay --target 127.0.0.1:1 --report "tap=$scratch/report" "$seed"
grep -q '^ok 1 .* # SKIP inconclusive' "$scratch/report" || { cat "$scratch/report"; failures=$((failures + 1)); }
expect 2 'junit=FILE' replay --report html=x "$seed"
expect 4 'cannot write' replay --report "json=$scratch/no-such/file" "$seed"

mkdir "$scratch/recorded"
expect 0 '' record "$seed" -o "$scratch/recorded/seed.scn"
expect 0 '' lint "$scratch/recorded"
expect 0 '' fmt --check "$scratch/recorded/seed.scn"
expect 0 '' prove "$scratch/recorded"
expect 0 '1 PASS' run --scenarios "$scratch/recorded"
expect 0 'rule    BEP3-REQ-01' record --play responder "$seed"
expect 2 'the session is about another torrent' record --torrent "$scratch/fixture/base.torrent" "$seed"
expect 2 '--name wants AREA.WHAT' record --name nonsense "$seed" -o "$scratch/recorded/nonsense.scn"
# The folder gives its name, however it is spoken of.
(cd "$scratch/recorded" && "$program" record "$seed" -o here.scn)
grep -q '^scenario recorded.here$' "$scratch/recorded/here.scn" || { echo 'FAIL: -o here.scn'; failures=$((failures + 1)); }
rm -f "$scratch/recorded/here.scn"
mkdir "$scratch/2 words"
expect 2 'choose another folder' record "$seed" -o "$scratch/2 words/session.scn"
expect 4 'cannot write' record "$seed" -o "$scratch/no-such-folder/session.scn"
expect 2 'try --name' record --name other.seed "$seed" -o "$scratch/recorded/other.scn"
expect 4 'no-such-file' record "$scratch/no-such-file"

[ $failures = 0 ]
