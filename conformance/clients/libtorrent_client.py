#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small client on libtorrent-rasterbar, run by the driver `libtorrent`; stops on SIGTERM.

LT_SETTINGS="key=value ..." in the environment changes settings of the session."""
import argparse
import os
import signal

import libtorrent as lt


def settings(port, slots):
    return {
        "listen_interfaces": "127.0.0.1:%d,[::1]:%d" % (port, port),
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "enable_incoming_utp": False, "enable_outgoing_utp": False,
        "in_enc_policy": 1, "out_enc_policy": 1, "allowed_enc_level": 3, "prefer_rc4": False,
        "allow_multiple_connections_per_ip": True,
        "connections_limit": 3000, "listen_queue_size": 500, "unchoke_slots_limit": slots,
        "min_reconnect_time": 1, "min_announce_interval": 5, "peer_connect_timeout": 5, "inactivity_timeout": 600,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
    }


def from_environment():
    for pair in os.environ.get("LT_SETTINGS", "").split():
        key, value = pair.split("=", 1)
        if value in ("true", "false"):
            yield key, value == "true"
        else:
            yield key, int(value) if value.lstrip("-").isdigit() else value


def treat_loopback_as_anyone(session):
    """Loopback peers would be in the class "local", which is unchoked at once and never choked."""
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1)
    everyone.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1)
    session.set_peer_class_filter(everyone)


def add(session, source, args):
    if source.startswith("magnet:"):
        params = lt.parse_magnet_uri(source)
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(source)
    params.save_path = args.data
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    # Trusts the payload, except for v2: without a check libtorrent has no hashes below the piece layer to give away.
    if args.role == "seed" and not params.ti.info_hashes().has_v2():
        params.flags |= lt.torrent_flags.seed_mode
    handle = session.add_torrent(params)
    if args.peer and args.role != "magnet":
        host, port = args.peer.rsplit(":", 1)
        handle.connect_peer((host.strip("[]"), int(port)), 0, 0)  # no flags: plaintext first


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--data", required=True)
    parser.add_argument("--slots", required=True, type=int)
    parser.add_argument("--peer", default="")
    parser.add_argument("source", nargs="+")
    args = parser.parse_args()

    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    session = lt.session({**settings(args.port, args.slots), **dict(from_environment())})
    treat_loopback_as_anyone(session)
    for source in args.source:
        add(session, source, args)
    while not stopped:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            print(type(alert).__name__, alert, flush=True)


main()
