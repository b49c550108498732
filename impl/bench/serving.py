# SPDX-License-Identifier: MIT
"""Seeds beside each other: one connection, 64 requests deep, loopback; bench_fetch asks, the CPU time of the seed counts."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

PIECES, PIECE_LENGTH, BLOCK = 256, 1 << 18, 1 << 14
BLOCKS = 32768  # of one fetch: 512 MiB
PORT = 37110    # of the clients, one after the other
NAME = 'bench'


def make_fixture(directory):
    """A torrent of one file; returns its info-hash."""
    os.makedirs(os.path.join(directory, 'data'))
    pieces = [hashlib.sha256(str(i).encode()).digest() * (PIECE_LENGTH // 32) for i in range(PIECES)]
    with open(os.path.join(directory, 'data', NAME), 'wb') as file:
        file.writelines(pieces)
    hashes = b''.join(hashlib.sha1(piece).digest() for piece in pieces)
    info = b'd6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%se' % (
        PIECES * PIECE_LENGTH, len(NAME), NAME.encode(), PIECE_LENGTH, len(hashes), hashes)
    with open(os.path.join(directory, NAME + '.torrent'), 'wb') as file:
        file.write(b'd4:info' + info + b'e')
    return hashlib.sha1(info).hexdigest()


class Seed:
    """A process that serves, once it has printed its port, or the process that it is a driver of."""

    def __init__(self, name, command, port=None):
        self.name = name
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = (re.match(r'listening on port (?P<port>\d+)|pid (?P<pid>\d+)', line) for line in self.process.stdout)
        match = next(filter(None, lines), None)
        self.is_up = match is not None
        if self.is_up:
            self.port = int(match['port'] or port)
            self.pid = int(match['pid'] or self.process.pid)

    def cpu_ns(self):
        return sum(int(open(path).read().split()[0]) for path in glob.glob(f'/proc/{self.pid}/task/*/schedstat'))

    def close(self):
        self.process.terminate()
        self.process.wait()


def start_clients(root, fixture, scratch):
    for port, client in enumerate(('aria2', 'libtorrent'), PORT):
        driver = os.path.join(root, 'conformance', 'clients', client)
        if subprocess.run([driver, 'probe'], capture_output=True).returncode == 0:
            yield Seed(client, [driver, 'start', 'seed', '--fixture', fixture, '--port', str(port), '--dir',
                                os.path.join(scratch, client), '--torrents', NAME], port)


def fetch_from(seed, fetch, info_hash):
    """(CPU, wall) nanoseconds per byte of one fetch."""
    before = seed.cpu_ns()
    done = subprocess.run([fetch, str(seed.port), info_hash, str(PIECES), str(PIECE_LENGTH // BLOCK), str(BLOCKS)],
                          capture_output=True, text=True, check=True, timeout=120)
    return (seed.cpu_ns() - before) / (BLOCKS * BLOCK), float(done.stdout) * 1e9 / (BLOCKS * BLOCK)


def measure(programs, root, rounds):
    """{seed: [(CPU, wall), ...]}, one pair for each round; clients that are not installed are left out."""
    scratch = tempfile.mkdtemp()
    fixture = os.path.join(scratch, 'fixture')
    info_hash = make_fixture(fixture)
    torrent, payload = os.path.join(fixture, NAME + '.torrent'), os.path.join(fixture, 'data', NAME)
    fetch, example = os.path.join(programs, 'bench', 'bench_fetch'), os.path.join(programs, 'examples', 'seed')
    seeds = [Seed('raw', [fetch, '--serve']), Seed('ours', [example, '--crypto', 'clear', torrent, payload])]
    try:
        seeds += start_clients(root, fixture, scratch)
        results = {seed.name: [] for seed in seeds if seed.is_up}
        for _ in range(rounds):
            for seed in seeds:
                if seed.is_up:
                    results[seed.name].append(fetch_from(seed, fetch, info_hash))
        return results
    finally:
        for seed in seeds:
            seed.close()
        shutil.rmtree(scratch)
