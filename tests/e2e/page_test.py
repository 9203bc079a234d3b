"""The status page in a real browser, against a real agent and real containers."""

import unittest

from browser import Browser
from harness import Case, wait_for

PIPELINES = {"p.yaml": """
name: diamond
description: Four tasks <b>in a diamond</b>
triggers: [{cron: "0 3 * * *", timezone: Europe/Berlin}, {webhook: {path: deploy, secret: [hook]}}]
params: [{name: level, enum: [full, delta], default: delta}]
defaults: {image: "{image}"}
tasks:
  - {id: top, command: "echo level is $PAWL_PARAM_LEVEL"}
  - id: left
    depends_on: [top]
    script: |
      for n in 1 2 3 4 5 6; do echo "<i>line</i> $n"; sleep 0.5; done
  - {id: right, depends_on: [top], command: "echo wrong >&2; exit 4"}
  - {id: bottom, depends_on: [left, right], command: "true"}
"""}


class Page(Case):
    def setUp(self):
        self.agent = self.agent(PIPELINES).start()
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.page = f"http://127.0.0.1:{self.agent.http_port}/"

    def node_status(self, task):
        return self.browser.run(
            "return document.querySelector(`.dag [data-task='${arguments[0]}']`)?.getAttribute('class')", task) or ""

    def test_a_run_is_started_followed_and_understood(self):
        browser = self.browser
        browser.open(self.page)
        browser.wait_text("diamond", "0 3 * * * (Europe/Berlin)", "webhook /hooks/deploy", "never ran", "live")
        self.assertIn("<b>in a diamond</b>", browser.text())  # shown, not obeyed
        browser.click("tbody a")
        browser.wait_text("Run now", "It has not run yet")
        browser.run("document.querySelector('select[name=level]').value = 'full'")
        browser.click("form button")
        browser.wait_text("diamond run 1", "top", "bottom")
        wait_for("the middle task to run", lambda: "running" in self.node_status("left"))
        browser.click(".dag [data-task='left']")
        browser.wait_text("Log of left", "<i>line</i> 2")  # live: the task has not ended yet
        browser.wait_text("<i>line</i> 6")
        wait_for("the end on the page", lambda: "skipped" in self.node_status("bottom"))
        self.assertIn("failed", self.node_status("right"))
        browser.wait_text("task 'right': exit code 4")
        browser.click(".dag [data-task='top']")
        browser.wait_text("level is full")
        self.assertEqual(browser.run("return document.querySelectorAll('.dag .edge').length"), 4)

    def test_the_overview_follows_by_itself_and_over_a_restart_of_the_agent(self):
        browser = self.browser
        browser.open(self.page)
        browser.wait_text("Nothing has run yet", "live")
        first = self.agent.trigger("diamond")
        self.agent.finished(first)
        browser.wait_text("failed")
        self.agent.kill()
        browser.wait_text("not connected")
        self.agent.start(wait_for_pipelines=False)
        browser.wait_text("live")
        self.agent.hook("deploy", "{}", delivery="1")
        wait_for("the second run on the page", lambda: browser.run(
            "return [...document.querySelectorAll('tbody td:first-child a')].some(a => a.textContent === '2')"))

    def test_nothing_is_loaded_from_elsewhere_and_nothing_fails(self):
        browser = self.browser
        browser.open(self.page)
        browser.wait_text("diamond", "live")
        names = browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
        self.assertTrue(names)
        for name in names:
            self.assertTrue(name.startswith(self.page), name)
        self.assertEqual(browser.errors(), [])
        browser.open(self.page + "#/runs/99")
        browser.wait_text("99", "Back to the overview")


if __name__ == "__main__":
    unittest.main()
