"""What the fault tests share: the seed, short and long rounds, figures, small filesystems, a second engine,
deliveries whose answers are remembered, and the audit of what became of them.

Environment: PAWL_FAULT_SEED (a number; printed, and random where it is not set); PAWL_FAULT_ROUNDS (how often a fault
is made) and PAWL_FAULT_SECONDS (how long one lasts), which tools/soak raises; a test's own short ones otherwise.

Mounts and a second engine need root; the tests that use them say so where they cannot have it.
"""

import dataclasses
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import PAWL, Case, UnixConnection, engine, engine_filter, wait_for  # noqa: E402

FINAL = ("success", "failed", "cancelled", "skipped")
# A delivery that fails like this may or may not have been accepted: it is sent again, with the same id.
UNANSWERED = (OSError, http.client.HTTPException)


def rounds(short):
    return int(os.environ.get("PAWL_FAULT_ROUNDS", short))


def seconds(short):
    return float(os.environ.get("PAWL_FAULT_SECONDS", short))


def seeded(row):
    """A generator of random numbers whose seed is printed, so that a failure can be had again."""
    seed = int(os.environ.get("PAWL_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"{row}: PAWL_FAULT_SEED={seed}", flush=True)
    return random.Random(seed)


@dataclasses.dataclass
class Figures:
    """One line of docs/reliability.md. tries: how often the fault was made; accepted: triggers that got a 202."""
    row: str
    tries: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    more: dict = dataclasses.field(default_factory=dict)

    def show(self):
        more = "".join(f", {name} {value}" for name, value in self.more.items())
        print(f"{self.row}: tries {self.tries}, accepted {self.accepted}, lost {self.lost}, "
              f"doubled {self.doubled}, orphans {self.orphans}{more}", flush=True)


class FaultCase(Case):
    def small_filesystem(self, size, kind="ext4", **options):
        filesystem = LoopFilesystem(size, kind, **options)
        self.addCleanup(filesystem.close)
        return filesystem

    def second_engine(self, **options):
        second = SecondEngine(**options)
        self.addCleanup(second.close)
        return second.start()

    def conclude(self, figures):
        """Prints the line, then asks for what every row promises."""
        figures.show()
        self.assertEqual((figures.lost, figures.doubled, figures.orphans), (0, 0, 0), figures)


def all_runs(agent):
    """Every run of the history, newest first."""
    found, cursor = [], None
    while True:
        page = agent.get("/runs?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        found += page["runs"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def wait_until_idle(agent, within_s=120):
    """Waits until no run is pending or running; the history then."""
    deadline = time.monotonic() + within_s
    while True:
        runs = all_runs(agent)
        open_runs = [run for run in runs if run["status"] not in FINAL]
        if not open_runs:
            return runs
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(open_runs)} runs have not ended after {within_s} s, "
                                 f"the first: {agent.run(open_runs[-1]['id'])}")
        time.sleep(0.1)


def wait_for_no_containers(agent, within_s=30):
    """How many of the agent's containers, but for a sandbox that waits for a run, are there still after that time; 0 as
    soon as there is none."""
    deadline = time.monotonic() + within_s
    while True:
        left = sum("-warm-" not in container["Names"][0] for container in agent.left_behind())
        if left == 0 or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def audit(figures, accepted, runs, ticks=()):
    """Counts lost and doubled: each accepted delivery is exactly one run that has ended; no tick ran twice.

    accepted: {delivery id: run id}; runs: the whole history; ticks: names of pipelines that cron starts.
    """
    by_id = {run["id"]: run for run in runs}
    figures.accepted = len(accepted)
    for delivery, run_id in accepted.items():
        run = by_id.get(run_id)
        if run is None or run["status"] not in FINAL:
            print(f"{figures.row}: delivery {delivery} was accepted as run {run_id}, found is {run}", flush=True)
            figures.lost += 1
    seen = set()
    for run in runs:
        identity = (run["pipeline"], run["trigger"]["identity"])
        if identity in seen:
            print(f"{figures.row}: {identity} has a second run, {run['id']}", flush=True)
            figures.doubled += 1
        seen.add(identity)
    figures.more["ticks"] = sum(run["pipeline"] in ticks for run in runs)


class StartWatch:
    """How often the engine started each container of an agent: its events, read as they happen."""

    def __init__(self, agent):
        self.starts = {}
        self._connection = UnixConnection(agent.engine_socket)
        self._connection.request("GET", "/events?" + engine_filter(
            type=["container"], event=["start"], image=[f"{agent.image}:latest"]))
        self._answer = self._connection.getresponse()
        self._answer.fp.raw._sock.settimeout(None)  # nothing happens for as long as it likes
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        try:
            for line in self._answer:
                name = json.loads(line)["Actor"]["Attributes"]["name"]
                self.starts[name] = self.starts.get(name, 0) + 1
        except (ValueError, *UNANSWERED):
            pass  # closed, or the engine went away

    def close(self):
        """Ends it; {container: starts} of those started more than once."""
        self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()
        return {name: count for name, count in self.starts.items() if count > 1}


class Deliveries:
    """Signed webhooks with ids of their own, sent one after the other by one thread, remembered by their answers.

    accepted: {delivery id: run id} of the 202s; open: ids that got no answer, which may have been accepted.
    """

    def __init__(self, agent, path, prefix="d", pause_s=0.0):
        self.agent, self.path, self.prefix, self.pause_s = agent, path, prefix, pause_s
        self.accepted, self.open, self.answers = {}, set(), {}
        self.contradictions = []
        self.sent = 0
        self._stop = threading.Event()
        self._thread = None

    def send(self, delivery):
        """Status of the answer, None where there was none."""
        body = json.dumps({"delivery": delivery})
        try:
            status, headers, answer = self.agent.deliver(self.path, body, delivery=delivery)
        except UNANSWERED:
            self.open.add(delivery)
            return None
        self.answers.setdefault(status, []).append((delivery, headers))
        if status == 202:
            self.open.discard(delivery)
            first = self.accepted.setdefault(delivery, answer["run_id"])
            if first != answer["run_id"]:
                self.contradictions.append((delivery, first, answer["run_id"]))
        return status

    def start(self):
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def _work(self):
        while not self._stop.is_set():
            self.sent += 1
            self.send(f"{self.prefix}-{self.sent}")
            self._stop.wait(self.pause_s)

    def stop(self):
        if self._thread:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def repeat_open(self):
        """What a sender does whose delivery got no answer: sends it again, until it is answered."""
        for delivery in sorted(self.open):
            wait_for(f"an answer to {delivery}", lambda delivery=delivery: self.send(delivery) is not None)


def mount(source, target, *options):
    subprocess.run(["mount", *options, source, target], check=True, capture_output=True)


def unmount(target):
    """Gone when this returns: loop devices are let go of with the last mount."""
    def gone():
        done = subprocess.run(["umount", target], check=False, capture_output=True, text=True)
        return done.returncode == 0 or "not mounted" in done.stderr
    wait_for(f"{target} to be unmounted", gone)


class LoopFilesystem:
    """A filesystem of its own size in a file, mounted at .path. `image`: made there, not in a directory of ours."""

    MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"], "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"]}

    def __init__(self, size, kind="ext4", image=None, make=True):
        if os.geteuid() != 0:
            raise AssertionError("a filesystem on a loop device needs root")
        self.directory = tempfile.mkdtemp(prefix="pawl-disk-")
        self.image = image or os.path.join(self.directory, "image")
        self.path = os.path.join(self.directory, "mounted")
        os.mkdir(self.path)
        if make:
            with open(self.image, "wb") as file:
                file.truncate(size)
            subprocess.run([*self.MAKE[kind], self.image], check=True, capture_output=True)
        mount(self.image, self.path, "-o", "loop")
        self.mounted = True

    def free_bytes(self):
        state = os.statvfs(self.path)
        return state.f_bavail * state.f_frsize

    def fill(self, leave=0):
        """Takes what is free but for `leave` bytes, in one file; free() gives it back."""
        block = b"\0" * 4096
        with open(os.path.join(self.path, "filler"), "ab", buffering=0) as file:
            try:
                while self.free_bytes() > leave:
                    file.write(block * min(256, max(1, (self.free_bytes() - leave) // len(block))))
            except OSError:
                pass

    def filled(self):
        return os.path.getsize(os.path.join(self.path, "filler"))

    def free(self):
        os.unlink(os.path.join(self.path, "filler"))

    def close(self):
        if self.mounted:
            unmount(self.path)
            self.mounted = False
        shutil.rmtree(self.directory, ignore_errors=True)


class SecondEngine:
    """A dockerd apart from the usual one, over a containerd of its own, to be killed and stopped at will.

    data_root: where it keeps images and containers, e.g. on a small filesystem; a directory of ours otherwise.
    As on a usual host, containerd is a service apart and outlives a dockerd that is killed. No bridge and no
    firewall rules: sharing docker0 breaks the first engine; tasks get network none.
    """

    def __init__(self, data_root=None, live_restore=False):
        if os.geteuid() != 0:
            raise AssertionError("a second engine needs root")
        self.directory = tempfile.mkdtemp(prefix="pawl-engine-")
        self.data_root = data_root or self._place("data")
        self.socket = self._place("docker.sock")
        self.log = self._place("dockerd.log")
        self.arguments = ["--live-restore"] if live_restore else []
        self.process = self.containerd = None

    def _place(self, name):
        return os.path.join(self.directory, name)

    def _spawn(self, *command):
        with open(self.log, "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)

    def start(self):
        """Starts it, again after kill() or stop(), and waits until it answers."""
        if self.containerd is None or self.containerd.poll() is not None:
            with open(self._place("containerd.toml"), "w", encoding="utf-8") as file:
                file.write('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
            self.containerd = self._spawn(
                "containerd", "--config", self._place("containerd.toml"), "--root", self._place("containerd"),
                "--state", self._place("containerd-state"), "--address", self._place("containerd.sock"))
        if os.path.exists(self._place("docker.pid")):
            os.unlink(self._place("docker.pid"))  # a killed one's, whose number may be taken again
        # In a network of its own: told to have no bridge, it removes docker0, which is the host's engine's.
        self.process = self._spawn(
            "unshare", "--net", "dockerd", "--data-root", self.data_root, "--exec-root", self._place("exec"),
            "--pidfile", self._place("docker.pid"), "--host", f"unix://{self.socket}",
            "--containerd", self._place("containerd.sock"), "--bridge=none", "--iptables=false",
            "--ip6tables=false", *self.arguments)
        wait_for("the second engine", self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise AssertionError(f"dockerd ended with {self.process.returncode}:\n{file.read()[-4000:]}")
        try:
            return engine("GET", "/_ping", at=self.socket)[0] == 200
        except UNANSWERED:
            return False

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """An orderly end of dockerd; its containers end with it, unless live_restore."""
        self._end(self.process, resume=True)

    @staticmethod
    def _end(process, resume=False):
        if process is None or process.poll() is not None:
            return
        if resume:
            process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _shims(self):
        """The parents of containers that still run; their command lines name our directory."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                    command = file.read()
            except OSError:
                continue
            if "containerd-shim" in command and self.directory in command:
                found.append(int(entry))
        return found

    def close(self):
        if self.process and self.process.poll() is not None:
            self.start()  # only an engine can end what it left running
        if self.process:
            _, containers = engine("GET", "/containers/json?all=1", at=self.socket)
            for container in containers:
                engine("DELETE", f"/containers/{container['Id']}?force=1&v=1", at=self.socket)
        self.stop()
        for pid in self._shims():
            os.kill(pid, signal.SIGKILL)
        self._end(self.containerd)
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = [line.split()[1] for line in file]
        for place in reversed(mounts):
            if f"{place}/".startswith((self.directory + "/", self.data_root + "/")):
                subprocess.run(["umount", "-l", place], check=False, capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)
