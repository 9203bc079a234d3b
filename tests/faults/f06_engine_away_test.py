"""F6: the engine killed, restarted, frozen, with and without live-restore, while tasks run and hooks arrive.

What is true can be told afterwards without the engine, for each task says so itself: `liar` always exits with 7, so
that a success of it is a lie; `worker` prints its last line before it exits with 0; `talker` numbers its lines, so
that a gap or a repetition shows; `long` is under way at each fault, says 0 when it is told to end, and never
succeeds. All print a random number first, which a second container of the attempt would print too.
"""

import json
import socket
import threading
import time
import unittest

from fixture import (UNANSWERED, Deliveries, FaultCase, Figures, audit, rounds, seconds, wait_for,
                     wait_for_no_containers, wait_until_idle)
from harness import UnixConnection, engine_filter

LONG_S = 14  # longer than any fault takes to begin
WHO = 'echo "start $(cat /proc/sys/kernel/random/uuid)"'
PIPELINES = {f"{name}.yaml": f"""
name: {name}
triggers: [{{webhook: {{path: {name}, secret: [hook]}}}}]
tasks:
  - id: a
    image: "{{image}}"
    memory: 32m
    command: |
      {WHO}
      {body}
""" for name, body in {
    "liar": "sleep 1; echo end; exit 7",
    "worker": "sleep 1; echo end",
    "talker": "n=0; while [ $n -lt 40 ]; do n=$((n + 1)); echo $n; sleep 0.05; done; echo end",
    "long": f"trap 'exit 0' TERM; n=0; while [ $n -lt {LONG_S} ]; do n=$((n + 1)); echo $n; sleep 1; done; echo end; exit 7",
}.items()}
# Of a task that the engine's own start or stop killed: SIGKILL, SIGTERM.
KILLED = (137, 143)
NEVER_SUCCEED = ("liar", "long")


class Prober:
    """How long the API takes to answer, asked all the while."""

    def __init__(self, agent):
        self.agent, self.milliseconds, self.failed = agent, [], 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._stop.wait(0.02):
            for path in ("/api/v1/status", "/api/v1/runs?limit=20"):
                began = time.monotonic()
                try:
                    status = self.agent.request("GET", path)[0]
                except UNANSWERED:
                    status = None
                self.milliseconds.append((time.monotonic() - began) * 1000)
                self.failed += status != 200

    def stop(self):
        self._stop.set()
        self._thread.join()

    def percentile(self, part):
        return round(sorted(self.milliseconds)[int(part * (len(self.milliseconds) - 1))], 1)


class StartCounter:
    """Listens to the engine's events, for one that is restarted remembers none. starts: {container name: number}."""

    def __init__(self, engine_socket):
        self.engine_socket, self.starts = engine_socket, {}
        self._connection = UnixConnection(engine_socket)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._stop.is_set():
            self._connection = UnixConnection(self.engine_socket)
            self._connection.timeout = None
            try:
                self._connection.request("GET", "/events?" + engine_filter(type=["container"], event=["start"]))
                answer = self._connection.getresponse()
                while line := answer.readline():
                    name = json.loads(line)["Actor"]["Attributes"]["name"]
                    self.starts[name] = self.starts.get(name, 0) + 1
            except UNANSWERED:
                pass
            finally:
                self._connection.close()
            self._stop.wait(0.02)

    def stop(self):
        self._stop.set()
        if self._connection.sock:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()


class EngineAway(FaultCase):
    maxDiff = None

    def judge(self, agent, runs):
        """What the history says against what the tasks said. The number of each status and reason."""
        found, lies = {}, []
        for run in runs:
            run = agent.run(run["id"])
            task = self.task(run, "a")
            for attempt in task["attempts"]:
                key = attempt["status"] + ("/" + attempt["reason"] if attempt["reason"] else "")
                found[key] = found.get(key, 0) + 1
                found["log_incomplete"] = found.get("log_incomplete", 0) + attempt["log_incomplete"]
                text = agent.log_text(run["id"], "a")
                lies += [(run["id"], run["pipeline"], lie, attempt, text)
                         for lie in self.lies(run, attempt, text.splitlines())]
        self.assertEqual(lies, [])
        return found

    @staticmethod
    def lies(run, attempt, lines):
        succeeded = attempt["status"] == "success"
        if succeeded and run["pipeline"] in NEVER_SUCCEED:
            yield "success of a task that cannot succeed"
        true_codes = (7, *KILLED) if run["pipeline"] in NEVER_SUCCEED else KILLED
        if attempt["reason"] == "exit_code" and attempt["exit_code"] not in true_codes:
            yield "an exit code that it never had"
        if sum(line.startswith("start ") for line in lines) > 1:
            yield "two containers of one attempt"
        cut_off = attempt["started_at"] and lines[-1:] != ["end"]
        if attempt["reason"] == "lost" and cut_off and not attempt["log_incomplete"]:
            yield "output known to be incomplete that is not marked"
        if attempt["log_incomplete"]:
            return
        if (succeeded or attempt["exit_code"] == 7) and lines[-1:] != ["end"]:
            yield "an end whose last line is missing"
        numbers = [int(line) for line in lines if line.isdigit()]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"lines missing or repeated: {numbers}"

    def under_load(self, faults, live_restore):
        """Tasks run and hooks arrive, before, while and after each fault, which leaves the engine running."""
        engine = self.second_engine(live_restore=live_restore)
        agent = self.agent(PIPELINES, engine_socket=engine.socket, workers=6).start()
        counter = StartCounter(engine.socket)
        self.addCleanup(counter.stop)
        figures = Figures(f"F6{' live-restore' if live_restore else ''}")
        prober = Prober(agent)
        sender = Deliveries(agent, "worker", pause_s=0.7).start()
        accepted = {}
        for number in range(rounds(1) * len(faults)):
            for path in ("long", "talker", "liar"):
                run_id = agent.hook(path, f'{{"n": {number}}}')[1]["run_id"]
                accepted[f"{path} {number}"] = run_id
                wait_for("its first line", lambda run_id=run_id: self.has_begun(agent, run_id))
            sent = sender.sent
            faults[number % len(faults)](engine)
            figures.tries += 1
            wait_for("deliveries afterwards", lambda sent=sent: sender.sent > sent + 3)
        sender.stop()
        sender.repeat_open()
        runs = wait_until_idle(agent)
        prober.stop()
        figures.orphans = wait_for_no_containers(agent)
        audit(figures, accepted | sender.accepted, runs)
        figures.doubled += sum(starts - 1 for starts in counter.starts.values())
        figures.more["starts seen"] = sum(counter.starts.values())
        figures.more.update(self.judge(agent, runs))
        figures.more.update({"API p99 ms": prober.percentile(0.99), "API failures": prober.failed})
        self.assertEqual(prober.failed, 0)
        self.conclude(figures)

    def has_begun(self, agent, run_id):
        return self.task(agent.run(run_id), "a")["started_at"] and agent.log_text(run_id, "a")

    @staticmethod
    def kill(engine):
        engine.kill()
        time.sleep(seconds(1))
        engine.start()

    @staticmethod
    def restart(engine):
        engine.stop()
        engine.start()

    @staticmethod
    def freeze(engine):
        engine.pause()
        time.sleep(seconds(3))
        engine.resume()
        wait_for("the engine", engine.answers)

    def test_killed_restarted_and_frozen(self):
        self.under_load([self.kill, self.restart, self.freeze], live_restore=False)

    def test_killed_restarted_and_frozen_with_live_restore(self):
        self.under_load([self.kill, self.restart, self.freeze], live_restore=True)


if __name__ == "__main__":
    unittest.main()
