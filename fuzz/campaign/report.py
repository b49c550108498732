# SPDX-License-Identifier: MIT
"""What a campaign has done so far, over all its runs: WORK/report.md, and the same on the terminal."""
from .engine import ENGINES


def verdict(target, findings, runs):
    found, waiting = len(findings.of(target)), len(target.failed())
    said = f'{found or "no"} finding{"s" * (found != 1)} in {runs} executions'
    return said + (f'; {waiting} failures not looked at' if waiting else '')


def row(target, spent, findings):
    entries = [spent.of(target, name) for name in ENGINES]
    runs = sum(entry['runs'] for entry in entries)
    edges = ' / '.join(str(entry['edges']) for entry in entries)
    cells = [target.name, f'{sum(entry["cpu"] for entry in entries):.0f}', *(str(entry['runs']) for entry in entries), edges,
             str(len(list(target.corpus.iterdir()))), verdict(target, findings, runs)]
    return '| ' + ' | '.join(cells) + ' |'


def text(targets, spent, findings):
    total, last = spent.all(), findings.last()
    executions = ' | '.join(f'executions, {name}' for name in ENGINES)
    lines = [f'| target | CPU seconds | {executions} | edges | inputs | |', '|---' * (5 + len(ENGINES)) + '|',
             *(row(target, spent, findings) for target in targets), '',
             f'{total["cpu"] / 3600:.2f} CPU hours and {total["runs"]} executions in all runs of this campaign,',
             f'{(total["cpu"] - last["cpu"]) / 3600:.2f} CPU hours and {total["runs"] - last["runs"]} executions since something '
             'new was found.',
             f'{len(findings.of())} open findings, {len(list(findings.fixed.iterdir()))} that do not happen any more.']
    lines += [f'  {key}: {place}' for key, place in findings.of().items()]
    return '\n'.join(lines) + '\n'


def write(path, targets, spent, findings):
    said = text(targets, spent, findings)
    path.write_text(said)
    print('\n' + said, end='', flush=True)
