#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fuzz/run on two small targets, of which one has two bugs: each is found once, made small, and written down; the campaign
tells what it did when it is interrupted, goes on where it was, and sees that a bug has been fixed.  With AFL++ beside
libFuzzer where it is installed.   run_test.py CLANG"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

FUZZ = pathlib.Path(__file__).resolve().parent.parent
SOURCE = FUZZ / 'test/planted.c'
CLANG = sys.argv[1]
HAS_AFL = shutil.which('afl-fuzz') is not None
# Folder, compiler and flags, environment: as fuzz/run builds them.
BUILDS = [('fuzz-libfuzzer', [CLANG, '-fsanitize=fuzzer,address,undefined'], {})]
if HAS_AFL:
    BUILDS += [('fuzz-afl', ['afl-clang-fast', '-fsanitize=fuzzer,address'], {}),
               ('fuzz-cmplog', ['afl-clang-fast', '-fsanitize=fuzzer'], {'AFL_LLVM_CMPLOG': '1'})]


def check(claim, *words):
    if not claim:
        print('FAIL', *words)
        sys.exit(1)


def line_of(text):
    return next(f'fuzz/test/planted.c:{number}' for number, line in enumerate(SOURCE.read_text().splitlines(), 1) if text in line)


class Scene:
    """Builds and a campaign in a folder of their own."""

    def __init__(self, folder):
        self.builds, self.work = folder / 'builds', folder / 'work'
        self.compile('planted')
        self.compile('sound', '-DSOUND')
        (self.builds / 'fuzz-libfuzzer/fuzz/targets.txt').write_text('planted bytes some\nsound bytes some\n')
        seeds = self.builds / 'fuzz-libfuzzer/fuzz/corpus/some'
        seeds.mkdir(parents=True)
        (seeds / 'zero').write_bytes(b'0')

    def compile(self, name, *flags):
        for folder, compiler, variables in BUILDS:
            out = self.builds / folder / 'fuzz'
            out.mkdir(parents=True, exist_ok=True)
            subprocess.run([*compiler, '-g', '-O1', *flags, SOURCE, '-o', out / f'fuzz_{name}'], check=True,
                           env=dict(os.environ, AFL_QUIET='1', **variables))

    def start(self, *options):
        return subprocess.Popen([FUZZ / 'run', '--no-build', '--builds', self.builds, '--work', self.work, '--jobs', '2',
                                 '--status', '1', '--nice', '0', *options], stdout=subprocess.PIPE, text=True)

    def findings(self):
        return {path.read_text().strip(): path.parent for path in self.work.glob('findings/*/where.txt')}

    def processes(self):
        links = pathlib.Path('/proc').glob('[0-9]*/exe')
        return [link for link in links if os.access(link, os.R_OK) and str(self.builds) in os.path.realpath(link)]

    def spent(self, key, end):
        state = json.loads((self.work / 'state.json').read_text())
        return sum(entry[key] for name, entry in state.items() if name.endswith(end))


def check_findings(scene):
    """Many inputs showed each of the two."""
    found = sorted(scene.findings())
    claim = 'planted deadly-signal ' + line_of("!= 'a'")
    overflow = 'planted heap-buffer-overflow ' + line_of('size + 1] = 0')
    check(found == [claim, overflow], 'not the two bugs, once:', *found)
    for key, word in ((claim, b'a'), (overflow, b'b')):
        place = scene.findings()[key]
        check((place / 'input').read_bytes() == word, 'not made small:', key)
        check((place / 'input.btw').read_text() == f'raw {word.hex()}\n', 'the notation of', key)
        check('planted.c' in (place / 'report.txt').read_text(), 'the stack of', key)


def check_afl(scene):
    """All of its fuzzers work as they should."""
    for target in ('planted', 'sound'):
        for instance in ('main', 'cmplog'):
            stats = (scene.work / target / 'afl' / instance / 'fuzzer_stats').read_text()
            check(re.search(r'target_mode.*persistent.*shmem_testcase', stats), target, instance, 'is slow')
            if instance == 'cmplog':
                check(' -c ' in stats, 'no second binary')


