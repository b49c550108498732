# SPDX-License-Identifier: MIT
"""Who works when.  A turn is one fuzzer on one target for some seconds, so that any number of cores will do and a campaign
that was interrupted goes on where it was."""
import json
import os
import pathlib
import signal
import subprocess
import time

from .engine import ENGINES

TURN_S = (5, 600)  # a turn is not shorter, but for the last, nor longer
LAST_TURN_S = 2
GRACE_S = 20  # to come to an end by itself
EXCHANGE_S = 10


def cpu_seconds(pid):
    """Of a process and of those below it, with the dead ones that they have waited for."""
    try:
        ticks = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[11:15]
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except OSError:
        return 0
    return sum(map(int, ticks)) / os.sysconf('SC_CLK_TCK') + sum(map(cpu_seconds, children))


def kill_with(mark):
    """All processes that have this in their environment."""
    for path in pathlib.Path('/proc').glob('[0-9]*/environ'):
        try:
            if mark.encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:  # somebody else's, or gone
            continue


class Turn:
    def __init__(self, target, name, seconds, nice):
        self.target, self.name, self.engine = target, name, ENGINES[name]
        self.engine.prepare(target)
        self.mark = f'FUZZ_TURN={target.work}/{name}/{os.getpid()}'
        command, variables = self.engine.command(target, seconds), self.engine.variables(target)
        variables.update([self.mark.split('=', 1)])
        with open(target.work / f'{name}.log', 'w') as log:
            self.before = self.engine.progress(target)[0]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True,
                                            env=dict(os.environ, **variables), preexec_fn=lambda: os.nice(nice))
        self.is_pruning = target.small.exists()
        self.started, self.cpu = time.monotonic(), 0
        self.deadline = self.started + max(2 * seconds, seconds + GRACE_S)  # reading what is known may take long

    def is_over(self):
        self.cpu = max(self.cpu, cpu_seconds(self.process.pid))  # before it is waited for and gone
        if time.monotonic() > self.deadline:
            self.stop()
        return self.process.poll() is not None

    def stop(self):
        """In order, so that nothing is lost; if that does not help, otherwise."""
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def clear(self):
        """AFL++ leaves the process behind in which it records comparisons."""
        kill_with(self.mark)

    def progress(self):
        runs, edges = self.engine.progress(self.target)
        return max(0, runs - self.before), edges


class Spent:
    """What each fuzzer has spent on each target, over all runs of a campaign: a file of JSON."""

    def __init__(self, path):
        self.path = path
        self.entries = json.loads(path.read_text()) if path.exists() else {}

    def of(self, target, name):
        nothing = {'cpu': 0, 'runs': 0, 'edges': '-'}
        return {**nothing, **self.entries.get(f'{target.name}/{name}', nothing)}

    def add(self, turn):
        entry = self.of(turn.target, turn.name)
        runs, edges = turn.progress()
        edges = edges if runs > 0 else entry['edges']
        self.entries[f'{turn.target.name}/{turn.name}'] = {'cpu': round(entry['cpu'] + turn.cpu, 2), 'runs': entry['runs'] + runs,
                                                           'edges': edges}
        new = self.path.with_suffix('.new')
        new.write_text(json.dumps(self.entries, indent=1))
        new.replace(self.path)

    def all(self):
        """Of fuzzers that there are: a campaign may be older than this file."""
        entries = [entry for key, entry in self.entries.items() if key.split('/')[1] in ENGINES]
        return {key: sum(entry.get(key, 0) for entry in entries) for key in ('cpu', 'runs')}


class Campaign:
    def __init__(self, targets, names, findings, options):
        self.targets, self.names, self.findings, self.options = targets, names, findings, options
        self.spent = Spent(options.work / 'state.json')
        self.served = {(target, name): 0 for target in targets for name in names}
        self.turns = []
        share = int(options.time * options.jobs / len(self.served))
        self.turn_s = min(max(share, TURN_S[0]), TURN_S[1])
        self.ends = time.monotonic() + options.time

    def next(self):
        """Who had fewest turns, then least time: not those at work; rather where somebody is at work, to exchange finds."""
        busy = {(turn.target, turn.name) for turn in self.turns}
        company = {target for target, _ in busy}
        free = [who for who in self.served if who not in busy]
        return min(free, default=None, key=lambda who: (self.served[who], who[0] not in company, self.spent.of(*who)['cpu']))

    def fill(self):
        left = int(self.ends - time.monotonic())
        while len(self.turns) < self.options.jobs and left >= LAST_TURN_S:
            who = self.next()
            if who is None:
                return
            self.served[who] += 1
            self.turns.append(Turn(*who, min(self.turn_s, left), self.options.nice))

    def finish(self, turn):
        self.turns.remove(turn)
        turn.clear()
        self.spent.add(turn)
        if turn.is_pruning and turn.process.returncode == 0:  # it did not fuzz, so its turn is still to come
            self.served[turn.target, turn.name] -= 1
        turn.engine.finish(turn.target, turn.process.returncode)
        turn.target.exchange()
        self.findings.look(turn.target, self.spent.all())
        complaint = turn.engine.complaint(turn.target) if turn.progress()[0] > 0 else 'has done nothing'
        if complaint:
            print(f'{turn.target.name}: {turn.name} {complaint}: {turn.target.work / turn.name}.log', flush=True)

    def run(self):
        shown = exchanged = time.monotonic()
        self.fill()
        while self.turns:
            time.sleep(0.5)
            for turn in [turn for turn in self.turns if turn.is_over()]:
                self.finish(turn)
            self.fill()
            if time.monotonic() > self.ends + GRACE_S:
                self.stop()
            if time.monotonic() - exchanged > EXCHANGE_S:
                exchanged = time.monotonic()
                for turn in self.turns:
                    turn.target.exchange()
            if time.monotonic() - shown > self.options.status:
                shown = time.monotonic()
                self.status()

    def stop(self):
        for turn in list(self.turns):
            turn.stop()
            self.finish(turn)

    def status(self):
        had = len([who for who, turns in self.served.items() if turns > 0])
        print(f'{max(0, int(self.ends - time.monotonic()))} s left, {had} of {len(self.served)} had a turn, '
              f'{len(self.findings.of())} findings')
        for turn in self.turns:
            runs, edges = turn.progress()
            rate = runs / (time.monotonic() - turn.started)
            print(f'  {turn.target.name:18} {turn.name:10} {runs:10} executions {rate:8.0f}/s {edges:>6} edges '
                  f'{len(list(turn.target.corpus.iterdir())):6} inputs {len(self.findings.of(turn.target))} findings', flush=True)
