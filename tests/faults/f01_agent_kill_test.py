"""F1: SIGKILL of the agent at random moments, with hooks and cron ticks arriving and tasks running.

Half of the kills hit an agent that works, half one that is still starting: recovery has to stand being killed too.
A delivery that a kill left without an answer is sent again with its id, as a sender would.
"""

import time
import unittest

from fixture import (Deliveries, FaultCase, Figures, StartWatch, audit, rounds, seeded, wait_for_no_containers,
                     wait_until_idle)

PIPELINES = {
    "hook.yaml": """
name: hook
triggers: [{webhook: {path: h, secret: [hook]}}]
defaults: {image: "{image}"}
tasks:
  - {id: first, command: "sleep 0.3"}
  - {id: second, command: "echo done", depends_on: [first]}
""",
    "tick.yaml": """
name: tick
triggers: [{cron: "@every 2s", catchup: latest}]
tasks: [{id: a, image: "{image}", command: "true"}]
"""}


class AgentKill(FaultCase):
    def start_and_time(self, agent):
        """Milliseconds from exec to ready."""
        began = time.perf_counter()
        agent.start(wait_for_pipelines=False)
        return (time.perf_counter() - began) * 1000

    def kill_at_random(self, agent, random, figures):
        if random.random() < 0.5:
            agent.spawn()
            time.sleep(random.uniform(0, 0.3))  # the moment of the fault, not a wait for anything
        else:
            taken = self.start_and_time(agent)
            figures.more["slowest start ms"] = max(figures.more["slowest start ms"], round(taken))
            time.sleep(random.uniform(0, 2.5))
        agent.kill()
        figures.tries += 1

    def test_nothing_is_lost_doubled_or_left_behind(self):
        figures, random = Figures("F1", more={"slowest start ms": 0}), seeded("F1")
        agent = self.agent(PIPELINES, state="keep: {runs_per_pipeline: 1000000}").start()
        watch = StartWatch(agent)
        deliveries = Deliveries(agent, "h", pause_s=0.2).start()
        agent.kill()
        for _ in range(rounds(16)):
            self.kill_at_random(agent, random, figures)
        self.start_and_time(agent)
        deliveries.stop()
        deliveries.repeat_open()
        agent.commit({"tick.yaml": None})
        agent.cli("sync", "fleet", "--wait")
        runs = wait_until_idle(agent)
        figures.orphans = wait_for_no_containers(agent)
        restarted = watch.close()
        audit(figures, deliveries.accepted, runs, ticks=["tick"])
        figures.doubled += len(restarted) + len(deliveries.contradictions)
        figures.more["not success"] = sum(run["status"] != "success" for run in runs)
        self.conclude(figures)
        self.assertEqual(restarted, {})
        self.assertEqual(sum(run["pipeline"] == "hook" for run in runs), deliveries.sent)
        self.assertGreater(figures.more["ticks"], 0)
        self.assertEqual([run for run in runs if run["status"] != "success"], [])


if __name__ == "__main__":
    unittest.main()
