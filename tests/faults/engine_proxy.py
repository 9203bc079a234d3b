"""A unix socket between the agent and its engine, to be cut at an exact moment of what the two say.

Bytes go through unchanged. A watcher is asked for each request before the engine sees it, and for each piece of an
answer before the agent does: what it does then happens between the two. The first that it says True to is the
moment: from then on nothing passes in either direction, until the proxy is opened again.
"""

import os
import socket
import threading

REQUEST, ANSWER = "request", "answer"


class Connection:
    """One client of the proxy: two threads, one for each direction."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.line = ""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with self.client, self.engine:
            try:
                self.engine.connect(self.proxy.engine_socket)
            except OSError:
                return
            answers = threading.Thread(target=self._answers, daemon=True)
            answers.start()
            self._requests()
            answers.join()

    def _whole_chunks(self, buffered):
        """What has come of a body in chunks, read to its end, and how long that is."""
        at = 0
        while True:
            while b"\r\n" not in buffered[at:]:
                buffered += self._more()
            line_end = buffered.index(b"\r\n", at) + 2
            size = int(buffered[at:line_end].split(b";")[0], 16)
            at = line_end + size + 2
            while len(buffered) < at:
                buffered += self._more()
            if size == 0:
                return buffered, at

    def _more(self):
        data = self.client.recv(65536)
        if not data:
            raise OSError("the client hung up")
        return data

    def _requests(self):
        buffered = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffered:
                    data = self.client.recv(65536)
                    if not data:
                        return
                    buffered += data
                head, _, buffered = buffered.partition(b"\r\n\r\n")
                length = 0
                for line in head.split(b"\r\n")[1:]:
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                while len(buffered) < length:
                    buffered += self.client.recv(65536)
                whole = self._whole_chunks(buffered) if b"transfer-encoding: chunked" in head.lower() else None
                if whole is not None:
                    buffered, length = whole
                self.line = head.split(b"\r\n", 1)[0].decode()
                if not self.proxy.lets_through(REQUEST, self.line, head):
                    return
                self.engine.sendall(head + b"\r\n\r\n" + buffered[:length])
                buffered = buffered[length:]
        except OSError:
            pass
        finally:
            self._hang_up()

    def _answers(self):
        try:
            while data := self.engine.recv(65536):
                if not self.proxy.lets_through(ANSWER, self.line, data):
                    return
                self.client.sendall(data)
        except OSError:
            pass
        finally:
            self._hang_up()

    def _hang_up(self):
        for end in (self.client, self.engine):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class EngineProxy:
    """Listens at .path. watch: called as watch(REQUEST or ANSWER, request line, bytes), by one thread at a time."""

    def __init__(self, path, engine_socket):
        self.path, self.engine_socket = path, engine_socket
        self.watch = None
        self.cut = threading.Event()
        self.starts = {}
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            Connection(self, client)

    def lets_through(self, direction, line, data):
        with self._lock:
            if direction == ANSWER:
                self._count_start(line, data)
            if self.cut.is_set():
                return False
            if self.watch is None or not self.watch(direction, line, data):
                return True
            self.cut.set()
            return False

    def _count_start(self, line, data):
        """starts: {container name: how often the engine answered that it has started it}."""
        method, target, _ = line.split(" ", 2)
        path = target.split("?")[0].split("/")
        if method == "POST" and path[-1] == "start" and data.startswith(b"HTTP/1.1 204"):
            self.starts[path[-2]] = self.starts.get(path[-2], 0) + 1

    def open(self):
        with self._lock:
            self.watch = None
            self.cut.clear()

    def close(self):
        self.cut.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the thread that accepts
        self._listener.close()
        os.unlink(self.path)
