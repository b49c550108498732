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
PORT = 37110    # and those behind it
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
    """A process that serves, and what it has used so far."""

    def __init__(self, name, command, port, ready, pid=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid, self.up = self.process.pid, ready is None
        for line in self.process.stdout if ready else ():
            if match := re.match(ready, line):
                self.up, self.port = True, int(match.group(1)) if match.groups() else port
                if pid is None:
                    break
            if match := re.match(pid or '$^', line):
                self.pid = int(match.group(1))
                break

    def cpu_ns(self):
        return sum(int(open(path).read().split()[0]) for path in glob.glob(f'/proc/{self.pid}/task/*/schedstat'))

    def close(self):
        self.process.terminate()
        self.process.wait()


def start_all(programs, root, scratch):
    fixture = os.path.join(scratch, 'fixture')
    info_hash = make_fixture(fixture)
    torrent, payload = os.path.join(fixture, NAME + '.torrent'), os.path.join(fixture, 'data', NAME)
    fetch = os.path.join(programs, 'bench', 'bench_fetch')
    seeds = [Seed('raw', [fetch, '--serve', str(PORT)], PORT, None),
             Seed('ours', [os.path.join(programs, 'examples', 'seed'), '--crypto', 'clear', torrent, payload], None,
                  r'listening on port (\d+)')]
    for i, client in enumerate(('aria2', 'libtorrent'), 1):
        driver = os.path.join(root, 'conformance', 'clients', client)
        if subprocess.run([driver, 'probe'], capture_output=True).returncode != 0:
            continue
        seeds.append(Seed(client, [driver, 'start', 'seed', '--fixture', fixture, '--port', str(PORT + i), '--dir',
                                   os.path.join(scratch, client), '--torrents', NAME], PORT + i, 'ready', r'pid (\d+)'))
    return [seed for seed in seeds if seed.up], info_hash


def fetch_from(seed, fetch, info_hash):
    """(CPU, wall) nanoseconds per byte of one fetch."""
    before = seed.cpu_ns()
    done = subprocess.run([fetch, str(seed.port), info_hash, str(PIECES), str(PIECE_LENGTH // BLOCK), str(BLOCKS)],
                          capture_output=True, text=True, check=True, timeout=120)
    return (seed.cpu_ns() - before) / (BLOCKS * BLOCK), float(done.stdout) * 1e9 / (BLOCKS * BLOCK)


def measure(directory, root, rounds):
    """{seed: [(CPU, wall), ...]}, one pair for each round."""
    programs, scratch = os.path.join(directory, 'impl'), tempfile.mkdtemp()
    seeds, info_hash = start_all(programs, root, scratch)
    results = {seed.name: [] for seed in seeds}
    try:
        for _ in range(rounds):
            for seed in seeds:
                results[seed.name].append(fetch_from(seed, os.path.join(programs, 'bench', 'bench_fetch'), info_hash))
    finally:
        for seed in seeds:
            seed.close()
        shutil.rmtree(scratch)
    return results
