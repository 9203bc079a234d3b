"""F3: the disk is full: the state's, by somebody else's file and by tasks' logs; and Docker's own root, apart.

While it is full no delivery may be accepted and then lost, the agent lives, and what is under way still gets a
recorded end (the store's ballast is for that). Once there is room again it heals by itself.
"""

import os
import time
import unittest

from fixture import (Deliveries, FaultCase, Figures, audit, rounds, seeded, wait_for, wait_for_no_containers,
                     wait_until_idle)

DISK_BYTES = 160 << 20
HOOK = """
name: hook
triggers: [{webhook: {path: h, secret: [hook]}}]
tasks: [{id: a, image: "{image}", command: "true"}]
"""
# It ends only when the test says so, by ending its container: no guess of how long a disk takes to fill.
WAITING = """
name: waiting
tasks: [{id: a, image: "{image}", command: "echo up; sleep 600", timeout: 1h}]
"""
# Hardly to be compressed: 3 MB of text for each of the tasks.
CHATTY = "name: chatty\ndefaults: {image: \"{image}\"}\ntasks:\n" + "".join(
    f'  - {{id: t{n}, command: "head -c 2300000 /dev/urandom | base64"}}\n' for n in range(6))


class DiskFull(FaultCase):
    def full_agent(self, pipelines, **options):
        disk = self.small_filesystem(DISK_BYTES)
        agent = self.agent(pipelines, state_directory=os.path.join(disk.path, "state"), **options).start()
        return disk, agent

    def deliver_until(self, deliveries, status, within_s=60):
        """Sends until one is answered so; seconds it took."""
        began = time.monotonic()
        while True:
            deliveries.sent += 1
            if deliveries.send(f"{deliveries.prefix}-{deliveries.sent}") == status:
                return time.monotonic() - began
            if time.monotonic() - began > within_s:
                found = {answer: len(all_of) for answer, all_of in deliveries.answers.items()}
                raise AssertionError(f"no {status} within {within_s} s; answers so far: {found}")
            time.sleep(0.05)

    def refused_while_full(self, deliveries, figures, count=20):
        """After the first 503 nothing is accepted while nobody frees space."""
        for _ in range(count):
            deliveries.sent += 1
            status = deliveries.send(f"{deliveries.prefix}-{deliveries.sent}")
            figures.more["202 while full"] += status == 202
        for _, headers in deliveries.answers[503]:
            self.assertIsNotNone(headers["Retry-After"])

    def end_container(self, agent, run_id):
        """Ends the waiting task from outside, as if it had come to its end."""
        def running():
            return [c for c in agent.containers() if c["State"] == "running" and c["Labels"]["dev.pawl.run"] == run_id]
        agent.engine("POST", f"/containers/{wait_for('the container', running)[0]['Id']}/kill")

    def conclude_disk(self, agent, deliveries, figures, runs):
        figures.orphans = wait_for_no_containers(agent)
        audit(figures, deliveries.accepted, runs)
        figures.doubled += len(deliveries.contradictions)
        self.conclude(figures)
        self.assertEqual(figures.more["202 while full"], 0)

    def test_the_disk_of_the_state(self):
        figures, random = Figures("F3 state", more={"202 while full": 0, "slowest heal s": 0}), seeded("F3 state")
        disk, agent = self.full_agent({"hook.yaml": HOOK, "waiting.yaml": WAITING})
        deliveries = Deliveries(agent, "h")
        for _ in range(rounds(2)):
            waiting = agent.trigger("waiting")
            wait_for("its task", lambda run=waiting: agent.run(run)["status"] == "running")
            disk.fill(leave=random.randrange(0, 256 << 10))
            self.deliver_until(deliveries, 503)
            self.refused_while_full(deliveries, figures)
            self.end_container(agent, waiting)
            run = agent.finished(waiting)
            self.assertEqual((run["status"], run["tasks"][0]["attempts"][0]["exit_code"]), ("failed", 137))
            self.assertGreater(disk.filled(), 0)
            disk.free()
            healed = self.deliver_until(deliveries, 202)
            figures.more["slowest heal s"] = max(figures.more["slowest heal s"], round(healed, 1))
            figures.tries += 1
        self.assertIsNone(agent.process.poll())
        self.conclude_disk(agent, deliveries, figures, wait_until_idle(agent))

    def test_logs_fill_it(self):
        figures = Figures("F3 logs", more={"202 while full": 0, "slowest heal s": 0})
        disk, agent = self.full_agent({"hook.yaml": HOOK, "chatty.yaml": CHATTY}, workers=6)
        deliveries = Deliveries(agent, "h")
        for _ in range(rounds(1)):
            disk.fill(leave=4 << 20)
            chatty = agent.trigger("chatty")
            self.deliver_until(deliveries, 503)
            run = agent.finished(chatty)
            self.assertTrue(all(task["status"] in ("success", "failed") for task in run["tasks"]), run)
            self.refused_while_full(deliveries, figures)
            disk.free()
            healed = self.deliver_until(deliveries, 202)
            figures.more["slowest heal s"] = max(figures.more["slowest heal s"], round(healed, 1))
            figures.tries += 1
        self.assertIsNone(agent.process.poll())
        self.conclude_disk(agent, deliveries, figures, wait_until_idle(agent))

    def test_the_disk_of_docker(self):
        figures = Figures("F3 docker", more={"202 while full": 0, "failed while full": 0})
        disk = self.small_filesystem(DISK_BYTES)
        second = self.second_engine(data_root=os.path.join(disk.path, "docker"))
        agent = self.agent({"hook.yaml": HOOK}, engine_socket=second.socket).start()
        deliveries = Deliveries(agent, "h")
        for _ in range(rounds(1)):
            self.deliver_until(deliveries, 202)
            wait_until_idle(agent)
            disk.fill()
            for _ in range(5):
                self.deliver_until(deliveries, 202)  # the store has room: accepting is right
            runs = wait_until_idle(agent)
            figures.more["failed while full"] += sum(run["status"] == "failed" for run in runs[:5])
            disk.free()
            self.deliver_until(deliveries, 202)
            newest = wait_until_idle(agent)[0]
            self.assertEqual(newest["status"], "success", newest)
            figures.tries += 1
        self.conclude_disk(agent, deliveries, figures, wait_until_idle(agent))


if __name__ == "__main__":
    unittest.main()
