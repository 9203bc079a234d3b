#!/usr/bin/env python3
"""TLS in front of a unix socket, as `dockerd --tlsverify` speaks it.

Prints `port N` once it listens on 127.0.0.1, then passes every connection on until it is ended. With --ca only
clients with a certificate of that CA get in.
"""

import argparse
import selectors
import socket
import ssl
import threading

parser = argparse.ArgumentParser()
parser.add_argument("--socket", required=True)
parser.add_argument("--certificate", required=True)
parser.add_argument("--key", required=True)
parser.add_argument("--ca")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--newest", choices=["1.1", "1.2", "1.3"], default="1.3")
arguments = parser.parse_args()

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(arguments.certificate, arguments.key)
context.maximum_version = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
                           "1.3": ssl.TLSVersion.TLSv1_3}[arguments.newest]
if arguments.newest == "1.1":
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
if arguments.ca:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(arguments.ca)


def pass_on(client, engine):
    """Both ways in one thread: a TLS connection is no thing for two."""
    sides = selectors.DefaultSelector()
    sides.register(client, selectors.EVENT_READ, engine)
    sides.register(engine, selectors.EVENT_READ, client)
    while True:
        for key, _ in sides.select():
            data = key.fileobj.recv(65536)
            while key.fileobj is client and client.pending():
                data += client.recv(65536)
            if not data:
                return
            key.data.sendall(data)


def serve(plain):
    try:
        with context.wrap_socket(plain, server_side=True) as client, \
                socket.socket(socket.AF_UNIX) as engine:
            engine.connect(arguments.socket)
            pass_on(client, engine)
    except OSError:
        plain.close()


listener = socket.create_server(("127.0.0.1", arguments.port), backlog=64)
print(f"port {listener.getsockname()[1]}", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
