# SPDX-License-Identifier: MIT
"""The fuzzers that work on one target side by side: how each is started, and how far it says that it is."""
import os
import re
import shutil

TIMEOUT_S = 25
PRUNE_S = 60  # a turn that is shorter is not for pruning


def tail(path, size=1 << 16):
    """The last lines of a log; nothing, if it is not there yet."""
    if not path.exists():
        return ''
    with open(path, 'rb') as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - size))
        return file.read().decode(errors='replace')


class LibFuzzer:
    """Uses a turn to make the corpus small, when it has grown to more than twice: all fuzzers begin a turn by reading it."""
    builds = ('fuzz-libfuzzer',)

    def prepare(self, target):
        self.finish(target, None)

    def command(self, target, seconds):
        binary = target.binary('fuzz-libfuzzer')
        limits = [f'-timeout={TIMEOUT_S}', '-rss_limit_mb=2048', f'-artifact_prefix={target.artifacts}/']
        if seconds >= PRUNE_S and target.is_bloated():
            target.small.mkdir()
            target.listed = {path.name for path in target.corpus.iterdir()}
            return [binary, '-set_cover_merge=1', *limits, target.small, target.corpus]
        args = [f'-max_total_time={seconds}', '-max_len=4096', '-reload=5', '-print_final_stats=1']
        args += [f'-dict={target.dictionary}'] if target.dictionary.exists() else []
        return [binary, *args, *limits, target.corpus]

    def finish(self, target, status):
        if target.small.exists() and status == 0:
            target.prune()
        shutil.rmtree(target.small, ignore_errors=True)

    def variables(self, target):
        return {}

    def progress(self, target):
        """Executions and edges of this turn."""
        text = tail(target.work / 'libfuzzer.log')
        runs = re.findall(r'^(?:#|stat::number_of_executed_units: )(\d+)', text, re.M)
        edges = re.findall(r'cov: (\d+)', text)
        return int(runs[-1]) if runs else 0, edges[-1] if edges else '-'

    def complaint(self, target):
        return None


class Afl:
    """One of AFL++'s fuzzers on a target: `main` takes what libFuzzer puts into the corpus, and has the mutations of
    this project; `cmplog` solves comparisons with the help of a second binary.  They read each other's."""

    def __init__(self, instance):
        self.instance = instance
        self.builds = ('fuzz-afl', 'fuzz-cmplog') if instance == 'cmplog' else ('fuzz-afl',)

    def prepare(self, target):
        """It does not go on from nothing, which is what it leaves when it was ended early."""
        if not any((self.folder(target) / 'queue').glob('id*')):
            shutil.rmtree(self.folder(target), ignore_errors=True)

    def finish(self, target, status):
        pass

    def command(self, target, seconds):
        role = {'main': ['-M', 'main', '-F', target.corpus],
                'cmplog': ['-S', 'cmplog', '-c', target.binary('fuzz-cmplog')]}[self.instance]
        args = ['afl-fuzz', '-G', '4096', '-t', str(1000 * TIMEOUT_S), '-m', 'none', '-V', str(seconds), *role,
                '-i', target.corpus, '-o', target.work / 'afl']
        args += ['-x', target.dictionary] if target.dictionary.exists() else []
        return [*args, '--', target.binary('fuzz-afl')]

    def variables(self, target):
        # It takes machines as they are, goes on where its last turn ended, and looks at once and then every minute at what
        # the others have found.
        names = ('SKIP_CPUFREQ', 'I_DONT_CARE_ABOUT_MISSING_CRASHES', 'NO_UI', 'ALLOW_TMP', 'TRY_AFFINITY', 'AUTORESUME',
                 'FAST_CAL', 'IMPORT_FIRST', 'SYNC_TIME')
        variables = {f'AFL_{name}': '1' for name in names}
        if self.instance == 'main' and target.kind in ('wire', 'bencode') and target.mutator.exists():
            variables['AFL_CUSTOM_MUTATOR_LIBRARY'] = str(target.mutator)
        return variables

    def folder(self, target):
        return target.work / 'afl' / self.instance

    def progress(self, target):
        """Executions and edges since its first turn: it goes on counting where it was."""
        rows = [line.split(', ') for line in tail(self.folder(target) / 'plot_data', 4096).splitlines()]
        rows = [row for row in rows if len(row) == 13 and row[11].isdigit()]
        return (int(rows[-1][11]), rows[-1][12]) if rows else (0, '-')

    def complaint(self, target):
        """It must neither start a process for each input nor write it to a file, and tells whether it does."""
        mode = re.search(r'^target_mode\s*: (.*)$', tail(self.folder(target) / 'fuzzer_stats'), re.M)
        missing = {'persistent', 'shmem_testcase'} - set(mode.group(1).split()) if mode else None
        return f'works without {", ".join(sorted(missing))}' if missing else None


ENGINES = {'libfuzzer': LibFuzzer(), 'afl': Afl('main'), 'afl-cmplog': Afl('cmplog')}
