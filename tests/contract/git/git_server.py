#!/usr/bin/env python3
"""A Git remote over HTTP(S) for tests: real repositories behind `git http-backend`, and misbehaviour.

Prints `port N` once it listens on 127.0.0.1, then serves until it is ended. Each request is written to
--log as `METHOD PATH AUTHORIZATION`, with `-` where there is none.
"""

import argparse
import base64
import http.server
import os
import socket
import ssl
import struct
import subprocess
import threading

parser = argparse.ArgumentParser()
parser.add_argument("--root", default="/nonexistent")
parser.add_argument("--log", required=True)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--login", help="USER:PASSWORD for HTTP Basic")
parser.add_argument("--redirect", help="redirect /moved/... to this address")
parser.add_argument("--behave", default="well",
                    choices=["well", "silent", "reset", "drip", "error", "garbage", "dumb"])
arguments = parser.parse_args()
log_lock = threading.Lock()


def note(method, path, authorization):
    with log_lock, open(arguments.log, "a", encoding="utf-8") as log:
        log.write(f"{method} {path} {authorization or '-'}\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *values):
        pass

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_request(self):
        authorization = self.headers.get("Authorization")
        note(self.command, self.path, authorization)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if arguments.redirect is not None and self.path.startswith("/moved/"):
            return self.answer(302, [("Location", arguments.redirect + self.path[len("/moved"):])])
        if arguments.login:
            wanted = "Basic " + base64.b64encode(arguments.login.encode()).decode()
            if authorization != wanted:
                return self.answer(401, [("WWW-Authenticate", 'Basic realm="test"')])
        if arguments.behave == "error":
            return self.answer(500, body=b"out of order")
        if arguments.behave == "garbage":
            kind = "application/x-git-upload-pack-advertisement"
            return self.answer(200, [("Content-Type", kind)], os.urandom(4096))
        if arguments.behave == "dumb":
            return self.answer(200, [("Content-Type", "text/plain")], b"ref: refs/heads/main\n")
        if arguments.behave == "drip":
            return self.drip()
        return self.run_backend(body)

    do_GET = handle_request
    do_POST = handle_request

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for byte in b"001e# service=git-upload-pack\n" + b"0" * 100000:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            stopped.wait(1)

    def run_backend(self, body):
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": arguments.root, "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "REQUEST_METHOD": self.command,
            "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
        }
        with subprocess.Popen(["git", "http-backend"], env=environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as backend:
            backend.stdin.write(body)
            backend.stdin.close()
            self.pass_on(backend.stdout)

    def pass_on(self, output):
        status = 200
        headers = []
        while line := output.readline().strip().decode():
            name, _, value = line.partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while data := output.read1(65536):
            self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


class RawServer:
    """Accepts connections and never speaks HTTP."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.server_port = self.listener.getsockname()[1]
        self.kept = []

    def serve_forever(self):
        while True:
            connection, _ = self.listener.accept()
            if arguments.behave == "silent":
                self.kept.append(connection)
                continue
            connection.recv(10)
            # Linger 0: closing sends a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


stopped = threading.Event()
if arguments.behave in ("silent", "reset"):
    server = RawServer()
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
server.handle_error = lambda *ignored: None
print(f"port {server.server_port}", flush=True)
server.serve_forever()
