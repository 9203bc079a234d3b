#!/usr/bin/env python3
"""What a run costs beside the engine itself: see tools/bench --engine. Each figure is a ratio to the same containers
driven by a bare loop over the Engine API (create, start, wait, logs, remove; one after another per worker), taken in turns with
it, as a median of five."""

import hashlib
import hmac
import http.client
import json
import os
import statistics
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from harness import ENGINE, Agent, UnixConnection, engine, engine_filter, require_engine, wait_for  # noqa: E402

ROUNDS = 5
WORKERS = 4
TASK = '  - {{id: {id}, image: "{{image}}", command: ["true"], memory: 64m, cpus: 1, depends_on: [{needs}]}}\n'
LAYERS, WIDTH = 10, 10


def pipeline(name, tasks):
    return f"name: {name}\ntriggers: [{{webhook: {{path: {name}, secret: [hook]}}}}]\ntasks:\n" + "".join(
        TASK.format(id=task, needs=", ".join(needs)) for task, needs in tasks)


PIPELINES = {
    "one": [("t0", [])],
    "chain": [(f"t{i}", [f"t{i - 1}"] if i else []) for i in range(10)],
    "parallel": [(f"t{i}", []) for i in range(20)],
    "layered": [(f"l{layer}-{i}", [f"l{layer - 1}-{i}", f"l{layer - 1}-{(i + 1) % WIDTH}"] if layer else [])
                for layer in range(LAYERS) for i in range(WIDTH)],
}


class Bare:
    """One worker of the floor: a kept connection, no checks, nothing recorded."""

    def __init__(self, image):
        self.connection = UnixConnection(ENGINE)
        self.spec = {"Image": image, "Entrypoint": [""], "Cmd": ["true"], "User": "65534",
                     "Labels": {"dev.pawl.bench": "bare"},
                     "HostConfig": {"NetworkMode": "none", "Memory": 64 << 20, "MemorySwap": 64 << 20,
                                    "NanoCpus": 10**9, "PidsLimit": 128, "ReadonlyRootfs": True, "Init": True,
                                    "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"]}}

    def call(self, method, path, body=None):
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = self.connection.getresponse()
        read = answer.read()
        assert answer.status < 400, (path, answer.status, read)
        return read

    def run(self):
        name = json.loads(self.call("POST", "/containers/create", self.spec))["Id"]
        self.call("POST", f"/containers/{name}/start")
        self.call("POST", f"/containers/{name}/wait")
        self.call("GET", f"/containers/{name}/logs?stdout=1&stderr=1")
        self.call("DELETE", f"/containers/{name}")


def bare_seconds(image, count, workers):
    """`count` containers over that many loops."""
    left, lock, failures = [count], threading.Lock(), []

    def loop():
        bare = Bare(image)
        try:
            while True:
                with lock:
                    if left[0] == 0:
                        return
                    left[0] -= 1
                bare.run()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)
        finally:
            bare.connection.close()

    threads = [threading.Thread(target=loop) for _ in range(workers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return time.perf_counter() - started


class Hook:
    """A signed delivery over a kept connection."""

    def __init__(self, agent):
        self.agent, self.count = agent, 0

    def fire(self, name):
        """(run, when its 202 had come)."""
        self.count += 1
        body = json.dumps({"n": self.count, "at": time.time()}).encode()
        signature = hmac.new(self.agent.secret.encode(), body, hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.agent.hooks_port, timeout=20)
        connection.request("POST", f"/hooks/{name}", body, {"Content-Type": "application/json",
                                                           "X-Hub-Signature-256": f"sha256={signature}"})
        answer = connection.getresponse()
        at = time.perf_counter()
        data = json.loads(answer.read())
        connection.close()
        assert answer.status == 202, data
        return str(data["run_id"]), at


def run_seconds(agent, hook, name):
    """From the delivery to the run's end, as a watcher of the API's events sees it."""
    stream = http.client.HTTPConnection("127.0.0.1", agent.http_port, timeout=120)
    stream.request("GET", "/api/v1/events")
    events = stream.getresponse()
    started = time.perf_counter()
    run, _ = hook.fire(name)
    kind = b""
    while True:
        line = events.readline()
        assert line, "the events ended"
        if line.startswith(b"event: "):
            kind = line[7:].strip()
        if kind != b"run" or not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        if str(event["run_id"]) == run and event["status"] in ("success", "failed", "cancelled"):
            took = time.perf_counter() - started
            assert event["status"] == "success", event
            stream.close()
            return took


def settle(agent):
    """Nothing of a run is left, and a warm sandbox waits again: what comes next is not slowed by what was."""
    def quiet():
        _, containers = engine("GET", "/containers/json?all=1&" + engine_filter(
            label=[f"dev.pawl.instance={agent.instance()}"]))
        names = [name for container in containers for name in container["Names"]]
        return len(names) == 1 and "-warm-" in names[0]
    wait_for("the engine to be quiet", quiet)
    time.sleep(0.3)


def compare(agent, hook, image, name, workers):
    count = len(PIPELINES[name])
    ours, floor = [], []
    for _ in range(ROUNDS):
        settle(agent)
        ours.append(run_seconds(agent, hook, name))
        settle(agent)
        floor.append(bare_seconds(image, count, workers))
    mine, bare = statistics.median(ours), statistics.median(floor)
    what = {"one": "one task", "chain": "chain of 10", "parallel": f"20 tasks, {WORKERS} workers",
            "layered": f"100 tasks in {LAYERS} layers, {WORKERS} workers"}[name]
    print(f"{what:<40} {mine * 1000:7.0f} ms, bare loop {bare * 1000:7.0f} ms: {mine / bare:.2f} x", flush=True)
    return mine / bare


def main():
    require_engine()
    agent = Agent({f"{name}.yaml": pipeline(name, tasks) for name, tasks in PIPELINES.items()}, workers=WORKERS)
    try:
        agent.start()
        agent.cli("sync", "fleet", "--wait")
        hook = Hook(agent)
        settle(agent)
        run_seconds(agent, hook, "one")  # what happens once
        for name, workers in (("one", 1), ("chain", 1), ("parallel", WORKERS), ("layered", WORKERS)):
            compare(agent, hook, agent.image, name, workers)
    finally:
        agent.close()


if __name__ == "__main__":
    main()
