#!/bin/sh
# SPDX-License-Identifier: MIT
# The captures that others published, which are not ours to copy: exact_test over them where they are.
#     BTW_CAPTURES=FOLDER public.sh EXACT_TEST      FOLDER has public/*.pcap and public/expected
set -eu

BTW_CAPTURES=${BTW_CAPTURES:-$(dirname "$0")/../../../shared/captures}
if [ ! -d "$BTW_CAPTURES/public" ]; then
    echo "skipped: BTW_CAPTURES names no folder with public/, and none lies in shared/ beside this checkout"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
OUT=$work python3 "$(dirname "$0")/data/reduce.py" "$BTW_CAPTURES"/public/*.pcap
"$1" "$BTW_CAPTURES/public" "$work/expected"
