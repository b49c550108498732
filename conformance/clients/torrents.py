#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the drivers need to know about torrents.

torrents.py list ROLE FIXTURE SCRATCH [--speaks "v1 hybrid v2"] [--names "A B"] [--tracker URL] [--peer H:P]
    Writes SCRATCH/load/list, a line `name <tab> info-hash <tab> torrent file or magnet link` for each torrent to load,
    and makes SCRATCH/data: links to the payload for a seed, empty otherwise.  A tracker goes into copies of the torrents
    (the info-hash stays), tracker and peer into magnet links.  Prints `unsupported NAME` for torrents of a version not in
    --speaks, and leaves them out.
torrents.py ready PORT CROWD QUIET_SECS LIST
    Waits until a plaintext handshake for each torrent of LIST has been answered on 127.0.0.1, or none for QUIET_SECS, with
    up to CROWD attempts at once; prints `unanswered NAME` for what is left, and fails when that is all.
torrents.py links FIXTURE
    Prints a line `NAME MAGNET-LINK` for each torrent of FIXTURE."""
import argparse
import asyncio
import hashlib
import itertools
import os
import pathlib
import re
import sys
import urllib.parse


ANSWER_SECS = 15


class Bencoded:
    """One value of a bencoded text, which is ours and well formed; `raw` is its exact bytes."""

    def __init__(self, text, at=0):
        kind = text[at:at + 1]
        if kind == b"i":
            end = text.index(b"e", at) + 1
            self.value = int(text[at + 1:end - 1])
        elif kind in (b"l", b"d"):
            items, end = [], at + 1
            while text[end:end + 1] != b"e":
                items.append(Bencoded(text, end))
                end += len(items[-1].raw)
            end += 1
            self.value = items if kind == b"l" else {k.value: v for k, v in zip(items[::2], items[1::2])}
        else:
            start = text.index(b":", at) + 1
            end = start + int(text[at:start - 1])
            self.value = text[start:end]
        self.raw = text[at:end]


def bencoded_string(data):
    return b"%d:%s" % (len(data), data)


def version(has_v1, has_v2):
    """BEP 52: a hybrid carries both."""
    return ("hybrid" if has_v1 else "v2") if has_v2 else "v1"


class Torrent:
    def __init__(self, path):
        self.name, self.source = path.stem, str(path)
        self.top = Bencoded(path.read_bytes()).value
        self.info = self.top[b"info"].value
        self.version = version(b"pieces" in self.info, b"meta version" in self.info)
        digest = hashlib.sha256 if self.version == "v2" else hashlib.sha1
        self.info_hash = digest(self.top[b"info"].raw).digest()[:20]

    def link(self):
        """By all its hashes."""
        info = self.top[b"info"].raw
        v1, v2 = "urn:btih:" + hashlib.sha1(info).hexdigest(), "urn:btmh:1220" + hashlib.sha256(info).hexdigest()
        topics = {"v1": [v1], "hybrid": [v1, v2], "v2": [v2]}[self.version]
        return "magnet:?" + "&".join("xt=" + topic for topic in topics) + "&dn=" + urllib.parse.quote(self.name)

    def announce_to(self, url, folder):
        """Makes a copy whose only tracker is `url` the source."""
        keep = {k: v.raw for k, v in self.top.items() if k != b"announce-list"}
        keep[b"announce"] = bencoded_string(url.encode())
        copy = folder / (self.name + ".torrent")
        copy.write_bytes(b"d" + b"".join(bencoded_string(k) + keep[k] for k in sorted(keep)) + b"e")
        self.source = str(copy)

    def pad_files(self):
        """BEP 47: clients that do not know padding files read them from the disk as any other."""
        files = self.info[b"files"].value if b"files" in self.info else []
        for entry in (f.value for f in files):
            if b"attr" in entry and b"p" in entry[b"attr"].value:
                parts = [self.info[b"name"].value] + [p.value for p in entry[b"path"].value]
                yield os.path.join(*(p.decode() for p in parts)), entry[b"length"].value


class Magnet:
    def __init__(self, line):
        self.name, self.source = line.split(None, 1)
        v1 = re.search(r"urn:btih:([0-9A-Fa-f]{40})", self.source)
        v2 = re.search(r"urn:btmh:1220([0-9A-Fa-f]{64})", self.source)
        self.version = version(v1, v2)
        self.info_hash = bytes.fromhex((v1 or v2).group(1))[:20]

    def add(self, key, value):
        if value:
            self.source += "&%s=%s" % (key, urllib.parse.quote(value, safe=":[]"))


def offer_payload(fixture, data, torrents):
    """Links to the fixture's files in folders of our own, so that what a client writes beside them stays in scratch."""
    payload = fixture / "data"
    for folder, _, files in os.walk(payload):
        here = data / os.path.relpath(folder, payload)
        here.mkdir(exist_ok=True)
        for name in files:
            (here / name).symlink_to(os.path.join(folder, name))
    for path, length in itertools.chain.from_iterable(t.pad_files() for t in torrents):
        pad = data / path
        if not pad.exists():
            pad.parent.mkdir(parents=True, exist_ok=True)
            pad.touch()
            os.truncate(pad, length)


