#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tshark as an independent reader of the captures in test/data and test/clients: frame by frame who sent, which messages end
there, and what stands in their fields.   tshark_test.py CONFORMANCE"""
import collections
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
NAMES = {0: 'choke', 1: 'unchoke', 2: 'interested', 3: 'not_interested', 4: 'have', 5: 'bitfield', 6: 'request',
         7: 'piece', 8: 'cancel', 9: 'port', 13: 'suggest', 14: 'have_all', 15: 'have_none', 16: 'reject',
         17: 'allowed_fast', 20: 'extended'}

# What tshark 4.0 is known to read otherwise.
GAPS = {
    'file-snaplen96.pcap': 'a hole in every large frame',
    'tcp-capture-loss.pcap': 'it loses more than the hole',
    'tcp-midstream.pcap': 'no handshake, so nothing for its heuristics',
}
# It has no names for these, and drops the other messages of a segment that holds one.
UNNAMED = {'hash_request', 'hashes', 'hash_reject'}


def number(text):
    return int(text, 0)


# A row is one thing that is compared: what we call it, the field of tshark's with how it is read, and which of our messages show
# it there.  Keep-alives are nothing to tshark, handshakes have no type, and it counts lengths without their four bytes.
ROWS = [
    ('type', 'bittorrent.msg.type', lambda text: NAMES[int(text)], NAMES.values()),
    ('size', 'bittorrent.msg.length', lambda text: number(text) + 4, NAMES.values()),
    ('piece', 'bittorrent.piece.index', number, NAMES.values()),
    ('begin', 'bittorrent.piece.begin', number, NAMES.values()),
    ('length', 'bittorrent.piece.length', number, ['request', 'cancel', 'reject']),
    ('data', 'bittorrent.piece.data', str, ['piece']),
    ('bits', 'bittorrent.msg.bitfield', str, ['bitfield']),
    ('port', 'bittorrent.port', number, ['port']),
    ('ext', 'bittorrent.extended.id', number, ['extended']),
    ('reserved', 'bittorrent.reserved', str, ['handshake']),
    ('info_hash', 'bittorrent.info_hash', str, ['handshake']),
    ('peer_id', 'bittorrent.peer_id', str, ['handshake']),
]


def by_tshark(path):
    """{frame: [(what, value), ...]} of the frames in which messages end, each thing in the order of the messages."""
    fields = ['frame.number', 'ip.src', 'ipv6.src', 'tcp.srcport'] + [field for _, field, _, _ in ROWS]
    command = ['tshark', '-r', path, '-Y', 'bittorrent', '-o', 'tcp.reassemble_out_of_order:TRUE', '-T', 'fields']
    for field in fields:
        command += ['-e', field]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    frames = {}
    for line in text.splitlines():
        frame, v4, v6, port, *columns = line.split('\t')
        seen = [(what, read(value)) for (what, _, read, _), column in zip(ROWS, columns)
                for value in filter(None, column.split(','))]
        if seen:
            frames[int(frame)] = [('from', f'{v4}:{port}' if v4 else f'[{v6}]:{port}')] + seen
    return frames


def by_us(program, path):
    """The same, with None for frames that tshark cannot read."""
    text = subprocess.run([program, 'decode', '--json', '--full', path], check=True, capture_output=True, text=True).stdout
    messages = collections.defaultdict(list)
    for line in text.splitlines():
        message = json.loads(line)
        messages[message['frame']].append(message)
    frames = {}
    for frame, ended in messages.items():
        seen = [(what, message[what]) for what, _, _, types in ROWS for message in ended
                if message['type'] in types and what in message]
        if UNNAMED & {message['type'] for message in ended}:
            frames[frame] = None
        elif seen:
            frames[frame] = [('from', ended[0]['from'])] + seen
    return frames


def compare(name, theirs, ours):
    """How many frames differ; the first of them is shown."""
    differing = [frame for frame in sorted({*theirs, *ours})
                 if theirs.get(frame) != ours.get(frame) and ours.get(frame, []) is not None]
    print(f'{name}: {len(ours)} frames, {len(differing)} differ')
    for frame in differing[:1]:
        only = [f'{who} alone {[pair for pair in mine.get(frame, []) if pair not in other.get(frame, [])]}'
                for who, mine, other in (('tshark', theirs, ours), ('we', ours, theirs))]
        print(f'  frame {frame}: {"; ".join(only)}'[:500])
    return len(differing)


def main():
    if shutil.which('tshark') is None:
        print('skipped: there is no tshark')
        return 77
    failures = 0
    for folder in ('data', 'clients'):
        for name in sorted(os.listdir(os.path.join(HERE, folder))):
            path = os.path.join(HERE, folder, name)
            if '.pcap' not in name or not os.path.isfile(path):
                continue
            if name in GAPS:
                print(f'{name}: not compared: {GAPS[name]}')
                continue
            failures += compare(name, by_tshark(path), by_us(sys.argv[1], path)) > 0
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
