"""F7: the agent killed between two steps of one attempt: exactly one start, its exit code and its log kept.

By what it says to the engine and hears (a proxy between the two cuts at the exact byte), and by what it writes to its
store (strace kills it at the n-th sync of a commit).
"""

import os
import re
import signal
import tempfile
import time
import unittest

from engine_proxy import ANSWER, REQUEST, EngineProxy
from fixture import UNANSWERED, FaultCase, Figures, engine, rounds, wait_for, wait_for_no_containers
from harness import ENGINE, engine_filter

PIPELINE = {"p.yaml": """
name: p
triggers: [{webhook: {path: p, secret: [hook]}}]
tasks:
  - id: a
    image: "{image}"
    command: "echo one; sleep 0.5; echo two; exit 7"
"""}
LOG = "one\ntwo\n"


def asks(method, ending):
    """Is this request line that method on a container's path with that ending?"""
    pattern = re.compile(rf"{method} /v[0-9.]+/containers/[^ ?]*{ending}(\?| )")
    return lambda line: pattern.match(line) is not None


def moment(direction, request, holds=b""):
    return lambda seen, line, data: seen == direction and request(line) and holds in data


CREATE, START, WAIT = asks("POST", "create"), asks("POST", "/start"), asks("POST", "/wait")
LOGS, INSPECT, REMOVE = asks("GET", "/logs"), asks("GET", "/json"), asks("DELETE", "")

# In the order of an attempt's life. Each is the last thing that happened before the agent was killed.
MOMENTS = {
    "create is about to reach the engine": moment(REQUEST, CREATE),
    "created": moment(ANSWER, CREATE, b" 201 "),
    "start is about to reach the engine": moment(REQUEST, START),
    "started": moment(ANSWER, START, b" 204 "),
    "looked at after its start": moment(ANSWER, INSPECT, b'"running"'),
    "its log is about to be asked for": moment(REQUEST, LOGS),
    "first line of its log read": moment(ANSWER, LOGS, b"one"),
    "last line of its log read": moment(ANSWER, LOGS, b"two"),
    "its end is told": moment(ANSWER, WAIT, b"StatusCode"),
    "its exit code is told": moment(ANSWER, INSPECT, b'"exited"'),
    "its removal is about to reach the engine": moment(REQUEST, REMOVE),
    "removed": moment(ANSWER, REMOVE, b" 204 "),
}


def starts_of(agent, run_id):
    """{container name: starts} by the engine's own events."""
    _, raw = engine("GET", f"/events?since=1&until={time.time():.9f}&" + engine_filter(
        type=["container"], event=["start"], image=[f"{agent.image}:latest"],
        label=[f"dev.pawl.run={run_id}"]), at=ENGINE)
    starts = {}
    # One event is decoded already, several are lines.
    for name in re.findall(r"""["']name["']: ?["']([^"']+)""", raw.decode() if isinstance(raw, bytes) else str(raw)):
        starts[name] = starts.get(name, 0) + 1
    return starts


class Moments(FaultCase):
    def check(self, agent, run_id, figures):
        """Counts and asserts what must be true of the attempt, whenever the agent was killed."""
        run = agent.finished(run_id)
        task = self.task(run, "a")
        starts = starts_of(agent, run_id)
        left = wait_for_no_containers(agent)
        figures.tries += 1
        figures.accepted += 1
        figures.lost += run["status"] != "failed"
        figures.doubled += sum(starts.values()) - 1
        figures.orphans += left
        self.assertEqual([(attempt["status"], attempt["reason"], attempt["exit_code"])
                          for attempt in task["attempts"]], [("failed", "exit_code", 7)], run)
        self.assertEqual(agent.log_text(run_id, "a"), LOG)
        self.assertEqual(list(starts.values()), [1], starts)
        self.assertEqual(left, 0)

    def test_killed_at_each_request_and_answer_of_an_attempts_life(self):
        directory = tempfile.TemporaryDirectory(prefix="pawl-proxy-")
        self.addCleanup(directory.cleanup)
        proxy = EngineProxy(os.path.join(directory.name, "engine.sock"), ENGINE)
        self.addCleanup(proxy.close)
        figures = Figures("F7 engine")
        agent = self.agent(PIPELINE, engine_socket=proxy.path).start()
        for _ in range(rounds(1)):
            for name, watch in MOMENTS.items():
                with self.subTest(name):
                    proxy.watch = watch
                    run_id = agent.trigger("p")
                    wait_for(f"the moment '{name}'", proxy.cut.is_set)
                    agent.kill()
                    proxy.open()
                    agent.start(wait_for_pipelines=False)
                    self.check(agent, run_id, figures)
        self.conclude(figures)

    def killed_at(self, agent, syscall, number, figures):
        """One run, the agent killed as one of its threads enters its n-th `syscall`. False: it made fewer."""
        agent.stop()
        plain = agent.program
        agent.program = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={syscall}",
                         "-e", f"inject={syscall}:signal=SIGKILL:when={number}", *plain]
        agent.spawn()
        agent.program = plain
        delivery = f"{syscall}-{number}-{time.monotonic_ns()}"

        def has_ended():
            return agent.process.poll() is not None

        def accepted():
            try:
                status, answer = agent.hook("p", f'{{"n": "{delivery}"}}', delivery=delivery)
            except UNANSWERED:
                return None
            return answer["run_id"] if status == 202 else None

        run_id = wait_for("a run or the agent's end", lambda: has_ended() or accepted())
        wait_for("the agent's end or the run's", lambda: has_ended() or self.is_removed(agent, run_id))
        killed = has_ended()
        if not killed:  # strace outlives a signal of its own, not its child's
            pid = agent.process.pid
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                os.kill(int(file.read().split()[0]), signal.SIGKILL)
            agent.process.wait()
        agent.start(wait_for_pipelines=False)
        self.check(agent, wait_for("the delivery's run", accepted), figures)
        return killed

    def is_removed(self, agent, run_id):
        try:
            run = agent.run(run_id)
        except UNANSWERED:
            return False
        return run["status"] == "failed" and not agent.containers()

    def test_killed_at_each_commit_of_an_attempts_life(self):
        figures = Figures("F7 store")
        agent = self.agent(PIPELINE).start()
        number, alive = 0, 0
        # The numbers are each thread's own. Each try is a restart, and the run before is part of what it does.
        while alive < rounds(1) and number < 100:
            number += 1
            with self.subTest(f"sync {number}"):
                alive += not self.killed_at(agent, "fdatasync", number, figures)
        figures.more["syncs"] = number - alive
        self.assertGreater(number, 3, "strace killed nothing")
        self.conclude(figures)


if __name__ == "__main__":
    unittest.main()
