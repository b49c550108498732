# SPDX-License-Identifier: MIT
"""The binaries of a campaign: the same targets under each engine, and the tools that go with them."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLANG = ('-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++')
AFL = ('-DCMAKE_C_COMPILER=afl-clang-fast', '-DCMAKE_CXX_COMPILER=afl-clang-fast++')

# Below the folder of builds: options, environment, what is made.  Comparisons are recorded by a binary without sanitizers,
# whose own comparisons would be in the way.
BUILDS = {
    '.': ((), {}, ('conformance', 'fuzz_mutator')),
    'fuzz-libfuzzer': ((*CLANG, '-DBTW_FUZZ=ON', '-DBTW_SANITIZE=ON'), {}, ('fuzz/all',)),
    'fuzz-afl': ((*AFL, '-DBTW_FUZZ=ON', '-DBTW_SANITIZE=ON'), {}, ('fuzz/all',)),
    'fuzz-cmplog': ((*AFL, '-DBTW_FUZZ=ON'), {'AFL_LLVM_CMPLOG': '1'}, ('fuzz/all',)),
}


def make(builds, name):
    options, variables, made = BUILDS[name]
    folder = builds / name
    quiet = {'stdout': subprocess.DEVNULL, 'check': True, 'env': dict(os.environ, AFL_QUIET='1', **variables)}
    if not (folder / 'build.ninja').exists():
        subprocess.run(['cmake', '-S', ROOT, '-B', folder, '-G', 'Ninja', *options], **quiet)
    subprocess.run(['ninja', '-C', folder, *made], **quiet)
