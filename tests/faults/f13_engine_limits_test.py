"""F13: the agent out of memory (killed by the kernel; refused more), with 64 file descriptors; a task out of memory."""

import collections
import json
import os
import resource
import socket
import threading
import unittest
import uuid

from fixture import (UNANSWERED, Deliveries, FaultCase, Figures, audit, rounds, wait_for, wait_for_no_containers,
                     wait_until_idle)
from harness import PAWL

PIPELINES = {"work.yaml": """
name: work
triggers: [{webhook: {path: work, secret: [hook]}}]
tasks: [{id: a, image: "{image}", memory: 32m, command: "echo begun; sleep 0.3; echo end"}]
""", "hungry.yaml": """
name: hungry
tasks:
  - {id: a, image: "{image}", memory: 16m, command: "echo begun; tail /dev/zero"}
  - {id: b, image: "{image}", memory: 16m, command: "sleep 0.5; echo end"}
"""}
GROUPS = "/sys/fs/cgroup"
ENOUGH_BYTES = 512 << 20


class MemoryGroup:
    """A memory cgroup of our own, of version 1 or 2."""

    def __init__(self):
        first = os.path.isfile(f"{GROUPS}/memory/memory.limit_in_bytes")
        self.path = f"{GROUPS}/{'memory/' if first else ''}pawl-test-{uuid.uuid4().hex[:8]}"
        os.mkdir(self.path)
        self.limit_file = f"{self.path}/{'memory.limit_in_bytes' if first else 'memory.max'}"
        self.set(ENOUGH_BYTES)

    def set(self, limit_bytes):
        with open(self.limit_file, "w", encoding="ascii") as file:
            file.write(str(limit_bytes))

    def squeeze(self, pid):
        """A limit little above what the process cannot give back."""
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            held = next(int(line.split()[1]) << 10 for line in file if line.startswith("RssAnon"))
        for spare in range(1 << 20, ENOUGH_BYTES, 1 << 20):
            try:
                return self.set(held + spare)
            except OSError:  # version 1 refuses what it cannot reach
                continue

    def program(self):
        return ["sh", "-c", f'echo $$ > "{self.path}/cgroup.procs" && exec "$@"', "sh", PAWL]

    def close(self):
        def removed():
            try:
                os.rmdir(self.path)
            except OSError:
                return False
            return True
        wait_for("the memory group to be empty", removed)


class Supervisor:
    """Starts the agent again whenever it ended, as systemd would. deaths: how often it was needed."""

    def __init__(self, agent):
        self.agent, self.deaths = agent, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._stop.wait(0.05):
            if self.agent.process.poll() is not None:
                self.deaths += 1
                self.agent.spawn()

    def stop(self):
        self._stop.set()
        self._thread.join()


class LargeRequests:
    """Many clients at once, each with a body as large as is allowed: memory that the agent has to find."""

    def __init__(self, agent, clients=24):
        self.agent, self.answers = agent, collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _work(self):
        body = json.dumps({"ballast": "x" * 1_000_000})
        while not self._stop.is_set():
            try:
                self.answers[self.agent.hook("work", body, secret="wrong")[0]] += 1
            except UNANSWERED:
                self.answers["none"] += 1
                self._stop.wait(0.05)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


