# SPDX-License-Identifier: MIT
"""Failures: repeated, told apart by where they happen, made small, and written down.

WORK/findings/ID/   where.txt, report.txt, input (minimised), input.btw (in the notation), found.json
WORK/fixed/ID/      the same, of those that do not happen any more
"""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess

from .builds import ROOT
from .engine import TIMEOUT_S

LOOKS_MAX = 20  # failures of a target that are looked at after a turn: one bug can leave hundreds
ELSEWHERE = ('timeout', 'out-of-memory')  # what is at work when this is noticed says little
KINDS = (r'ERROR: \w+: (timeout|out-of-memory|deadly signal|fuzz target exited)', r'ERROR: \w+Sanitizer: (detected memory leaks)',
         r'ERROR: \w+Sanitizer: ([\w-]+)', r'(runtime error)')


def run(target, path, *options):
    # A minimisation has its own limit; this is for one that does not keep it.
    command = [target.binary('fuzz-libfuzzer'), f'-timeout={TIMEOUT_S}', '-rss_limit_mb=2048', *options, path]
    return subprocess.run(command, capture_output=True, text=True, errors='replace', timeout=8 * TIMEOUT_S,
                          env=dict(os.environ, UBSAN_OPTIONS='print_stacktrace=1'))


def repeat(target, path):
    """The sanitizer's report, and a key: the target, what it was, and the claim or the three innermost places of ours.
    None: it does not happen again."""
    done = run(target, path)
    if done.returncode == 0:
        return None, None
    kind = next((found.group(1) for found in (re.search(kind, done.stderr) for kind in KINDS) if found), 'error')
    claim = re.search(r'^(\S+:\d+): this should hold', done.stderr, re.M)
    stack = re.search(r'(?:^ +#\d+ .*\n)+', done.stderr, re.M)  # the first: where it was noticed
    frames = re.findall(rf'{re.escape(str(ROOT))}/((?:impl|conformance|pcap|fuzz)/\S+?:\d+)', stack.group() if stack else '')
    places = [os.path.relpath(claim.group(1), ROOT)] if claim else [] if kind in ELSEWHERE else frames[:3]
    return done.stderr, ' '.join([target.name, kind.replace(' ', '-'), *places])


def minimise(target, path, key, out):
    """The smallest input found that fails in the same way."""
    shutil.copy(path, out)
    small = out.with_name('small')
    try:
        run(target, path, '-minimize_crash=1', '-max_total_time=20', '-runs=100000', f'-exact_artifact_path={small}')
    except subprocess.TimeoutExpired:
        pass
    if small.exists():
        if repeat(target, small)[1] == key:
            shutil.copy(small, out)
        small.unlink()


def notation(target, path, decoder):
    """A text of the input: of messages what they say; of bencoding what an extended message with it says."""
    data = path.read_bytes()
    if target.kind == 'bencode':
        data = struct.pack('>IBB', 2 + len(data), 20, 0) + data
    elif target.kind != 'wire' and target.name not in ('handshake', 'capture'):
        return f'raw {data.hex()}\n'
    if not decoder.exists():
        return f'# {decoder} is not built\n'
    done = subprocess.run([decoder, 'decode', '--full'], input=data, capture_output=True)
    return done.stdout.decode(errors='replace')


def move(folder, to):
    shutil.rmtree(to, ignore_errors=True)
    folder.rename(to)


class Findings:
    def __init__(self, work, decoder):
        self.open, self.fixed, self.decoder = work / 'findings', work / 'fixed', decoder
        for path in (self.open, self.fixed):
            path.mkdir(parents=True, exist_ok=True)

    def place_of(self, key):
        return self.open / hashlib.sha1(key.encode()).hexdigest()[:12]

    def of(self, target=None):
        """The keys of those that are open, with their folders."""
        keys = {path.read_text().strip(): path.parent for path in sorted(self.open.glob('*/where.txt'))}
        return {key: place for key, place in keys.items() if target is None or key.split()[0] == target.name}

    def check_again(self, targets):
        """After something has been changed: what does not happen any more is fixed, and lines may have moved."""
        for target in targets:
            for key, place in self.of(target).items():
                now = repeat(target, place / 'input')[1]
                if now is None:
                    print(f'fixed: {key}', flush=True)
                    move(place, self.fixed / place.name)
                elif now != key:
                    (place / 'where.txt').write_text(now + '\n')
                    move(place, self.place_of(now))

    def look(self, target, spent):
        """At the inputs that failed.  `spent` is put down with what is new: how much went before."""
        for path in target.failed()[:LOOKS_MAX]:
            report, key = repeat(target, path)
            if key is None:
                path.rename(target.unrepeated / path.name)
                continue
            if key not in self.of(target):
                self.write(target, path, report, key, spent)
            path.unlink()

    def write(self, target, path, report, key, spent):
        place = self.place_of(key)
        place.mkdir(exist_ok=True)
        minimise(target, path, key, place / 'input')
        (place / 'input.btw').write_text(notation(target, place / 'input', self.decoder))
        (place / 'report.txt').write_text(report)
        (place / 'found.json').write_text(json.dumps(spent) + '\n')
        (place / 'where.txt').write_text(key + '\n')
        print(f'\nfinding: {key}\n  {place}', flush=True)

    def last(self):
        """What had been spent when the latest was found, open or fixed."""
        paths = [*self.open.glob('*/found.json'), *self.fixed.glob('*/found.json')]
        spent = [json.loads(path.read_text()) for path in paths]
        return max(spent, key=lambda one: one['cpu'], default={'cpu': 0, 'runs': 0})
