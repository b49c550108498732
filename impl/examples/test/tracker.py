#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A tracker (BEP 3, BEP 23) that gives everybody one peer: tracker.py ADDRESS PORT.  Prints its URL and serves."""
import http.server
import socket
import struct
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    peer = b"d8:intervali5e5:peers6:" + socket.inet_aton(sys.argv[1]) + struct.pack(">H", int(sys.argv[2])) + b"e"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.peer)))
        self.end_headers()
        self.wfile.write(self.peer)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
print("http://127.0.0.1:%d/announce" % server.server_port, flush=True)
server.serve_forever()
