#!/usr/bin/env python3
"""The agent's footprint: see tools/bench. Uses the end-to-end tests' harness for an agent of its own."""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from harness import PAWL, Agent  # noqa: E402

PIPELINE = """name: p{n}
triggers: [{{cron: "{minute} {hour} * * *", timezone: {zone}}}, {{webhook: {{path: p{n}, secret: [hook]}}}}]
tasks:
  - {{id: a, image: "{{image}}", command: "true"}}
  - {{id: b, image: "{{image}}", command: "true", depends_on: [a]}}
"""
FILL_STORE = os.path.join(os.path.dirname(PAWL), "..", "tests", "faults", "fill-store")
# Runs stored, of them not ended: F1's row, and issue 3's (10,000 unfinished tasks, two to a run).
HISTORIES = [(100_000, 0), (100_000, 5_000), (1_000_000, 5_000)]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"]


# What `pawl validate` reads: something of everything the language has.
LARGE_PIPELINE = """name: v{n}
description: Builds, checks and ships number {n}
triggers:
  - cron: "{minute} {hour} * * *"
    timezone: {zone}
    splay: 5m
  - webhook: {{path: v{n}, secret: [hook], events: [push], params: {{ref: "${{{{ payload.after }}}}"}}}}
params:
  - {{name: ref, type: string, default: main}}
  - {{name: level, type: string, enum: [full, delta], default: delta}}
concurrency: {{group: g{n}, limit: 1}}
env: {{STAGE: prod, REF: "${{{{ params.ref }}}}"}}
defaults: {{image: "alpine:3.20", memory: 64m, timeout: 30m}}
tasks:
  - id: build
    script: |
      echo "$STAGE $REF" > /workspace/build
      echo version=1.2 >> "$PAWL_OUTPUT"
    outputs: [version]
  - id: test
    command: ["sh", "-c", "echo $PAWL_MATRIX_REGION"]
    depends_on: [build]
    matrix: {{region: [eu, us], arch: [amd64, arm64]}}
  - id: ship
    command: [ship, "${{{{ tasks.build.outputs.version }}}}"]
    depends_on: [test]
    when: "${{{{ params.level == 'full' }}}}"
    retries: {{limit: 3, delay: 10s, on: [failed, lost]}}
on_failure: [{{id: page, command: page}}]
"""
VALIDATED = 1_000


def kib(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))


