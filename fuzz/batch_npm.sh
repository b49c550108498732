#!/bin/bash
# SPDX-License-Identifier: MIT
# Our decoder and that of the npm package bittorrent-protocol read the same bytes: `batch_npm.sh FUZZ-BATCH NPM [STREAMS]`.
# NPM is the folder that holds node_modules.  Exit 0: they agree, but for what batch_npm.mjs lists; 1: they do not;
# 77: the package is not installed.
set -euo pipefail
export NPM=$2
if ! [ -d "$NPM/node_modules/bittorrent-protocol" ] || ! command -v node >/dev/null; then
  echo "skipped: no node, or no bittorrent-protocol in $NPM (./bootstrap.sh deps)"
  exit 77
fi
"$1" "${3:-5000}" | node "$(dirname "$0")/batch_npm.mjs"
