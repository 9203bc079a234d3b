"""F9: the clock an hour ahead and back, ten years ahead and back, and not yet synchronised at a start.

The agent is pawl-testclock: the same archives with a wall clock whose distance from the host's is read from a file.
"""

import datetime
import os
import time
import unittest

from fixture import FaultCase, Figures, all_runs, rounds, wait_for, wait_for_no_containers, wait_until_idle

TESTCLOCK = os.environ.get("PAWL_TESTCLOCK") or os.path.join(
    os.path.dirname(__file__), "..", "..", "build", "release", "tests", "faults", "testclock", "pawl-testclock")
HOUR_MS = 3_600_000
TEN_YEARS_MS = 3652 * 24 * HOUR_MS
PIPELINES = {f"{name}.yaml": f"""
name: {name}
triggers: [{{{trigger}}}]
tasks: [{{id: a, image: "{{image}}", command: "true"}}]
""" for name, trigger in {
    "seconds": 'cron: "*/2 * * * * *", seconds: true',
    "interval": 'cron: "@every 2s"',
    "hours": 'cron: "0 * * * *"',
    "all": 'cron: "*/10 * * * *", catchup: all',
    "manual": "webhook: {path: manual, secret: [hook]}",
}.items()}


class Clock(FaultCase):
    def setUp(self):
        self.assertTrue(os.path.exists(TESTCLOCK), f"{TESTCLOCK} is not built")
        self.offset_ms, self.figures = 0, Figures("F9")

    def make_agent(self):
        agent = self.agent(PIPELINES, program=[TESTCLOCK])
        self.file = os.path.join(agent.directory, "clock")
        os.environ["PAWL_TEST_CLOCK"] = self.file
        self.addCleanup(os.environ.pop, "PAWL_TEST_CLOCK", None)
        return agent

    def set_clock(self, offset_ms, synchronised=True):
        self.offset_ms = offset_ms
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(f"{offset_ms} {int(synchronised)}\n")
        os.rename(self.file + ".new", self.file)

    def now(self):
        """What the agent takes for the time, as the API writes it."""
        at = datetime.datetime.fromtimestamp(time.time() + self.offset_ms / 1000, datetime.timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"

    def half_past(self):
        """The offset that makes it half past an hour, so that no hour begins by itself meanwhile."""
        return (HOUR_MS // 2 - int(time.time() * 1000)) % HOUR_MS + 24 * HOUR_MS

    def ticks(self, agent, pipeline):
        return [run["trigger"]["scheduled_at"] for run in all_runs(agent) if run["pipeline"] == pipeline]

    def wait_for_ticks(self, agent, after, what):
        """Both fast schedules go on: two ticks of each later than `after`, whatever was before."""
        known = {name: set(self.ids(agent, name)) for name in ("seconds", "interval")}
        for name, before in known.items():
            wait_for(f"{name} to go on {what}", lambda name=name, before=before: sum(
                run["id"] not in before and run["pipeline"] == name and run["trigger"]["scheduled_at"] > after
                for run in all_runs(agent)) >= 2)

    def ids(self, agent, pipeline):
        return [run["id"] for run in all_runs(agent) if run["pipeline"] == pipeline]

    def jump(self, agent, by_ms, what):
        """Sets the clock and waits until scheduling has gone on. What each slow schedule ran for it."""
        slow = {name: set(self.ids(agent, name)) for name in ("hours", "all")}
        seconds = set(self.ids(agent, "seconds"))
        left = self.now()
        self.set_clock(self.offset_ms + by_ms)
        came = self.now()
        self.wait_for_ticks(agent, came, what)
        self.figures.tries += 1
        skipped = [run for run in all_runs(agent) if run["pipeline"] == "seconds" and run["id"] not in seconds
                   and left < run["trigger"]["scheduled_at"] < came]
        # One tick of the time that was jumped over, and one that fell due between two looks of ours.
        self.assertLessEqual(len(skipped), 2, skipped)
        return {name: [run["trigger"]["scheduled_at"] for run in all_runs(agent)
                       if run["pipeline"] == name and run["id"] not in before] for name, before in slow.items()}

    def count_doubles(self, agent):
        for name in ("seconds", "hours", "all"):
            ticks = self.ticks(agent, name)
            self.figures.doubled += len(ticks) - len(set(ticks))
            self.assertEqual(len(ticks), len(set(ticks)), f"{name}: {sorted(ticks)}")

    def test_jumps_in_both_directions(self):
        agent = self.make_agent()
        self.set_clock(self.half_past())
        agent.start()
        self.wait_for_ticks(agent, self.now(), "at first")
        for number in range(rounds(1)):
            if number > 0:  # to hours that have not been
                self.jump(agent, 24 * HOUR_MS, "on the next day")
            self.hour_and_back(agent)
            self.ten_years_and_back(agent)
        self.count_doubles(agent)
        agent.commit({f"{name}.yaml": None for name in ("seconds", "interval", "hours", "all")})
        agent.cli("sync", "fleet", "--wait")
        self.figures.accepted = len(wait_until_idle(agent))
        self.figures.orphans = wait_for_no_containers(agent)
        self.conclude(self.figures)

    def hour_and_back(self, agent):
        ran = self.jump(agent, HOUR_MS, "after an hour was jumped over")
        self.assertEqual({name: len(ticks) for name, ticks in ran.items()}, {"hours": 1, "all": 1}, ran)
        ran = self.jump(agent, -HOUR_MS, "after the clock was set back an hour")
        self.assertEqual(ran, {"hours": [], "all": []})
        ran = self.jump(agent, HOUR_MS, "in the hour that comes again")
        self.assertEqual(ran, {"hours": [], "all": []})
        self.jump(agent, -HOUR_MS, "after the clock was set back again")

    def ten_years_and_back(self, agent):
        before = {run["id"] for run in all_runs(agent)}
        ran = self.jump(agent, TEN_YEARS_MS, "after ten years")
        self.assertEqual({name: len(ticks) for name, ticks in ran.items()}, {"hours": 1, "all": 1}, ran)
        self.assertEqual(before - {run["id"] for run in all_runs(agent)}, set(), "the history was wiped")
        ran = self.jump(agent, -TEN_YEARS_MS, "after ten years were taken back")
        self.assertEqual(ran, {"hours": [], "all": []})
        self.assertEqual(before - {run["id"] for run in all_runs(agent)}, set(), "the history was wiped")

    def test_a_clock_that_is_behind_the_store_is_not_trusted_until_it_is_synchronised(self):
        self.figures.row = "F9 unsynchronised"
        agent = self.make_agent()
        self.set_clock(self.half_past())
        agent.start()
        self.wait_for_ticks(agent, self.now(), "at first")
        agent.kill()
        self.set_clock(self.offset_ms - 12 * HOUR_MS, synchronised=False)
        agent.start(wait_for_pipelines=False)
        behind = self.now()
        # Two runs by hand, one after the other, are the time in which ticks would have come.
        for _ in range(2):
            agent.finished(agent.trigger("manual"))
            time.sleep(2)
        ticked = [run for run in all_runs(agent)
                  if run["trigger"]["kind"] == "cron" and behind <= run["created_at"] <= self.now()]
        self.assertEqual(ticked, [], "cron ran by a clock that was not to be trusted")
        self.set_clock(self.offset_ms, synchronised=True)
        self.wait_for_ticks(agent, behind, "once the clock was synchronised")
        self.figures.tries += 1
        self.count_doubles(agent)
        self.conclude(self.figures)


if __name__ == "__main__":
    unittest.main()