def cpu_seconds(pid):
    """User and system time of the process and of the children it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def first_answer_ms(agent, path="/healthz"):
    """From exec to a 200 of the path."""
    started = time.perf_counter()
    with open(agent.log, "ab") as log:
        agent.process = subprocess.Popen([PAWL, "agent", "--config", agent.config], stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log)
    while agent.process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", agent.http_port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return (time.perf_counter() - started) * 1000
        except OSError:
            time.sleep(0.0005)
        finally:
            connection.close()
    raise AssertionError(f"the agent ended with {agent.process.returncode}; see its log")


def ready_ms(runs, unfinished):
    """From exec to a 200 of /readyz, which comes after recovery, with that many runs stored; a median of five."""
    # The stored runs are years old, and must all still be there.
    agent = Agent({"p.yaml": PIPELINE.format(n=1, minute=0, hour=0, zone="UTC")}, image=False,
                  state="max_size: 2g, keep: {age: 0, runs_per_pipeline: 0}")
    times, filled = [], os.path.join(agent.directory, "filled")
    try:
        subprocess.run([FILL_STORE, filled, str(runs), str(unfinished)], check=True)
        for _ in range(5):
            shutil.rmtree(agent.state_directory, ignore_errors=True)
            shutil.copytree(filled, agent.state_directory)
            times.append(first_answer_ms(agent, "/readyz"))
            agent.kill()
    finally:
        agent.close()
    return statistics.median(times)


def validate_ms():
    """`pawl validate` of a directory of VALIDATED pipelines, a file each; a median of eleven."""
    times = []
    with tempfile.TemporaryDirectory() as directory:
        for n in range(VALIDATED):
            with open(os.path.join(directory, f"v{n}.yaml"), "w", encoding="utf-8") as file:
                file.write(LARGE_PIPELINE.format(n=n, minute=n % 60, hour=n % 24, zone=ZONES[n % 4]))
        for _ in range(11):
            started = time.perf_counter()
            done = subprocess.run([PAWL, "validate", directory], capture_output=True, text=True, check=True)
            times.append((time.perf_counter() - started) * 1000)
            assert f"{VALIDATED} pipelines, 0 problems" in done.stdout, done.stdout
    return statistics.median(times)


def webhook_ms(agent, count):
    times = []
    connection = http.client.HTTPConnection("127.0.0.1", agent.hooks_port, timeout=20)
    for number in range(count):
        body = json.dumps({"n": number, "at": time.time()}).encode()
        signature = hmac.new(agent.secret.encode(), body, hashlib.sha256).hexdigest()
        started = time.perf_counter()
        connection.request("POST", "/hooks/p1", body, {"Content-Type": "application/json",
                                                       "X-Hub-Signature-256": f"sha256={signature}"})
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status == 202, answer.status
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle-seconds", type=float, default=60)
    parser.add_argument("--ready", action="store_true", help="only the start on a long history")
    parser.add_argument("--validate", action="store_true", help="only `pawl validate` of many files")
    arguments = parser.parse_args()
    if not arguments.ready:
        print(f"{f'pawl validate, {VALIDATED} pipelines':<55} {validate_ms():.0f} ms (median of 11)", flush=True)
    if arguments.validate:
        return
    for runs, unfinished in HISTORIES:
        what = f"start to ready, {runs} runs, {unfinished} not ended"
        print(f"{what:<55} {ready_ms(runs, unfinished):.0f} ms (median of 5)", flush=True)
    if arguments.ready:
        return
    files = {f"p{n}.yaml": PIPELINE.format(n=n, minute=n % 60, hour=n % 24, zone=ZONES[n % 4]).replace(
        "{image}", "{image}") for n in range(100)}
    agent = Agent(files, image=False)
    # As an operator would have it: the SPEC's own interval, so that idle includes polling.
    with open(agent.config, encoding="utf-8") as file:
        text = file.read().replace("interval: 1h", "interval: 60s")
    with open(agent.config, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        agent.start()
        agent.stop()
        starts = []
        for _ in range(11):
            starts.append(first_answer_ms(agent))
            agent.stop()
        first_answer_ms(agent)
        agent.cli("sync", "fleet", "--wait")
        pid = agent.process.pid
        time.sleep(2)
        before, began = cpu_seconds(pid), time.monotonic()
        time.sleep(arguments.idle_seconds)
        used, passed = cpu_seconds(pid) - before, time.monotonic() - began
        memory, private = kib(pid, "VmRSS"), kib(pid, "RssAnon")
        syncs = []
        for _ in range(5):
            began = time.perf_counter()
            agent.cli("sync", "fleet", "--wait")
            syncs.append((time.perf_counter() - began) * 1000)
        print(f"binary                                   {os.path.getsize(PAWL) / 1e6:.1f} MB")
        print(f"start to the first healthy answer        {statistics.median(starts):.1f} ms (median of {len(starts)})")
        print(f"idle, 100 scheduled pipelines: memory    {memory / 1024:.1f} MiB ({private / 1024:.1f} MiB of it its own)")
        print(f"idle, 100 scheduled pipelines: CPU       {100 * used / passed:.3f} % over {passed:.0f} s, pulls included")
        print(f"pawl sync, unchanged source              {statistics.median(syncs):.0f} ms (median of {len(syncs)})")
        print(f"signed webhook to its 202                {webhook_ms(agent, 51):.1f} ms (median of 51)")
    finally:
        agent.close()


if __name__ == "__main__":
    main()
