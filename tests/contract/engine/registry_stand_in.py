#!/usr/bin/env python3
"""Listens on 127.0.0.1 in a registry's place and answers each request in one way: with a status, by closing
the connection, or (`stall`) with its version and then never again.

Prints `ready` once it listens, and `stalled` at each request that it leaves unanswered.
"""

import http.server
import sys
import threading

port, answer = int(sys.argv[1]), sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *values):
        pass

    def do_GET(self):
        if answer == "close":
            self.close_connection = True
        elif answer != "stall":
            self.say(int(answer), b'{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}')
        elif self.path == "/v2/":
            self.say(200, b"{}")
        else:
            print("stalled", flush=True)
            threading.Event().wait()

    do_HEAD = do_GET

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
print("ready", flush=True)
server.serve_forever()
