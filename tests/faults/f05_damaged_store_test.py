"""F5: data.mdb cut off, or with bits turned over, at seeded places.

The agent starts all the same, and says so: whatever is missing or cannot be read is named, in the status's warnings, in
the log or in the answer itself.

What damage hits no record (free pages) shows nowhere, and need not. Never may a history be shorter, or a run or a log
other than it was, without a word.
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

    def compare(self, whole, found, figures):
        """How many runs and logs are not to be had, or are other than they were."""
        different = 0
        for run_id, had in whole.items():
            listed, detail, log = found[run_id]
            missing = not listed or detail is None or log is None
            other = (detail not in (None, had[1])) or (log not in (None, had[2]))
            figures.more["missing"] += missing
            figures.more["other"] += other
            different += missing or other
        return different

    def test_damage_is_named_and_the_agent_starts(self):
        figures = Figures("F5", more={"missing": 0, "other": 0, "said so": 0, "silent": 0, "no start": 0, "crash": 0})
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
                figures.more["no start" if found is None else "crash"] += 1
                problems.append(f"{done}: it ended with {agent.process.returncode}: {words}")
            elif (different := self.compare(whole, found, figures)) and not words:
                figures.more["silent"] += 1
                problems.append(f"{done}: {different} runs are not as they were, without a word")
        self.conclude(figures)
        self.assertFalse(problems, "\n".join(problems))
        self.assertGreater(figures.more["said so"], 0)


if __name__ == "__main__":
    unittest.main()