def check_exchange(scene):
    """What AFL++ finds, alone, comes into the corpus."""
    scene.work = scene.work.with_name('alone')
    scene.start('--time', '8', '--engines', 'afl', '--', 'sound').communicate()
    queue = {hashlib.sha1(path.read_bytes()).hexdigest() for path in scene.work.glob('sound/afl/*/queue/id*')}
    check(len(queue) > 1 and queue <= {path.name for path in scene.work.glob('sound/corpus/*')}, 'it keeps its finds')


def check_pruning(scene):
    """Who has made the corpus small has not had its turn."""
    scene.work = scene.work.with_name('bloated')
    for target in ('planted', 'sound'):
        corpus = scene.work / target / 'corpus'
        corpus.mkdir(parents=True)
        for number in range(150):
            (corpus / f'seed-{number}').write_bytes(bytes([0, number]))
    run = scene.start('--time', '600', '--jobs', '1', '--engines', 'libfuzzer')
    had = None
    for line in run.stdout:
        had = re.search(r'\d+ of 2 had a turn', line) or had
        runs = re.search(r'(\d+) executions', line)
        if runs and int(runs[1]) > 10000:
            break
    run.send_signal(signal.SIGINT)
    run.communicate()
    check(len(list(scene.work.glob('*/pruned'))) == 2, 'not made small')
    check(had[0] == '1 of 2 had a turn', 'while one fuzzes', had[0])


def worked(scene):
    engines = ('libfuzzer', 'afl', 'afl-cmplog') if HAS_AFL else ('libfuzzer',)
    return all(scene.spent(key, f'sound/{end}') > 0 for key in ('runs', 'cpu') for end in engines)


def check_all(scene):
    # Once will do on a machine that is free; and libFuzzer ends with the first bug it finds, which may be the same again.
    for _ in range(20):
        first = scene.start('--time', '16' if HAS_AFL else '6')
        said = first.communicate()[0]
        check(first.returncode == 1, 'status', first.returncode, said)
        if len(scene.findings()) > 1 and worked(scene):
            break
    check(worked(scene), 'somebody did nothing', said)
    check_findings(scene)
    check(re.search(r'\| planted .*\| 2 findings in \d+ executions \|', said), said)
    check(re.search(r'\| sound .*\| no findings in \d+ executions \|', said), said)
    check('edges' in said and 's left' in said, 'no progress:', said)
    check((scene.work / 'report.md').read_text() in said, 'no report')
    until = time.monotonic() + 60  # killed, they need not be gone yet
    while scene.processes() and time.monotonic() < until:
        time.sleep(0.1)
    check(not scene.processes(), 'it leaves', *scene.processes())
    if HAS_AFL:
        check_afl(scene)

    cpu, runs = scene.spent('cpu', ''), scene.spent('runs', '')
    second = scene.start('--time', '600')
    check(any('had a turn' in line for line in second.stdout), 'no progress')
    second.send_signal(signal.SIGINT)
    said = second.stdout.read()
    check(second.wait() == 1 and '2 findings in' in said, 'interrupted, it said', said)
    check_findings(scene)
    check(scene.spent('cpu', '') > cpu and scene.spent('runs', '') > runs, 'it began anew')

    scene.compile('planted', '-DSOUND')
    third = scene.start('--time', '5', '--engines', 'libfuzzer')
    said = third.communicate()[0]
    check(third.returncode == 0 and '0 open findings, 2 that do not happen any more' in said, 'fixed, it said', said)
    check_pruning(scene)
    if HAS_AFL:
        check_exchange(scene)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_all(Scene(pathlib.Path(folder)))
    print('with AFL++' if HAS_AFL else 'without AFL++, which is not installed')


if __name__ == '__main__':
    main()