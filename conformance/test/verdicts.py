#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads reports of `conformance run --report json=FILE`.

verdicts.py notable FILE    a line SCENARIO<tab>VERDICT for each that did not pass, sorted: what expected/CLIENT.tsv holds
verdicts.py unstable FILE...  a line SCENARIO<tab>VERDICT... for each scenario whose verdict is not the same in all files
"""
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return {scenario["id"]: scenario["verdict"] for scenario in json.load(file)["scenarios"]}


def notable(path):
    return [(name, verdict) for name, verdict in sorted(read(path).items()) if verdict not in ("PASS", "INFO")]


def unstable(*paths):
    runs = [read(path) for path in paths]
    rows = [(name, *(run.get(name, "-") for run in runs)) for name in sorted(set().union(*runs))]
    return [row for row in rows if len(set(row[1:])) > 1]


def main(kind, *paths):
    for row in {"notable": notable, "unstable": unstable}[kind](*paths):
        print(*row, sep="\t")


main(*sys.argv[1:])
