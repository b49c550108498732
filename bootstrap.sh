#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh checkout to a running suite.  Installs Debian packages, and only those that are missing.
set -euo pipefail
cd "$(dirname "$0")"

# What the build needs; what the tests use besides; what the benchmarks do; the clients that the suite is tried on.
build_packages=(build-essential cmake ninja-build pkg-config nettle-dev libgmp-dev libcmocka-dev libuv1-dev libjansson-dev
  libmicrohttpd-dev libcurl4-openssl-dev libpopt-dev libpcap-dev)
check_packages=(clang clang-tidy clang-format tshark zip unzip)
bench_packages=(libtorrent-rasterbar-dev)
client_packages=(transmission-daemon transmission-cli iproute2 aria2 python3 python3-libtorrent tcpdump)

usage() {
  cat <<'TEXT'
usage: ./bootstrap.sh COMMAND

  run [ARG...]  install what the build needs, build, and run `conformance run ARG...`
                (without arguments: every scenario against the built-in reference peer)
  test          install everything, build with gcc and with clang's sanitizers, run all tests
  build         install what the build needs and build into build/
  bench [WORD]  install everything, build with -O2, and compare with others (impl/bench/run)
  deps          install everything and build nothing

Packages come from Debian with apt-get, by root or through sudo; webtorrent comes from npm by conformance/clients/package-lock.json.
What is there already is not touched, and then no network is needed.  JOBS=N bounds the parallel tests (cores and one more: clients mostly wait).
TEXT
}

say() { echo "bootstrap: $*" >&2; }
die() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root or sudo: $*"
  fi
}

# A daemon that is installed for its binary alone must not start: Debian asks policy-rc.d.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  [ ! -e "$policy" ] || return 0
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}
allow_services() {
  [ -z "$(trap -p EXIT)" ] || as_root rm -f "$policy"
  trap - EXIT
}

is_installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: .* installed$'; }

install_packages() {
  local package missing=()
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here; taking as installed: $*"
    return
  fi
  for package; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  forbid_services
  as_root apt-get update -q || say "apt-get update failed; trying with the lists that are here"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
    die "could not install ${missing[*]}"
  allow_services
}

# webtorrent, in the versions of the lock file, without a WebRTC module (see conformance/clients/README.md).
install_webtorrent() {
  local from=conformance/clients to=build/npm
  ! cmp -s $from/package-lock.json $to/installed.json || return 0
  say "installing webtorrent into $to"
  mkdir -p $to
  cp -R $from/package.json $from/package-lock.json $from/norwebrtc $to
  (cd $to && npm ci --ignore-scripts --no-audit --no-fund) || die "npm could not install webtorrent"
  cp $from/package-lock.json $to/installed.json
}

install_build_tools() { install_packages "${build_packages[@]}"; }

install_everything() {
  local node_packages=()
  # Node.js often comes from elsewhere than Debian, and brings its own npm.
  { command -v node && command -v npm; } >/dev/null || node_packages=(nodejs npm)
  install_packages "${build_packages[@]}" "${check_packages[@]}" "${client_packages[@]}" "${node_packages[@]}"
  install_webtorrent
}

build() { # DIRECTORY CMAKE-OPTION...
  cmake -S . -B "$1" -G Ninja "${@:2}"
  cmake --build "$1"
}
build_plain() { build build -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@"; }
build_sanitized() {
  build build/asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DBTW_SANITIZE=ON -DBTW_WERROR=ON
}

# The fuzz targets alone, built and packed as ClusterFuzzLite does it, and checked; then what their tests need besides.
build_fuzzers() {
  WARNINGS=-Werror fuzz/oss_fuzz_test build/oss-fuzz
  cmake --build build/oss-fuzz/work/btwire --target fuzz/all
}

# Runs the tests of a build directory and leaves ctest's summary line in `summary`.
run_ctest() { # DIRECTORY CTEST-OPTION...
  local status=0
  ctest --test-dir "$1" --output-on-failure --no-tests=error --parallel "${JOBS:-$(($(nproc) + 1))}" "${@:2}" | tee "$1/ctest.log" || status=$?
  summary=$(grep '% tests passed' "$1/ctest.log") || summary="no tests ran in $1"
  return $status
}

test_all() {
  local red='' summary
  install_everything
  build_plain -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DBTW_WERROR=ON -DBTW_CLIENT_TESTS=ON
  build_sanitized
  build_fuzzers
  run_ctest build/oss-fuzz/work/btwire -L fuzz || red=$summary
  run_ctest build/asan -L unit || red=$summary
  run_ctest build || red=$summary
  echo "${red:-$summary}"
  [ -z "$red" ]
}

case ${1:-} in
  run)
    shift
    install_build_tools >&2
    build_plain >&2
    exec build/conformance run "$@"
    ;;
  test) test_all ;;
  build)
    install_build_tools
    build_plain
    ;;
  bench)
    shift
    install_everything >&2
    install_packages "${bench_packages[@]}" >&2
    exec impl/bench/run "$@"
    ;;
  deps) install_everything ;;
  -h | --help | help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
