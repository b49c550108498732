# SPDX-License-Identifier: MIT
"""A fuzz target with what a campaign keeps for it: one corpus for all engines, and inputs on which it failed."""
import hashlib


class Target:
    """Made from its line of targets.txt.  Everything is in the folder WORK/NAME:

    corpus/      inputs worth keeping, by their SHA-1, which is how libFuzzer calls them, too
    seeds        those of the project that have been put there: a line for each
    pruned       how many were left when the corpus was last made small
    afl/         what AFL++ knows, a folder for each of its fuzzers
    artifacts/   inputs that failed and that nobody has looked at
    unrepeated/  those of them that did not fail again
    """

    def __init__(self, row, builds, work):
        self.name, self.kind, folder = row.split()
        self.builds, self.work = builds, work / self.name
        self.corpus, self.artifacts = self.work / 'corpus', self.work / 'artifacts'
        self.unrepeated = self.work / 'unrepeated'
        self.small, self.listed = self.work / 'small', set()  # while the corpus is made small, and what it had before
        self.dictionary = builds / f'fuzz-libfuzzer/fuzz/{self.kind}.dict'
        self.mutator = builds / 'fuzz/fuzz_mutator.so'
        self.read = set()  # files of AFL++ that have been in the corpus
        for path in (self.corpus, self.artifacts, self.unrepeated):
            path.mkdir(parents=True, exist_ok=True)
        self.keep_seeds(builds / 'fuzz-libfuzzer/fuzz/corpus' / folder)

    def binary(self, build):
        return self.builds / build / f'fuzz/fuzz_{self.name}'

    def keep(self, path):
        data = path.read_bytes()
        place = self.corpus / hashlib.sha1(data).hexdigest()
        if not place.exists():
            place.write_bytes(data)

    def keep_seeds(self, folder):
        """Once: some are superfluous, which is found out when the corpus is made small."""
        known = self.work / 'seeds'
        names = set(known.read_text().split()) if known.exists() else set()
        for seed in folder.iterdir():
            if seed.name not in names:
                self.keep(seed)
        known.write_text('\n'.join(sorted(names | {seed.name for seed in folder.iterdir()})))

    def is_bloated(self):
        pruned = self.work / 'pruned'
        return len(list(self.corpus.iterdir())) > 100 + 2 * (int(pruned.read_text()) if pruned.exists() else 0)

    def prune(self):
        """Of what was listed only that stays which is in `small`."""
        left = {path.name for path in self.small.iterdir()}
        for name in self.listed - left:
            (self.corpus / name).unlink(missing_ok=True)
        (self.work / 'pruned').write_text(str(len(left)))

    def exchange(self):
        """What AFL++ has found goes to where libFuzzer looks; AFL++ looks there by itself."""
        for path in self.work.glob('afl/*/queue/id*'):
            if path not in self.read and ',sync:' not in path.name:
                self.keep(path)
            self.read.add(path)
        for path in [*self.work.glob('afl/*/crashes*/id*'), *self.work.glob('afl/*/hangs*/id*')]:
            path.rename(self.artifacts / ('afl-' + hashlib.sha1(path.read_bytes()).hexdigest()))

    def failed(self):
        return sorted(path for path in self.artifacts.iterdir() if not path.name.startswith('slow-unit'))
