#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the torrents beside it with libtorrent (Debian: python3-libtorrent 2.0.8), and prints what libtorrent reads from them
as the rows of metainfo_v2_test.c.  Content: byte i of a file is (i * seed + i / 256) mod 256."""
import os
import sys
import tempfile

import libtorrent as lt

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = {
    "many": [("a.bin", 100000, 3), ("b.bin", 1, 5), ("sub/c.bin", 40000, 7), ("sub/empty.bin", 0, 1), ("zz.bin", 32768, 9)],
    "one": [("", 81920, 3)],
}


def write(path, size, seed):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(bytes((i * seed + (i >> 8)) & 255 for i in range(size)))


def show(path):
    info = lt.torrent_info(path)
    hashes, files = info.info_hashes(), info.files()
    print(os.path.basename(path), hashes.v1, hashes.v2, info.num_pieces())
    for i in range(files.num_files()):
        pad = "pad" if files.file_flags(i) & lt.file_flags_t.flag_pad_file else ""
        print("   ", files.file_path(i), files.file_offset(i), files.file_size(i), files.root(i), pad)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, files in FILES.items():
            for path, size, seed in files:
                write(os.path.join(folder, name, path).rstrip("/"), size, seed)
            for kind, flags in (("v2", lt.create_torrent.v2_only), ("hybrid", 0)):
                storage = lt.file_storage()
                lt.add_files(storage, os.path.join(folder, name))
                torrent = lt.create_torrent(storage, 32768, flags)
                lt.set_piece_hashes(torrent, folder)
                top = torrent.generate()
                for key in (b"creation date", b"created by"):
                    top.pop(key, None)
                path = os.path.join(HERE, "libtorrent-%s-%s.torrent" % (name, kind))
                with open(path, "wb") as out:
                    out.write(lt.bencode(top))
                show(path)


sys.exit(main())
