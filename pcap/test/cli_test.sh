#!/bin/bash
# SPDX-License-Identifier: MIT
# decode and check as their users meet them.   cli_test.sh CONFORMANCE
set -u
program=$1
data=$(cd "$(dirname "$0")" && pwd)/data
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() {
  echo "FAIL: $*"
  sed 's/^/  | /' "$scratch/said" | head -20
  failures=$((failures + 1))
}

# expect STATUS TEXT ARGUMENT...: the program ends so, and says that (a fixed text, may be empty) on either output.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  "$program" "$@" >"$scratch/said" 2>&1 <"${input:-/dev/null}" || got=$?
  [ "$got" = "$status" ] || fail "conformance $*: exit status $got instead of $status"
  grep -qF -- "$text" "$scratch/said" || fail "conformance $*: does not say '$text'"
}

base=$data/base-mss1448.pcap
aria2=$data/transmission-seed_aria2-leech.pcap

# ---- usage
for command in decode check; do
  expect 0 'Examples:' "$command" --help
  expect 2 "Try 'conformance $command --help'" "$command" --no-such-option
done
expect 2 'which capture' check
expect 2 'json=FILE' check --report yaml=x "$base"
expect 2 "'hvae' is no message" decode --type have,hvae "$base"
expect 2 'no info-hash' decode --info-hash 00 "$base"
expect 2 'neither ADDRESS' decode --from nowhere "$base"
expect 2 'not both' check --interface lo "$base"

# ---- files that are none, and parts of files
expect 4 'No such file' check "$scratch/none"
expect 4 'No such file' decode "$scratch/none"
expect 4 'is no torrent' check --torrent "$base" "$base"
printf 'hello' >"$scratch/hello"
expect 4 'no capture' check "$scratch/hello"
: >"$scratch/empty"
expect 4 'empty' check "$scratch/empty"
head -c 3000 "$base" >"$scratch/cut"
expect 0 'handshake' decode "$scratch/cut"
expect 0 '1 session judged' check "$scratch/cut"
expect 4 '1 session judged' check "$base" "$scratch/hello"
head -c 24 "$base" >"$scratch/nothing"
expect 3 '0 sessions judged' check "$scratch/nothing"

# ---- standard input, and streams of bare bytes
input=$base expect 0 'have piece=5' decode
input=$base expect 0 '1 PASS' check -
printf '\0\0\0\1\2' >"$scratch/stream"
input=$scratch/stream expect 0 'interested' decode

# ---- what they say
expect 0 'f0 10.77.0.1:53579 > 10.77.0.2:7002 have piece=5' decode "$base"
expect 0 '6: 6 answered' decode --summary "$base"
expect 0 '"messages":{"unchoke":2,"piece":6,' decode --summary --json "$base"
expect 0 '1 session judged: 1 PASS' check "$base"
expect 0 '6: 6 answered' check --summary "$base"
expect 1 'FAIL BEP3-BF-01 bitfield-first (BEP 3, bitfield, MUST)' check "$base" "$aria2"
expect 1 'frame 39 at' check "$aria2"
expect 0 'WARN BEP3-ST-11' check "$data/scripted-peer_libtorrent-seed.pcap"
expect 1 'WARN BEP3-ST-11' check --strict "$data/scripted-peer_libtorrent-seed.pcap"
expect 3 'could not be judged' check "$data/libtorrent-x2_mse-rc4.pcap"
expect 0 'packets captured in part (snap length): 76' decode "$data/file-snaplen96.pcap"

# ---- reports
expect 1 '' check --report json="$scratch/r.json" --report tap="$scratch/r.tap" --report junit="$scratch/r.xml" "$aria2"
grep -q '"rule": "BEP11-PEX-04"' "$scratch/r.json" || fail 'json'
grep -q '^1\.\.6$' "$scratch/r.tap" || fail 'tap'
grep -q 'tests="6" failures="4"' "$scratch/r.xml" || fail 'junit'
expect 4 'cannot write' check --report json=/nowhere/r.json "$base"

# ---- a file that grows, cut inside a record
follow() { # ARGUMENT...: the session whose first 20000 bytes are there is followed until a signal comes, and is in $scratch/said
  head -c 20000 "$base" >"$scratch/growing"
  "$program" decode --follow "$@" "$scratch/growing" >"$scratch/said" 2>"$scratch/counts" &
  follower=$!
}
# Has read it all, and sleeps: what it has read it has understood.
reads_all() { grep -qs '^pos:[[:space:]]*20000$' "/proc/$follower/fdinfo/"* && grep -q '^State:.S' "/proc/$follower/status"; }
has_lines() { [ "$(wc -l <"$scratch/said")" -ge "$1" ]; }
await() { # COMMAND...: it comes true within a minute
  for _ in {1..600}; do
    "$@" && return
    sleep 0.1
  done
  fail "never: $*"
}
lines=$("$program" decode "$base" 2>/dev/null | grep -vc '# ')
follow
await has_lines 12
tail -c +20001 "$base" >>"$scratch/growing"
await has_lines "$lines"
kill -TERM "$follower"
wait "$follower" || fail 'a followed file does not end well'
"$program" decode "$base" 2>/dev/null | diff - "$scratch/said" >/dev/null || fail 'a followed file says something else'
follow --summary
await reads_all
kill -INT "$follower"
wait "$follower" || fail 'a followed file does not end well'
grep -q 'requests    4: 1 answered' "$scratch/said" || fail 'no summary at the end of a followed file'
expect 4 'no-such-file' decode --follow "$scratch/no-such-file"

[ "$failures" = 0 ] && echo 'all as it should be'
exit $((failures > 0))
