"""F4: more history than state.max_size holds.

The store makes room from the oldest runs that have ended; what is left stays readable, the agent goes on accepting, and
a run goes only after its end was seen.
"""

import time
import unittest

from fixture import FINAL, Deliveries, FaultCase, Figures, all_runs, rounds, wait_for_no_containers

# 400 KB of text that hardly compresses: some twenty runs are more than the whole map.
PIPELINES = {"p.yaml": """
name: p
triggers: [{webhook: {path: h, secret: [hook]}}]
tasks: [{id: a, image: "{image}", command: "head -c 300000 /dev/urandom | base64; echo the end"}]
"""}
MAX_SIZE = "max_size: 8m"
WAVE = 4


class MapFull(FaultCase):
    def send_wave(self, agent, deliveries, figures):
        """WAVE deliveries, sent again where they are refused for now, as a sender does; and their ends."""
        run_ids = []
        for _ in range(WAVE):
            deliveries.sent += 1
            delivery = f"d-{deliveries.sent}"
            deadline = time.monotonic() + 60
            while deliveries.send(delivery) != 202:
                figures.more["refused for now"] += 1
                self.assertLess(time.monotonic(), deadline, "nothing was accepted any more for 60 s")
                time.sleep(0.2)
            run_ids.append(deliveries.accepted[delivery])
        return [agent.finished(run_id) for run_id in run_ids]

    def test_old_runs_give_way_and_the_rest_is_readable(self):
        more = {"refused for now": 0, "pruned": 0, "kept": 0, "log said to be incomplete": 0}
        figures = Figures("F4", more=more)
        agent = self.agent(PIPELINES, state=MAX_SIZE).start()
        deliveries, ended = Deliveries(agent, "h"), []
        for _ in range(rounds(12)):
            for run in self.send_wave(agent, deliveries, figures):
                self.assertEqual(run["status"], "success", run)
                ended.append(run["id"])
            figures.tries += 1
        history = [run["id"] for run in all_runs(agent)]
        for run_id in history:
            run = agent.run(run_id)
            self.assertIn(run["status"], FINAL)
            status, text = agent.request("GET", f"/api/v1/runs/{run_id}/tasks/a/logs")
            self.assertEqual(status, 200, text)
            if run["tasks"][0]["attempts"][-1]["log_incomplete"]:
                figures.more["log said to be incomplete"] += 1
            else:
                self.assertTrue(text.endswith("the end\n"), f"run {run_id}: {len(text)} bytes, {text[-200:]}")
        gone = set(ended) - set(history)
        figures.accepted, figures.more["pruned"], figures.more["kept"] = len(ended), len(gone), len(history)
        # Only the oldest: whatever is newer than a run that was kept was kept as well.
        oldest_kept = min(map(int, history), default=0)
        figures.lost = sum(int(run_id) > oldest_kept for run_id in gone) + len(deliveries.contradictions)
        figures.doubled = len(history) - len(set(history))
        figures.orphans = wait_for_no_containers(agent)
        self.conclude(figures)
        self.assertGreater(figures.more["pruned"], 0, "the map never was full; send more")
        self.assertGreater(figures.more["kept"], WAVE)


if __name__ == "__main__":
    unittest.main()
