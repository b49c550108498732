#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tshark as an independent reader of the captures in test/data: how many messages of each type there are, and the
numbers in them.   tshark_test.py CONFORMANCE"""
import collections
import json
import os
import shutil
import subprocess
import sys

DATA = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'data')
NAMES = {0: 'choke', 1: 'unchoke', 2: 'interested', 3: 'not_interested', 4: 'have', 5: 'bitfield', 6: 'request',
         7: 'piece', 8: 'cancel', 9: 'port', 13: 'suggest', 14: 'have_all', 15: 'have_none', 16: 'reject',
         17: 'allowed_fast', 20: 'extended'}

# What tshark 4.0 is known to read otherwise.
GAPS = {
    'libtorrent-x2_hybrid-magnet.pcap': 'no names for ids 21 to 23, and it drops the segment that holds one',
    'scripted-peer_libtorrent-seed.pcap': 'the same',
    'file-snaplen96.pcap': 'a hole in every large frame',
    'tcp-capture-loss.pcap': 'it loses more than the hole',
    'tcp-midstream.pcap': 'no handshake, so nothing for its heuristics',
    'transmission-seed_aria2-leech.pcap': 'one of the two connections settled on clear text behind MSE',
}


def by_tshark(path):
    """{(what, value): count}"""
    columns = {'type': 'bittorrent.msg.type', 'piece': 'bittorrent.piece.index', 'begin': 'bittorrent.piece.begin',
               'length': 'bittorrent.piece.length'}
    fields = [word for field in columns.values() for word in ('-e', field)]
    text = subprocess.run(['tshark', '-r', path, '-Y', 'bittorrent', '-o', 'tcp.reassemble_out_of_order:TRUE', '-T',
                           'fields'] + fields, check=True, capture_output=True, text=True).stdout
    seen = collections.Counter()
    for line in text.splitlines():
        for what, values in zip(columns, line.split('\t')):
            for value in filter(None, values.split(',')):
                seen[what, NAMES[int(value)] if what == 'type' else int(value, 0)] += 1
    return seen


def by_us(program, path):
    """The same.  tshark has no type for keep-alives, and the length of a block is none of its fields."""
    text = subprocess.run([program, 'decode', '--json', path], check=True, capture_output=True, text=True).stdout
    seen = collections.Counter()
    for line in text.splitlines():
        message = json.loads(line)
        if message['type'] in NAMES.values():
            for what in ('type', 'piece', 'begin', 'length'):
                if what in message and (what, message['type']) != ('length', 'piece'):
                    seen[what, message[what]] += 1
    return seen


def main():
    if shutil.which('tshark') is None:
        print('skipped: there is no tshark')
        return 77
    failures = 0
    for name in sorted(os.listdir(DATA)):
        if '.pcap' not in name or not os.path.isfile(os.path.join(DATA, name)):
            continue
        if name in GAPS:
            print(f'{name}: not compared: {GAPS[name]}')
            continue
        theirs, ours = by_tshark(os.path.join(DATA, name)), by_us(sys.argv[1], os.path.join(DATA, name))
        same = theirs == ours
        failures += not same
        print(f'{name}: {"the same" if same else f"tshark alone {theirs - ours}, we alone {ours - theirs}"}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
