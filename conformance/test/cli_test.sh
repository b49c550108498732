#!/bin/bash
# SPDX-License-Identifier: MIT
# The program as its users meet it: exit statuses, what it says, the files it writes.   cli_test.sh CONFORMANCE
set -u
program=$1
scratch=$(mktemp -d)
peer=
stop_peer() {
  [ -z "$peer" ] || { kill "$peer" 2>/dev/null; wait "$peer"; }
  peer=
}
trap 'stop_peer; rm -rf "$scratch"' EXIT
failures=0

fail() {
  echo "FAIL: $*"
  sed 's/^/  | /' "$scratch/said" | head -40
  failures=$((failures + 1))
}

# expect STATUS TEXT ARGUMENT...: the program ends so, and says that (a fixed text, may be empty) on either output.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  "$program" "$@" >"$scratch/said" 2>&1 </dev/null || got=$?
  [ "$got" = "$status" ] || fail "conformance $*: exit status $got instead of $status"
  grep -qF -- "$text" "$scratch/said" || fail "conformance $*: does not say '$text'"
}

# serve OPTION...: starts the reference peer; its port is in $port.
serve() {
  : >"$scratch/serve"
  "$program" serve "$@" >"$scratch/serve" 2>&1 &
  peer=$!
  until grep -q '^ready' "$scratch/serve"; do
    kill -0 "$peer" 2>/dev/null || { fail "serve $* ended"; return; }
    sleep 0.05
  done
  port=$(awk '/^ready/ { print $2 }' "$scratch/serve")
}

# ---- usage
expect 2 'Usage: conformance COMMAND'
expect 0 'Usage: conformance COMMAND' --help
expect 0 'conformance ' --version
expect 2 "did you mean 'run'" rnu
for command in run list explain lint fmt prove fixture serve decode encode record replay; do
  expect 0 'Examples:' "$command" --help
  expect 2 "Try 'conformance $command --help'" "$command" --no-such-option
done
expect 2 'exclude each other' run --target 127.0.0.1:1 --driver x
expect 2 'is not HOST:PORT' run --target nonsense
expect 2 'seed, leech or magnet' run --role sead
expect 2 'json=FILE' run --report yaml=x
expect 2 '--timeout-scale' run --timeout-scale 0
expect 2 '--mse-method' run --mse-method rot13
expect 2 'no info-hash' run --target 127.0.0.1:1 --info-hash 00
expect 2 'cannot read' run --target 127.0.0.1:1 --torrent "$scratch/none.torrent"
expect 2 "did you mean 'handshake.reply'" run handshake.replay
expect 2 "nothing is called" explain handshake.replay
expect 2 'one folder is wanted' fixture
expect 2 "no fixture torrent 'nonsense'" serve --torrents nonsense
expect 2 '' serve --fault 'tx nonsense drop'

# ---- nothing could be tested
expect 3 'no scenario matches' run 'nothing.like.this*'
expect 3 'Nothing was tested' run --target 127.0.0.1:1 handshake.reply
expect 3 'cannot start' run --driver "$scratch/none" handshake.reply
printf '#!/bin/sh\nexit 1\n' >"$scratch/dead" && chmod +x "$scratch/dead"
expect 3 'ended before it was ready' run --driver "$scratch/dead" handshake.reply
expect 3 '1 PASS' run handshake.reply --min-pass 2

# ---- a decent peer, and a bad one
expect 0 '1 PASS' run handshake.reply
expect 0 '1 PASS' run --mse-method rc4 handshake.reply
expect 0 ' PASS' run --role leech handshake.reply
expect 0 ' PASS' run --role magnet handshake.reply
serve --torrents 'base' --fault 'tx piece set begin=0'
reports=(--report "json=$scratch/r.json" --report "tap=$scratch/r.tap" --report "junit=$scratch/r.xml")
expect 1 'FAIL request.right-block' run --target "127.0.0.1:$port" 'request.right-block*' --pcap "$scratch/pcap" "${reports[@]}"
grep -q '  again  conformance run --target' "$scratch/said" || fail 'no way to run it again'
python3 - "$scratch" <<'PYTHON' || fail 'a report is not what it should be'
import json, sys, xml.etree.ElementTree as xml
folder = sys.argv[1]
report = json.load(open(folder + "/r.json"))
assert report["schema"] == 1 and report["summary"]["fail"] >= 1 and report["target"]["role"] == "seed", report["summary"]
assert all(s["transcript"] and s["rules"] for s in report["scenarios"])
cases = list(xml.parse(folder + "/r.xml").getroot().iter("testcase"))
assert len(cases) == len(report["scenarios"]) + len(report["findings"])
assert any(c.find("failure") is not None for c in cases)
tap = open(folder + "/r.tap").read().splitlines()
assert tap[1] == "1..%d" % len(cases) and sum(l.startswith(("ok ", "not ok ")) for l in tap) == len(cases)
PYTHON
ls "$scratch"/pcap/request.right-block*.pcap >"$scratch/said" 2>&1 || fail 'no capture'
stop_peer
expect 4 'cannot write' run handshake.reply --report "json=$scratch/none/r.json"

