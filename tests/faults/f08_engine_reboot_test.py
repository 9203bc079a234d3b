"""F8: the host was rebooted while tasks ran: the agent finds another boot id than the one they were started under.

The second agent sees a boot id of the test's making, in a mount namespace of its own. The containers it finds were
ended by `docker stop`, and some of them exited with 0 for it, as an engine reports of tasks that a reboot cut off: it
is not believed.
"""

import os
import tempfile
import unittest
import uuid

from fixture import FaultCase, Figures, engine, rounds, wait_for, wait_for_no_containers
from harness import PAWL

BOOT_ID = "/proc/sys/kernel/random/boot_id"
# Once is not told from the first start: what a second attempt does shows that it was one.
PIPELINES = {"once.yaml": """
name: once
tasks:
  - id: a
    image: "{image}"
    command: "trap 'exit 0' TERM; echo begun; n=0; while [ $n -lt 3000 ]; do sleep 0.1; n=$((n + 1)); done"
  - {id: after, image: "{image}", depends_on: [a], command: "echo never"}
""", "again.yaml": """
name: again
tasks:
  - id: a
    image: "{image}"
    command: |
      if [ "$PAWL_ATTEMPT" = 2 ]; then echo second; exit 0; fi
      trap 'exit 0' TERM; echo first; n=0; while [ $n -lt 3000 ]; do sleep 0.1; n=$((n + 1)); done
    retries: {limit: 1, delay: 100ms, on: [lost]}
""", "other.yaml": """
name: other
tasks:
  - id: a
    image: "{image}"
    command: "if [ \\"$PAWL_ATTEMPT\\" = 2 ]; then exit 0; fi; sleep 300"
    retries: {limit: 1, delay: 100ms, on: [failed]}
""", "waiting.yaml": """
name: waiting
tasks: [{id: a, image: "{image}", command: "echo ran"}]
"""}


class Reboot(FaultCase):
    def rebooted(self):
        """The command that a pawl after another boot is started by."""
        file = tempfile.NamedTemporaryFile("w", prefix="pawl-boot-id-", encoding="ascii")
        self.addCleanup(file.close)
        file.write(f"{uuid.uuid4()}\n")
        file.flush()
        return ["unshare", "--mount", "sh", "-c", f'mount --bind "$1" {BOOT_ID} && shift && exec "$@"', "sh",
                file.name, PAWL]

    def test_what_ran_before_a_reboot_is_lost_and_follows_its_retry_rule(self):
        figures = Figures("F8")
        agent = self.agent(PIPELINES, workers=3).start()
        for _ in range(rounds(1)):
            self.one_reboot(agent, figures)
        self.conclude(figures)

    def one_reboot(self, agent, figures):
        names = ("once", "again", "other")
        runs = {name: agent.trigger(name) for name in names}
        wait_for("three tasks that run", lambda: all(
            self.task(agent.run(run_id), "a")["started_at"] for run_id in runs.values()))
        wait_for("their first lines", lambda: all(
            agent.log_text(runs[name], "a") for name in ("once", "again")))
        runs["waiting"] = agent.trigger("waiting")  # all three workers are busy
        agent.kill()
        for container in agent.containers():
            engine("POST", f"/containers/{container['Id']}/stop?t=1")
        codes = {engine("GET", f"/containers/{c['Id']}/json")[1]["State"]["ExitCode"] for c in agent.containers()}
        self.assertIn(0, codes, "the engine reports no exit code 0 that could be believed")
        plain, agent.program = agent.program, self.rebooted()
        agent.start(wait_for_pipelines=False)
        found = {name: agent.finished(run_id) for name, run_id in runs.items()}
        figures.tries += 1
        figures.accepted += len(runs)
        self.check(agent, found, runs)
        figures.orphans += wait_for_no_containers(agent)
        # The next boot finds nothing of the last one.
        agent.stop()
        agent.program = plain
        agent.start(wait_for_pipelines=False)
        self.assertEqual({name: agent.finished(run_id)["status"] for name, run_id in runs.items()},
                         {name: run["status"] for name, run in found.items()})

    def check(self, agent, found, runs):
        def attempts(name):
            return [(attempt["status"], attempt["reason"]) for attempt in self.task(found[name], "a")["attempts"]]
        self.assertEqual(attempts("once"), [("failed", "lost")], found["once"])
        self.assertEqual(found["once"]["status"], "failed")
        self.assertEqual(self.task(found["once"], "after")["status"], "skipped")
        self.assertEqual(attempts("again"), [("failed", "lost"), ("success", "")], found["again"])
        self.assertEqual(found["again"]["status"], "success")
        self.assertEqual(agent.log_text(runs["again"], "a"), "second\n")
        self.assertEqual(attempts("other"), [("failed", "lost")], found["other"])
        self.assertEqual(attempts("waiting"), [("success", "")], found["waiting"])
        for name in ("once", "other", "again"):
            lost = self.task(found[name], "a")["attempts"][0]
            self.assertIn("host was restarted", lost["message"])
            self.assertIsNone(lost["exit_code"])


if __name__ == "__main__":
    unittest.main()
