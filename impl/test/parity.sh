#!/bin/bash
# SPDX-License-Identifier: MIT
# Is the table "Parity" of impl/README.md true to the headers, and complete?  `parity.sh CC NPM`.  CC is a C compiler, NPM the
# folder that holds node_modules.  Exit 0: yes, 1: no, and what is missing is printed.
set -euo pipefail
cc=$1 npm=$2
here=$(cd "$(dirname "$0")/.." && pwd)
words=$(mktemp)
trap 'rm -f "$words" "$words.c"' EXIT
status=0

# shellcheck disable=SC2016 # backticks are meant
# Column $1 of all rows: what stands in backticks.
column() {
  awk -F'|' -v column="$1" '/^## /{ here = /Parity/ } here && /^\| / { print $(column + 1) }' "$here/README.md" |
    grep -o '`[^`]*`' | tr -d '`'
}

# The headers as the compiler sees them, so that names made by lists are names, too; then the names of macros.
for header in "$here"/include/btw/*.h; do echo "#include \"$header\""; done >"$words.c"
{ "$cc" -E -P -I"$here/include" "$words.c"; "$cc" -E -dM -I"$here/include" "$words.c"; } |
  grep -oE '[A-Za-z_][A-Za-z0-9_]*' | sort -u >"$words"

# `wire`, `us`, `them`, `event` and `config` are explained in front of the table.
for name in $(column 2 | grep -oE '[A-Za-z_][A-Za-z0-9_]*' | sort -u); do
  case $name in us | them | peEnabled | not_interested) continue ;; esac
  grep -qx "$name" "$words" || { echo "no '$name' in the headers"; status=1; }
done

[ -d "$npm/node_modules/bittorrent-protocol" ] && command -v node >/dev/null || exit $status
column 1 | grep -oE '[A-Za-z_][A-Za-z0-9_-]*' | sort -u >"$words"
for name in $(node --input-type=module - "$npm" <<'JS'
import fs from 'fs'
import { pathToFileURL } from 'url'
const from = `${process.argv[2]}/node_modules/`
const [{ default: Wire }, streamx] = await Promise.all(['bittorrent-protocol/index.js', 'streamx/index.js']
  .map(file => import(pathToFileURL(from + file))))
const base = new (streamx.default ?? streamx).Duplex()
const sources = ['index.js', 'mse.js'].map(file => fs.readFileSync(`${from}bittorrent-protocol/${file}`, 'utf8')).join()
const names = [
  ...Object.getOwnPropertyNames(Wire).filter(name => !(name in Function.prototype) && name !== 'prototype'),
  ...Object.getOwnPropertyNames(Wire.prototype).filter(name => name !== 'constructor'),
  ...Object.keys(new Wire()).filter(name => !(name in base)),
  ...[...sources.matchAll(/emit\('([^']+)'/g)].map(found => found[1])
]
console.log(names.filter(name => !name.startsWith('_')).join('\n'))
JS
); do
  grep -qx -e "$name" "$words" || { echo "bittorrent-protocol has '$name', the table has not"; status=1; }
done
exit $status
