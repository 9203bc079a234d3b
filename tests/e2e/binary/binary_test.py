#!/usr/bin/env python3
"""The release binary as a file: how it is linked and hardened, how big it is, and that it needs nothing but
itself. usage: binary_test.py PATH-OF-PAWL
"""

import fcntl
import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

MAX_BYTES = 12 * 1024 * 1024
NAME = "agent.pawl.test"
binary = Path()


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Linking(unittest.TestCase):
    def test_file_says_static_pie(self):
        self.assertIn("static-pie linked", output("file", str(binary)))

    def test_no_interpreter_and_no_shared_library(self):
        self.assertNotIn("INTERP", output("readelf", "-lW", str(binary)))
        self.assertNotIn("(NEEDED)", output("readelf", "-dW", str(binary)))

    def test_full_relro(self):
        self.assertIn("GNU_RELRO", output("readelf", "-lW", str(binary)))
        self.assertRegex(output("readelf", "-dW", str(binary)), r"\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW")

    def test_no_segment_is_writable_and_executable(self):
        for line in output("readelf", "-lW", str(binary)).splitlines():
            match = re.match(r"\s+(LOAD|GNU_STACK)\s+(?:0x\w+\s+){5}(...)", line)
            if match:
                self.assertFalse("W" in match[2] and "E" in match[2], line)

    def test_stripped_and_small(self):
        self.assertNotIn(".symtab", output("readelf", "-SW", str(binary)))
        self.assertLessEqual(binary.stat().st_size, MAX_BYTES)

    def test_everything_is_compiled_with_stack_protector_and_fortify(self):
        # Asked of the build: glibc's own archive brings the messages of both in any case.
        commands = json.loads((binary.parent.parent / "compile_commands.json").read_text(encoding="utf-8"))
        self.assertGreater(len(commands), 0)
        for entry in commands:
            for flag in ("-fstack-protector-strong", "-D_FORTIFY_SOURCE=3"):
                self.assertIn(flag, entry["command"], entry["file"])


class EmptyRoot(unittest.TestCase):
    def test_runs_in_an_empty_root(self):
        done = in_namespaces("run", "version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\d+\.\d+\.\d+")

    def test_resolves_a_name_in_an_empty_root(self):
        done = in_namespaces("resolve")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"asked for {NAME}", done.stdout)
        self.assertIn("request GET /", done.stdout)


def in_namespaces(*arguments):
    """This file again, as root of a user namespace with mounts and a network of its own."""
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    return subprocess.run([*unshare, sys.executable, __file__, "--inside", str(binary), *arguments],
                          capture_output=True, text=True, timeout=60)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS


def dns_answer(query):
    """(name, answer): 127.0.0.1 for A, no records for other types (RFC 1035, §4)."""
    labels, position = [], 12
    while query[position]:
        labels.append(query[position + 1:position + 1 + query[position]].decode())
        position += 1 + query[position]
    question = query[12:position + 5]
    is_address = question[-4:-2] == b"\0\1"
    header = query[:2] + struct.pack(">HHHHH", 0x8580, 1, int(is_address), 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
    return ".".join(labels), header + question + (record if is_address else b"")


def serve_dns(asked):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def answer():
        while True:
            query, peer = server.recvfrom(512)
            name, packet = dns_answer(query)
            asked.add(name)
            server.sendto(packet, peer)

    threading.Thread(target=answer, daemon=True).start()


class Recorder(http.server.BaseHTTPRequestHandler):
    requests = []

    def do_GET(self):
        self.requests.append(f"{self.command} {self.path}")
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_):
        pass


def inside(path, what, arguments):
    """In the new namespaces: an empty root that holds the binary and, to resolve, an /etc/resolv.conf."""
    with tempfile.TemporaryDirectory() as root:
        def enter():
            os.chroot(root)
            os.chdir("/")

        shutil.copy(path, f"{root}/pawl")
        if what == "run":
            return subprocess.run(["/pawl", *arguments], preexec_fn=enter, env={}, timeout=30).returncode
        os.mkdir(f"{root}/etc")
        Path(f"{root}/etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
        loopback_up()
        asked = set()
        serve_dns(asked)
        web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        subprocess.run(["/pawl", "status", "--server", f"http://{NAME}:{web.server_port}"],
                       preexec_fn=enter, env={}, timeout=30)
        for name in sorted(asked):
            print("asked for", name)
        for request in Recorder.requests:
            print("request", request)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        sys.exit(inside(sys.argv[2], sys.argv[3], sys.argv[4:]))
    binary = Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