def load(args):
    if args.role == "magnet":
        found = [Magnet(line.strip()) for line in (args.fixture / "magnets.txt").read_text().splitlines() if line.strip()]
    else:
        found = [Torrent(path) for path in sorted(args.fixture.glob("*.torrent"))]
    wanted = args.names.split()
    missing = set(wanted) - {t.name for t in found}
    if missing:
        sys.exit("no such torrent in %s: %s" % (args.fixture, " ".join(sorted(missing))))
    return [t for t in found if not wanted or t.name in wanted]


def cmd_list(args):
    data, folder = args.scratch / "data", args.scratch / "load"
    data.mkdir()
    folder.mkdir(exist_ok=True)
    torrents = load(args)
    for torrent in torrents:
        if torrent.version not in args.speaks.split():
            print("unsupported", torrent.name, flush=True)
    torrents = [t for t in torrents if t.version in args.speaks.split()]
    for torrent in torrents:
        if args.role == "magnet":
            torrent.add("tr", args.tracker)
            torrent.add("x.pe", args.peer)
        elif args.tracker:
            torrent.announce_to(args.tracker, folder)
    if args.role == "seed":
        offer_payload(args.fixture, data, torrents)
    lines = ["%s\t%s\t%s\n" % (t.name, t.info_hash.hex(), t.source) for t in torrents]
    (folder / "list").write_text("".join(lines))
    return 0 if lines else 1


async def is_answered(port, info_hash, attempt):
    """One handshake, from an address and a peer id that no other attempt has, for clients refuse a second one."""
    source = "127.255.255.%d" % (1 + attempt % 254)
    # The extension bit: without it rtorrent drops a peer while it lacks metadata.
    hello = b"\x13BitTorrent protocol" + bytes([0, 0, 0, 0, 0, 0x10, 0, 0]) + info_hash + b"-RD0001-%012d" % attempt
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    except OSError:
        return False
    try:
        writer.write(hello)
        reply = await asyncio.wait_for(reader.readexactly(48), ANSWER_SECS)
        return reply[28:48] == info_hash
    except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
        return False
    finally:
        writer.close()


async def until_answered(port, waiting, quiet_secs, crowd):
    """Removes from `waiting`, a dictionary from info-hash to name, what has been answered; gives up on the rest when
    nothing more has been answered for quiet_secs."""
    loop = asyncio.get_running_loop()
    attempts = itertools.count()
    few = asyncio.Semaphore(crowd)
    last_answer = loop.time()

    async def one(info_hash):
        nonlocal last_answer
        while loop.time() < last_answer + quiet_secs:
            async with few:
                answered = await is_answered(port, info_hash, next(attempts))
            if answered:
                last_answer = loop.time()
                del waiting[info_hash]
                return
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one(info_hash) for info_hash in list(waiting)))


def cmd_ready(args):
    rows = [line.split("\t") for line in args.list.read_text().splitlines()]
    waiting = {bytes.fromhex(info_hash): name for name, info_hash, _ in rows}
    asyncio.run(until_answered(args.port, waiting, args.quiet_secs, args.crowd))
    for name in waiting.values():
        print("unanswered", name, flush=True)
    return 1 if len(waiting) == len(rows) else 0


def cmd_links(args):
    for path in sorted(args.fixture.glob("*.torrent")):
        print(path.stem, Torrent(path).link())
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    lists = commands.add_parser("list")
    lists.set_defaults(run=cmd_list)
    lists.add_argument("role", choices=["seed", "leech", "magnet"])
    lists.add_argument("fixture", type=pathlib.Path)
    lists.add_argument("scratch", type=pathlib.Path)
    lists.add_argument("--speaks", default="v1 hybrid v2")
    for option in ("--names", "--tracker", "--peer"):
        lists.add_argument(option, default="")
    ready = commands.add_parser("ready")
    ready.set_defaults(run=cmd_ready)
    ready.add_argument("port", type=int)
    ready.add_argument("crowd", type=int)
    ready.add_argument("quiet_secs", type=float)
    ready.add_argument("list", type=pathlib.Path)
    links = commands.add_parser("links")
    links.set_defaults(run=cmd_links)
    links.add_argument("fixture", type=pathlib.Path)
    args = parser.parse_args()
    sys.exit(args.run(args))


if __name__ == "__main__":
    main()
