"""Real parts for the end-to-end tests: the release binary, a Docker engine, Git repositories, sockets.

Each Agent has a directory, ports, a repository and a demo image of its own, and removes what it made:
containers by its store's label, the image, the directory; it ends only processes it started.
"""

import hashlib
import hmac
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import unittest
import urllib.parse
import uuid

PAWL = os.environ.get("PAWL_BINARY") or os.path.join(
    os.path.dirname(__file__), "..", "..", "build", "release", "src", "pawl")
ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
WAIT_S = 60  # for what must come; never how long a thing may take


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=WAIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def engine(method, path, body=None, content_type="application/json", at=None):
    """(status, body) from the Docker engine at this socket, or the usual one; JSON is decoded."""
    connection = UnixConnection(at or ENGINE)
    try:
        headers = {"Content-Type": content_type} if body is not None else {}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(data)
    except ValueError:
        return answer.status, data


def engine_filter(**filters):
    return "filters=" + urllib.parse.quote(json.dumps(filters))


def require_engine(at=None):
    try:
        status, _ = engine("GET", "/_ping", at=at)
    except OSError as error:
        raise AssertionError(f"no Docker engine answers on {at or ENGINE} ({error}); start dockerd") from error
    if status != 200:
        raise AssertionError(f"the Docker engine on {at or ENGINE} answers {status}")


def busybox():
    path = shutil.which("busybox")
    if path is None:
        raise AssertionError("busybox is missing; install busybox-static (tools/setup --tests)")
    return path


