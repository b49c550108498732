#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reduces what independent decoders said of a capture to what capture_test.c compares.

    reduce.py CAPTURES... > /dev/null      CAPTURE lies beside a folder `expected` with CAPTURE.facts.json,
                                           CAPTURE.messages.tsv and CAPTURE.tshark.tsv; writes expected/CAPTURE.tsv
                                           beside this script (or below $OUT)

One row per line, tab separated:
    session    number kind fin rst
    direction  number from bytes sha1 tail      up to the first hole; tail: bytes of an unfinished message, - if unknown
    message    number from offset type length numbers
    counted    number type count                of a file where only tshark could read on (MSE that settled on clear
                                                text)
"""
import csv
import json
import os
import sys
from pathlib import Path


def numbers(kind, text):
    """What capture_test.c can say of a message, too: no bencoding."""
    return "" if kind == "extended" else text


def rows(capture):
    expected = capture.parent / "expected"
    facts = json.loads((expected / (capture.name + ".facts.json")).read_text())
    only_mse = all(session["kind"] != "bittorrent" for session in facts["sessions"])
    for session in facts["sessions"]:
        number = session["tcp_stream"]
        yield "session", number, session["kind"].split()[0], int(session["fin"]), int(session["rst"])
        for sender, said in session["directions"].items():
            yield "direction", number, sender.replace("[", "").replace("]", ""), said["bytes"], said["sha1"], said.get("undecoded_tail", "-")
        if only_mse and session["kind"].startswith("MSE"):
            for kind, count in facts["tshark_by_type"].items():
                yield "counted", number, kind, count
    with open(expected / (capture.name + ".messages.tsv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield ("message", row["stream"], row["from"], row["offset"], row["message"], row["length"],
                   numbers(row["message"], row["arguments"]))


def main():
    out = Path(os.environ.get("OUT", Path(__file__).parent)) / "expected"
    out.mkdir(exist_ok=True)
    for capture in map(Path, sys.argv[1:]):
        lines = ["\t".join(map(str, row)) for row in rows(capture)]
        (out / (capture.name + ".tsv")).write_text("\n".join(lines) + "\n", encoding="utf-8")


main()
