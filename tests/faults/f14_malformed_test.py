"""F14: one malformed pipeline, one damaged stored row, one malformed delivery: set aside, named; all others go on."""

import os
import unittest
import uuid

from fixture import FaultCase, Figures, all_runs, rounds, wait_for_no_containers

GOOD = """
name: {name}
triggers: [{{webhook: {{path: {name}, secret: [hook]}}}}]
params: [{{name: mark, type: string, default: none}}]
tasks: [{{id: a, image: "{{image}}", command: "echo {name}"}}]
"""
MALFORMED = {
    "a cycle": 'name: bad\ntasks:\n  - {id: a, image: "{image}", depends_on: [b]}\n'
               '  - {id: b, image: "{image}", depends_on: [a]}\n',
    "no YAML": "name: bad\ntasks: [\n",
    "bytes": "\x00\x01\x02\n",
    "nesting": "[" * 2000,
    "an alias bomb": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: bad\ntasks: *c\n",
    "a name that is taken": 'name: one\ntasks: [{id: a, image: "{image}", command: "echo stolen"}]\n',
    "a bad cron": 'name: bad\ntriggers: [{cron: "61 * * * *"}]\ntasks: [{id: a, image: "{image}", command: "true"}]\n',
}
DELIVERIES = {
    "no JSON": (b"{", {}),
    "no text": (b"\xff\xfe\x00", {}),
    "nesting": (b"[" * 5000, {}),
    "a huge number": (b'{"n": 1e999999}', {}),
    "nothing": (b"", {}),
    "a header of bytes": (b"{}", {"X-GitHub-Delivery": "\x80\xff"}),
    "an endless header": (b"{}", {"X-GitHub-Delivery": "d" * 300}),
}


class Malformed(FaultCase):
    def setUp(self):
        self.figures = Figures("F14")

    def works(self, agent, *names):
        """Each of these pipelines runs when a webhook says so."""
        for name in names:
            status, answer = agent.hook(name, f'{{"n": "{uuid.uuid4()}"}}')
            self.assertEqual(status, 202, answer)
            self.figures.accepted += 1
            run = agent.finished(answer["run_id"])
            self.figures.lost += run["status"] != "success"
            self.assertEqual(run["status"], "success", run)
            self.assertEqual(agent.log_text(run["id"], "a"), f"{name}\n")

    def finish(self, agent):
        self.figures.orphans = wait_for_no_containers(agent)
        self.conclude(self.figures)

    def test_a_malformed_pipeline(self):
        self.figures.row = "F14 pipeline"
        agent = self.agent({"one.yaml": GOOD.format(name="one"), "two.yaml": GOOD.format(name="two")}).start()
        for name, text in MALFORMED.items():
            with self.subTest(name):
                agent.commit({"wrong.yaml": text})
                agent.cli("sync", "fleet", "--wait", check=False)
                source = agent.get("/sources")["sources"][0]
                files = {problem["file"] for problem in source["problems"]}
                self.assertEqual(files, {"wrong.yaml"}, source)
                self.figures.tries += 1
                self.works(agent, "one", "two")
        agent.commit({"wrong.yaml": GOOD.format(name="three")})
        agent.cli("sync", "fleet", "--wait")
        self.assertEqual(agent.get("/sources")["sources"][0]["problems"], [])
        self.works(agent, "three")
        self.finish(agent)

    def flip(self, agent, needle):
        """Changes one byte of every copy of this text in the store's file; LMDB keeps old pages."""
        path = os.path.join(agent.state_directory, "data.mdb")
        with open(path, "r+b") as file:
            data = file.read()
            at, found = data.find(needle), 0
            while at >= 0:
                file.seek(at + len(needle) // 2)
                file.write(bytes([data[at + len(needle) // 2] ^ 1]))
                found += 1
                at = data.find(needle, at + len(needle))
        self.assertGreater(found, 0, "the store does not hold the text")

    def log(self, agent):
        with open(agent.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def test_a_damaged_row_of_the_history(self):
        self.figures.row = "F14 row"
        agent = self.agent({"one.yaml": GOOD.format(name="one"), "two.yaml": GOOD.format(name="two")}).start()
        for _ in range(rounds(1)):
            self.works(agent, "one", "two")
            mark = uuid.uuid4().hex
            damaged = agent.trigger("one", {"mark": mark})
            agent.finished(damaged)
            wait_for_no_containers(agent)
            self.works(agent, "one", "two")
            before = {run["id"] for run in all_runs(agent)}
            agent.stop()
            self.flip(agent, mark.encode())
            log = len(self.log(agent))
            agent.start(wait_for_pipelines=False)
            self.figures.tries += 1
            self.assertEqual(before - {run["id"] for run in all_runs(agent)}, {damaged})
            self.assertNotEqual(agent.request("GET", f"/api/v1/runs/{damaged}")[0], 200)
            self.assertIn("damaged", self.log(agent)[log:])
            self.assertIn(damaged, self.log(agent)[log:])
            self.works(agent, "one", "two")
        self.finish(agent)

    def test_a_damaged_row_of_a_pipeline_in_force(self):
        self.figures.row = "F14 definition"
        agent = self.agent({"one.yaml": GOOD.format(name="one"), "two.yaml": GOOD.format(name="two")}).start()
        self.works(agent, "one", "two")
        agent.stop()
        self.flip(agent, b"one.yaml")
        log = len(self.log(agent))
        agent.start(wait_for_pipelines=False)
        self.figures.tries += 1
        self.works(agent, "two")
        self.assertIn("damaged", self.log(agent)[log:])
        # Its source has the good version still.
        agent.cli("sync", "fleet", "--wait")
        self.works(agent, "one", "two")
        self.finish(agent)

    def test_a_malformed_delivery(self):
        self.figures.row = "F14 delivery"
        agent = self.agent({"one.yaml": GOOD.format(name="one"), "two.yaml": GOOD.format(name="two")}).start()
        for name, (body, headers) in DELIVERIES.items():
            with self.subTest(name):
                status, answer = agent.hook("one", body, headers=headers)
                self.figures.tries += 1
                self.assertIn(status, (200, 202, 400, 413, 415, 431), answer)
                if status == 202:
                    self.figures.accepted += 1
                    self.assertEqual(agent.finished(answer["run_id"])["status"], "success")
                self.works(agent, "one", "two")
        self.finish(agent)


if __name__ == "__main__":
    unittest.main()