class Limits(FaultCase):
    def answers(self, agent):
        try:
            return agent.request("GET", "/readyz")[0] == 200
        except UNANSWERED:
            return False

    def conclude_load(self, agent, figures, sender):
        """After the pressure: every accepted delivery has its run, and the agent answers and works as ever."""
        wait_for("the agent to answer again", lambda: self.answers(agent))
        sender.stop()
        sender.repeat_open()
        runs = wait_until_idle(agent)
        audit(figures, sender.accepted, runs)
        figures.orphans = wait_for_no_containers(agent)
        failed = [agent.run(run["id"]) for run in runs if run["status"] != "success"]
        self.assertEqual(failed, [])
        agent.cli("sync", "fleet", "--wait")
        run = agent.finished(agent.trigger("work"))
        self.assertEqual(agent.log_text(run["id"], "a"), "begun\nend\n")
        self.conclude(figures)

    def test_the_kernel_kills_the_agent_for_its_memory(self):
        figures = Figures("F13 memory")
        group = MemoryGroup()
        self.addCleanup(group.close)
        agent = self.agent(PIPELINES, program=group.program()).start()
        sender = Deliveries(agent, "work", pause_s=0.3).start()
        supervisor = Supervisor(agent)
        for number in range(1, rounds(2) + 1):
            wait_for("a task that runs", lambda: self.answers(agent) and agent.get("/runs?status=running")["runs"])
            group.squeeze(agent.process.pid)
            load = LargeRequests(agent)
            wait_for("the kernel to end the agent", lambda number=number: supervisor.deaths >= number)
            load.stop()
            group.set(ENOUGH_BYTES)
            figures.tries += 1
            wait_for("the agent to answer again", lambda: self.answers(agent))
        supervisor.stop()
        figures.more["killed by the kernel"] = supervisor.deaths
        self.conclude_load(agent, figures, sender)

    def test_malloc_refuses(self):
        figures = Figures("F13 address space")
        agent = self.agent(PIPELINES, state="max_size: 64m").start()
        sender = Deliveries(agent, "work", pause_s=0.3).start()
        supervisor = Supervisor(agent)
        answers = collections.Counter()
        for _ in range(rounds(2)):
            wait_for("a task that runs", lambda: self.answers(agent) and agent.get("/runs?status=running")["runs"])
            # Less than it has: whatever would make it larger is refused from now on.
            limited = agent.process
            resource.prlimit(limited.pid, resource.RLIMIT_AS, (1 << 20, resource.RLIM_INFINITY))
            load = LargeRequests(agent)
            sent = sender.sent
            wait_for("deliveries meanwhile", lambda sent=sent: sender.sent > sent + 5)
            pulled = agent.cli("sync", "fleet", "--wait", check=False).stdout
            # One that died of the limit has a successor by now, which has none.
            if agent.process is limited and limited.poll() is None:
                self.assertIn("Cannot allocate memory", pulled)
            load.stop()
            answers += load.answers
            if agent.process.poll() is None:
                resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
            figures.tries += 1
            wait_for("the agent to answer again", lambda: self.answers(agent))
        supervisor.stop()
        figures.more.update({"deaths": supervisor.deaths, "answers": dict(answers)})
        self.conclude_load(agent, figures, sender)

    def test_64_file_descriptors(self):
        figures = Figures("F13 descriptors")
        agent = self.agent(PIPELINES, program=["prlimit", "--nofile=64", PAWL]).start()
        sender = Deliveries(agent, "work", pause_s=0.3).start()
        for _ in range(rounds(2)):
            clients = []
            for _ in range(60):
                for port in (agent.http_port, agent.hooks_port):
                    client = socket.create_connection(("127.0.0.1", port), timeout=5)
                    client.send(b"GET /healthz HTTP/1.1\r\n")
                    clients.append(client)
            sent = sender.sent
            wait_for("deliveries meanwhile", lambda sent=sent: sender.sent > sent + 5)
            for client in clients:
                client.close()
            figures.tries += 1
            wait_for("the agent to answer again", lambda: self.answers(agent))
        self.assertIsNone(agent.process.poll())
        self.conclude_load(agent, figures, sender)

    def test_a_task_that_runs_out_of_its_memory_is_oom(self):
        figures = Figures("F13 task")
        agent = self.agent(PIPELINES).start()
        for _ in range(rounds(3)):
            run = agent.finished(agent.trigger("hungry"))
            figures.tries += 1
            figures.accepted += 1
            self.assertEqual((self.task(run, "a")["status"], self.task(run, "a")["reason"]), ("failed", "oom"), run)
            self.assertEqual(agent.log_text(run["id"], "b"), "end\n")
        figures.orphans = wait_for_no_containers(agent)
        self.conclude(figures)


if __name__ == "__main__":
    unittest.main()