def make_image(name, at=None, tag="latest", programs=None):
    """An image of busybox alone, and of these programs (path → script), imported from a tar archive: no registry."""
    applets = subprocess.run([busybox(), "--list"], check=True, capture_output=True, text=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in ("bin", "dev", "etc", "proc", "sys", "tmp", "workspace"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder in ("tmp", "workspace") else 0o755
            tar.addfile(entry)
        tar.add(busybox(), "bin/busybox")
        for applet in applets.stdout.split():
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        for path, script in (programs or {}).items():
            entry = tarfile.TarInfo(path)
            entry.mode, entry.size = 0o755, len(script.encode())
            tar.addfile(entry, io.BytesIO(script.encode()))
    changes = urllib.parse.quote("ENV PATH=/bin")
    status, answer = engine("POST", f"/images/create?fromSrc=-&repo={name}&tag={tag}&changes={changes}",
                            archive.getvalue(), "application/x-tar", at)
    if status != 200:
        raise AssertionError(f"the engine did not take the image: {answer}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, check):
    """The first true value of check(), polled; fails after WAIT_S naming `what`."""
    deadline = time.monotonic() + WAIT_S
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {WAIT_S} s for {what}")
        time.sleep(0.02)


def git(repository, *arguments):
    subprocess.run(["git", "-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com",
                    *arguments], check=True, capture_output=True)


class Agent:
    """A pawl agent with everything it needs. start() and kill() as often as the test likes.

    state, policy: the host config's other keys of these, as YAML ({image} in `policy` too); host: its whole `host`. engine_socket: of another
    engine than the usual one. program: the command that `agent --config FILE` is appended to.
    """

    def __init__(self, pipelines, workers=4, image=True, extra_config="", state_directory=None, state="",
                 engine_socket=None, program=(PAWL,), host="{name: e2e}", policy=""):
        self.directory = tempfile.mkdtemp(prefix="pawl-e2e-")
        self.engine_socket = engine_socket or ENGINE
        self.program = list(program)
        self.state_directory = state_directory or os.path.join(self.directory, "state")
        self.image = f"pawl-e2e-{uuid.uuid4().hex[:12]}"
        self.images = [f"{self.image}:latest"]  # of this agent, removed with it
        self.repository = os.path.join(self.directory, "fleet")
        self.http_port, self.hooks_port = free_port(), free_port()
        self.socket = os.path.join(self.directory, "pawl.sock")
        self.config = os.path.join(self.directory, "pawl.yaml")
        self.log = os.path.join(self.directory, "agent.log")
        self.secret = "It's a Secret to Everybody"
        self.process = None
        os.makedirs(os.path.join(self.directory, "secrets"))
        os.makedirs(os.path.join(self.repository, "pipelines"))
        with open(os.path.join(self.directory, "secrets", "hook"), "w", encoding="utf-8") as file:
            file.write(self.secret + "\n")
        policy = ", " + policy.replace("{image}", f"{self.image}:latest") if policy else ""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""host: {host}
sources:
  - {{name: fleet, url: "{self.repository}", ref: refs/heads/main, path: pipelines, interval: 1h}}
engine: {{type: docker, host: "unix://{self.engine_socket}"}}
workers: {workers}
policy: {{images: ["{self.image}:*", "{self.image}/*", "nowhere.invalid/*"], pull: never{policy}}}
secrets: {{directory: "{self.directory}/secrets"}}
state: {{directory: "{self.state_directory}"{", " + state if state else ""}}}
http: {{listen: "127.0.0.1:{self.http_port}", socket: "{self.socket}"}}
webhooks: {{listen: "127.0.0.1:{self.hooks_port}"}}
{extra_config}""")
        subprocess.run(["git", "init", "-q", "-b", "main", self.repository], check=True)
        self.commit(pipelines)
        if image:
            self.make_image(self.image)

    def make_image(self, name, tag="latest", programs=None):
        """Names are the agent's image or below it: no image of the machine's own is touched."""
        require_engine(self.engine_socket)
        make_image(name, self.engine_socket, tag, programs)
        if f"{name}:{tag}" not in self.images:
            self.images.append(f"{name}:{tag}")

    def secret_file(self, name, text):
        path = os.path.join(self.directory, "secrets", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def commit(self, files):
        """Replaces pipeline files (None removes one) and commits; {image} stands for the image."""
        for name, text in files.items():
            path = os.path.join(self.repository, "pipelines", name)
            if text is None:
                os.unlink(path)
                continue
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("{image}", f"{self.image}:latest"))
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "--allow-empty", "-m", "change")

    def spawn(self):
        """Starts the process and waits for nothing."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.program, "agent", "--config", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, wait_for_pipelines=True):
        self.spawn()
        wait_for("the agent to be ready", self.is_ready)
        if wait_for_pipelines:
            self.cli("sync", "fleet", "--wait")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise AssertionError(f"the agent ended with {self.process.returncode}:\n{file.read()}")
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the agent did not end within 20 s of SIGTERM") from None
        return self.process.returncode if self.process else None

    def instance(self):
        """Its store's id, as in the names and labels of its containers; None if it never ran."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                found = re.findall(r"pawl is running.*instance=\"?([0-9a-f]+)", file.read())
        except FileNotFoundError:
            return None
        return found[-1] if found else None

    def left_behind(self):
        """All containers of this agent: of tasks, and sandboxes (the one that waits is gone after an orderly end)."""
        if not self.instance():
            return []
        _, found = self.engine("GET", "/containers/json?all=1&" + engine_filter(
            label=[f"dev.pawl.instance={self.instance()}"]))
        return found if isinstance(found, list) else []

    def close(self):
        try:
            self.stop()
        finally:
            try:
                left = self.left_behind()
                for container in left:
                    self.engine("DELETE", f"/containers/{container['Id']}?force=1&v=1")
                for container in left:
                    for mount in container.get("Mounts") or []:
                        if mount.get("Type") == "volume":  # the workspace of a run that had not ended
                            self.engine("DELETE", f"/volumes/{mount['Name']}")
                for image in self.images:
                    self.engine("DELETE", f"/images/{image}?force=1")
            except OSError:
                pass
            shutil.rmtree(self.directory, ignore_errors=True)

    def engine(self, method, path, body=None):
        return engine(method, path, body, at=self.engine_socket)

    def containers(self):
        """Those of this agent, by its images: running or not."""
        _, found = self.engine("GET", "/containers/json?all=1&" + engine_filter(
            ancestor=self.images, label=["dev.pawl.run"]))
        return found if isinstance(found, list) else []

    def exchange(self, method, path, body=None, headers=None, port=None):
        """(status, headers, decoded body) over TCP."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.http_port, timeout=WAIT_S)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, answer.headers, json.loads(data)
        except ValueError:
            return answer.status, answer.headers, data.decode("utf-8", "replace")

    def request(self, method, path, body=None, headers=None, port=None):
        """(status, decoded body) over TCP."""
        status, _, decoded = self.exchange(method, path, body, headers, port)
        return status, decoded

    def get(self, path):
        status, body = self.request("GET", "/api/v1" + path)
        assert status == 200, f"GET {path}: {status} {body}"
        return body

    def post(self, path, body=None, headers=None):
        return self.request("POST", "/api/v1" + path, json.dumps(body or {}),
                            {"Content-Type": "application/json", **(headers or {})})

    def deliver(self, path, body, secret=None, delivery=None, headers=None):
        """(status, headers, decoded body) of a signed webhook."""
        if isinstance(body, str):
            body = body.encode()
        signature = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        all_headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        if delivery:
            all_headers["X-GitHub-Delivery"] = delivery
        all_headers.update(headers or {})
        return self.exchange("POST", f"/hooks/{path}", body,
                             {k: v for k, v in all_headers.items() if v is not None}, self.hooks_port)

    def hook(self, path, body, secret=None, delivery=None, headers=None):
        status, _, decoded = self.deliver(path, body, secret, delivery, headers)
        return status, decoded

    def trigger(self, pipeline, params=None):
        status, body = self.post(f"/pipelines/{pipeline}/runs", {"params": params or {}})
        assert status == 202, f"{status} {body}"
        return body["run_id"]

    def run(self, run_id):
        return self.get(f"/runs/{run_id}")

    def finished(self, run_id):
        """The run, once it has ended."""
        def check():
            run = self.run(run_id)
            return run if run["status"] not in ("pending", "running") else None
        return wait_for(f"the end of run {run_id}", check)

    def log_text(self, run_id, task):
        status, body = self.request("GET", f"/api/v1/runs/{run_id}/tasks/{task}/logs?format=json")
        assert status == 200, body
        return "".join(record["text"] for record in body["records"] if record["stream"] != "pawl")

    def cli(self, *arguments, check=True, **options):
        result = subprocess.run([PAWL, *arguments, "--config", self.config], capture_output=True, text=True,
                                timeout=WAIT_S, check=False, **options)
        if check and result.returncode != 0:
            raise AssertionError(f"pawl {' '.join(arguments)}: exit code {result.returncode}\n"
                                 f"{result.stdout}{result.stderr}")
        return result


class Case(unittest.TestCase):
    def agent(self, pipelines, **options):
        agent = Agent(pipelines, **options)
        self.addCleanup(agent.close)
        return agent

    def task(self, run, task_id):
        return next(task for task in run["tasks"] if task["id"] == task_id)
