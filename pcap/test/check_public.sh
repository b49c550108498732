#!/bin/sh
# SPDX-License-Identifier: MIT
# The captures that others published, which are not ours to copy: what is found in them, where they are.
#     BTW_CAPTURES=FOLDER check_public.sh CHECK_TEST      FOLDER has public/*.pcap
set -eu

BTW_CAPTURES=${BTW_CAPTURES:-$(dirname "$0")/../../../shared/captures}
if [ ! -d "$BTW_CAPTURES/public" ]; then
    echo "skipped: BTW_CAPTURES names no folder with public/, and none lies in shared/ beside this checkout"
    exit 77
fi
exec "$1" "$BTW_CAPTURES/public"
