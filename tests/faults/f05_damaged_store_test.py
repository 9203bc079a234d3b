"""F5: data.mdb cut off, or with bits turned over, at seeded places.

The agent starts all the same, and says so: whatever is missing or cannot be read is named, in the status's warnings, in
the log or in the answer itself.

What damage hits no record (free pages) shows nowhere, and need not. Never may a run be missing, or anything that is
answered be other than it was, without a word. One thing is counted only: a bit turned over in a record's key takes it
away from where it is looked for, and a run may then lack an attempt or a log, which no checksum tells.
"""

import os
import re
import shutil
import signal
import unittest

from fixture import UNANSWERED, Deliveries, FaultCase, Figures, rounds, seeded, wait_for, wait_until_idle

PIPELINES = {"log.yaml": """
name: log
triggers: [{webhook: {path: log, secret: [hook]}}]
tasks:
  - id: a
    image: "{image}"
    command: "for n in $(seq 300); do echo line $n $(head -c 12 /dev/urandom | base64); done"
""", "quick.yaml": """
name: quick
triggers: [{webhook: {path: quick, secret: [hook]}}]
tasks:
  - {id: a, image: "nowhere.invalid/x:1", command: "true"}
  - {id: b, image: "nowhere.invalid/x:1", command: "true", depends_on: [a]}
"""}
PAGE = 4096
DAMAGE_WORDS = re.compile(r"damage|corrupt|cut off|set aside|no store", re.IGNORECASE)


def without_attempts(detail):
    return {**detail, "tasks": [{**task, "attempts": None} for task in detail["tasks"]]}


def attempts_of(detail):
    return [attempt for task in detail["tasks"] for attempt in task["attempts"]]


class DamagedStore(FaultCase):
    def filled_agent(self):
        """A stopped agent with a history, a copy of its state, and what is in it."""
        agent = self.agent(PIPELINES).start()
        for path, count in (("log", 8), ("quick", 60)):
            deliveries = Deliveries(agent, path, prefix=path)
            for number in range(count):
                self.assertEqual(deliveries.send(f"{path}-{number}"), 202)
        self.errors = []
        ids = [run["id"] for run in wait_until_idle(agent)]
        whole = self.contents(agent, ids)
        agent.stop()
        pristine = agent.state_directory + ".whole"
        shutil.copytree(agent.state_directory, pristine)
        return agent, pristine, whole

    def contents(self, agent, ids):
        """{run id: (is it listed, its details, its log)}; None for what is answered with an error."""
        listing = self.answer(agent, "/api/v1/runs?limit=200")
        listed = None if listing is None else {run["id"] for run in listing["runs"]}
        found = {}
        for run_id in ids:
            place = f"/api/v1/runs/{run_id}"
            found[run_id] = (None if listed is None else run_id in listed, self.answer(agent, place),
                             self.answer(agent, place + "/tasks/a/logs"))
        return found

    def answer(self, agent, path):
        """None: an error, or a stream that broke off, which is how the API ends a log it cannot read on."""
        try:
            status, body = agent.request("GET", path)
        except UNANSWERED:
            return None
        if status != 200:
            self.errors.append(str(body))
        return body if status == 200 else None

    def damage(self, path, random):
        """Damages the file; what was done, for the message."""
        size = os.path.getsize(path)
        kind = random.choice(["cut", "bits", "bits", "page"])
        with open(path, "r+b") as file:
            if kind == "cut":
                place = random.randrange(2 * PAGE, size)
                file.truncate(place)
                return f"cut off at {place} of {size}"
            if kind == "page":
                place = random.randrange(2, size // PAGE) * PAGE
                file.seek(place)
                file.write(random.randbytes(PAGE))
                return f"the page at {place} overwritten"
            places = [random.randrange(2 * PAGE, size) for _ in range(random.choice([1, 1, 8, 64]))]
            for place in places:
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ (1 << random.randrange(8))]))
            return f"bits turned over at {places}"

    def start_damaged(self, agent, ids):
        """(contents or None where it does not start, what it says about damage)"""
        with open(agent.log, "w", encoding="utf-8"):
            pass
        found, warnings, self.errors = None, [], []
        agent.spawn()
        wait_for("the agent to be ready, or to end", lambda: agent.process.poll() is not None or agent.is_ready())
        if agent.process.poll() is None:
            found = self.contents(agent, ids)
            warnings = (self.answer(agent, "/api/v1/status") or {"warnings": []})["warnings"]
            agent.kill()
        with open(agent.log, encoding="utf-8", errors="replace") as file:
            return found, warnings + [line for line in [*file, *self.errors] if DAMAGE_WORDS.search(line)]

    def compare(self, had, found):
        """What became of a run: 'whole', 'missing' (it, its details or its log), 'lacking' (parts), or 'other'."""
        listed, detail, log = found
        if not listed or detail is None or log is None:
            return "missing"
        if (detail, log) == had[1:]:
            return "whole"
        lines = iter(had[2].splitlines())
        is_part = without_attempts(detail) == without_attempts(had[1]) and all(
            attempt in attempts_of(had[1]) for attempt in attempts_of(detail)) and all(
            line in lines for line in log.splitlines())
        return "lacking" if is_part else "other"

    def test_damage_is_named_and_the_agent_starts(self):
        figures = Figures("F5", more={"missing": 0, "said so": 0, "lacking unsaid": 0, "silent": 0, "ended": 0})
        random, problems = seeded("F5"), []
        agent, pristine, whole = self.filled_agent()
        figures.accepted = len(whole)
        for _ in range(rounds(24)):
            shutil.rmtree(agent.state_directory)
            shutil.copytree(pristine, agent.state_directory)
            done = self.damage(os.path.join(agent.state_directory, "data.mdb"), random)
            found, words = self.start_damaged(agent, list(whole))
            figures.tries += 1
            figures.more["said so"] += bool(words)
            if found is None or agent.process.returncode != -signal.SIGKILL:
                figures.more["ended"] += 1
                problems.append(f"{done}: it ended with {agent.process.returncode}: {words}")
                continue
            became = [self.compare(had, found[run_id]) for run_id, had in whole.items()]
            figures.more["missing"] += became.count("missing")
            if not words:
                figures.more["lacking unsaid"] += became.count("lacking")
                if "other" in became or "missing" in became:
                    figures.more["silent"] += 1
                    problems.append(f"{done}: {became}, without a word")
        self.conclude(figures)
        self.assertFalse(problems, "\n".join(problems))
        self.assertGreater(figures.more["said so"], 0)


if __name__ == "__main__":
    unittest.main()