# ---- a client that has some of the torrents, or one by a wrong hash
ask() { expect "$1" "$2" run --target "127.0.0.1:$port" --report "json=$scratch/r.json" "${@:3}"; }
serve --torrents base
ask 0 'The target does not answer for these torrents (are they loaded?): tiny v2 hybrid' 'handshake.two-*' mse.version-2 'v2.*-hashes' handshake.reply
expect 0 '1 PASS' run --target "127.0.0.1:$port" handshake.reply
! grep -q 'are they loaded' "$scratch/said" || fail 'it asks for what no scenario needs'
ask 3 "handshake.unsorted-info: the target does not answer for the torrent 'unsorted': is it loaded?" handshake.unsorted-info
python3 - "$scratch/r.json" <<'PYTHON' || fail 'the report does not tell of the torrent'
import json, sys
run, = json.load(open(sys.argv[1]))["scenarios"]
assert run["verdict"] == "INCONCLUSIVE" and "'unsorted'" in run["reason"], run
PYTHON
stop_peer
serve --torrents 'base tiny'
ask 0 '1 PASS' handshake.two-torrents
stop_peer
serve --torrents tiny
ask 0 '1 INCONCLUSIVE' handshake.reply handshake.two-torrents
stop_peer
serve --role magnet --torrents 'base-1 tiny-1'
ask 3 "the target does not answer for the torrent 'meta3-10': is it loaded?" --role magnet magnet.no-size
stop_peer
serve --torrents 'base unsorted' --fault 'policy unknown-info-hash=2'
ask 1 '1 FAIL' handshake.unsorted-info
stop_peer
serve --torrents 'base v2' --fault 'policy v2-hash-end=1'
ask 1 '1 FAIL' handshake.reply v2.truncated-hash
stop_peer

# ---- one's own torrent, and its info-hash alone
expect 0 'torrents in' fixture --role seed "$scratch/fixture"
serve --torrents base
hash=$(awk '$1 == "base" { print $2 }' "$scratch/fixture/index.txt")
expect 0 '1 PASS' run --target "127.0.0.1:$port" --info-hash "$hash" handshake.reply
expect 0 '1 PASS' run --target "127.0.0.1:$port" --magnet "magnet:?xt=urn:btih:$hash" --role seed handshake.reply
own=(--torrent "$scratch/fixture/base.torrent" --data "$scratch/fixture/data")
expect 0 ' PASS' run --target "127.0.0.1:$port" "${own[@]}" 'request.right-block*'
expect 2 'is not in' run --target "127.0.0.1:$port" --torrent "$scratch/fixture/base.torrent" --data "$scratch" handshake.reply
stop_peer

# ---- Ctrl-C, however often, leaves nothing behind
"$program" run --slow-too --pcap "$scratch/runs" >"$scratch/said" 2>&1 &
run=$!
until ls "$scratch/runs/"*.pcap >/dev/null 2>&1; do kill -0 "$run" || break; sleep 0.05; done # some take minutes
child=$(pgrep -P "$run")
kill -INT "$run"
kill -TERM "$run" # an impatient user does not get less
wait "$run"
grep -q 'Interrupted' "$scratch/said" || fail 'an interrupted run does not say so'
! kill -0 "$child" 2>/dev/null || fail 'the target outlived the run'

# ---- scenarios
expect 0 'handshake.reply' list 'handshake.*'
expect 0 '"scenarios"' list --json
expect 0 'BEP 3' list --rules
expect 0 ' ' list --faults
expect 0 'have-when ' list --policies 'have-*'
expect 3 'no policy matches' list --policies nonsense
expect 2 'exclude each other' list --policies --rules
expect 0 'BEP3-HS-02' explain handshake.reply
expect 0 'tested   by handshake.reply' explain BEP3-HS-02
expect 0 'faults are caught' prove handshake.reply
printf 'scenario broken.line\n  rule NONE-1\n\np1 frobnicate\n' >"$scratch/broken.scn"
expect 2 'broken.scn:4:' lint "$scratch/broken.scn"
expect 2 'broken.scn:4:' run --scenarios "$scratch/broken.scn"
expect 2 'broken.scn:4:' fmt "$scratch/broken.scn"

# ---- the notation
echo 'request piece=0 begin=16384 length=16384' >"$scratch/lines"
expect 0 '0000000d06000000000000400000004000' encode --hex "$scratch/lines"
"$program" encode "$scratch/lines" >"$scratch/bytes"
expect 0 'request piece=0 begin=16384 length=16384' decode "$scratch/bytes"
echo '00000005 04 000000' >"$scratch/hex"
expect 1 'the end is missing' decode --hex "$scratch/hex"
echo '0000zz' >"$scratch/hex"
expect 2 'is not hex at character 5' decode --hex "$scratch/hex"
echo 'request piece=zero' >"$scratch/lines"
expect 2 'lines:1:' encode "$scratch/lines"

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
