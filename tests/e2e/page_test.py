"""The status page in a real browser, against a real agent and real containers."""

import http.server
import threading
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
""", "chain.yaml": """
name: second-look
triggers: [{cron: "0 4 * * *"}]
concurrency: {limit: 2, on_conflict: skip}
priority: 7
timeout: 2h
defaults: {image: "{image}"}
tasks:
  - {id: good, command: "echo fine"}
  - {id: bad, depends_on: [good], command: "exit 4"}
"""}


class StalledRegistry:
    """A registry on loopback that answers for no image before it is released: a pull under way for as long as one looks."""

    def __init__(self):
        released = self.released = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                found = self.path == "/v2/"
                if not found:
                    released.wait()
                self.send_response(200 if found else 404)
                self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.image = f"127.0.0.1:{self.server.server_port}/stalled:1"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


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

    def test_a_run_that_failed_is_tried_again_whole_or_from_there_on(self):
        browser = self.browser
        first = self.agent.trigger("second-look")
        self.agent.finished(first)
        browser.open(self.page + f"#/runs/{first}")
        browser.wait_text(f"second-look run {first}", "Retry failed")
        browser.click("[data-action='retry-failed']")
        browser.wait_text("second-look run 2", "retry of run 1")
        second = self.agent.finished("2")
        self.assertEqual(second["trigger"]["parent_run_id"], "1")
        self.assertEqual(self.task(second, "good")["attempts"], [])  # counts as done
        self.assertEqual(len(self.task(second, "bad")["attempts"]), 1)
        browser.wait_text("Retry failed")  # the page has seen the end
        browser.click("[data-action='retry']")
        browser.wait_text("second-look run 3", "retry of run 2")
        third = self.agent.finished("3")
        self.assertEqual(len(self.task(third, "good")["attempts"]), 1)
        browser.click(".facts a")
        browser.wait_text("second-look run 2")
        self.assertEqual(browser.errors(), [])

    def test_a_run_under_way_offers_to_cancel_and_one_that_succeeded_no_retry_of_failures(self):
        browser = self.browser
        self.agent.commit({"more.yaml": """
name: endless
defaults: {image: "{image}"}
tasks: [{id: only, command: "sleep 1000"}]
---
name: fine
defaults: {image: "{image}"}
tasks: [{id: only, command: "true"}]
"""})
        self.agent.cli("sync", "fleet", "--wait")
        run = self.agent.trigger("endless")
        browser.open(self.page + f"#/runs/{run}")
        wait_for("the task to run", lambda: "running" in self.node_status("only"))
        self.assertIsNone(browser.run("return document.querySelector(`[data-action='retry']`)"))
        browser.click("[data-action='cancel']")
        self.assertEqual(self.agent.finished(run)["status"], "cancelled")
        browser.wait_text("Retry failed")
        fine = self.agent.trigger("fine")
        self.assertEqual(self.agent.finished(fine)["status"], "success")
        browser.open(self.page + f"#/runs/{fine}")
        browser.wait_text(f"fine run {fine}", "Retry")
        self.assertNotIn("Retry failed", browser.text())

    def test_a_click_counts_though_the_page_is_drawn_anew_between_press_and_release(self):
        browser = self.browser
        self.agent.commit({"more.yaml": """
name: endless
defaults: {image: "{image}"}
tasks: [{id: first, command: "sleep 1000"}, {id: second, command: "sleep 1000"}]
"""})
        self.agent.cli("sync", "fleet", "--wait")
        run = self.agent.trigger("endless")
        browser.open(self.page + f"#/runs/{run}")
        browser.wait_text("Log of first")
        # The page draws once a second while a task runs, and when it has loaded a change.
        browser.run("""
            const real = window.fetch;
            window.seconds = window.loads = 0;
            window.setInterval(() => { window.seconds += 1; }, 1000);
            window.fetch = async (...request) => {
              const answer = await real(...request);
              if (String(request[0]).endsWith(`/runs/${arguments[0]}`)) window.loads += 1;
              return answer;
            };""", run)
        browser.press(".dag [data-task='second']")
        wait_for("two seconds of the page", lambda: browser.run("return window.seconds") >= 2)
        browser.release()
        browser.wait_text("Log of second")
        browser.press(".dag [data-task='first']")
        loads = browser.run("return window.loads")
        self.agent.cli("cancel", run)
        self.agent.finished(run)
        wait_for("the end to be loaded", lambda: browser.run("return window.loads") > loads)
        seconds = browser.run("return window.seconds")
        wait_for("another second of the page", lambda: browser.run("return window.seconds") > seconds)
        self.assertNotIn("Retry failed", browser.text())
        browser.release()
        browser.wait_text("Log of first", "Retry failed")
        self.assertEqual(browser.errors(), [])

    def test_a_pull_is_followed_while_it_is_under_way(self):
        browser = self.browser
        registry = StalledRegistry()
        self.addCleanup(registry.close)
        self.agent.stop()
        with open(self.agent.config, "r+", encoding="utf-8") as file:
            config = file.read().replace("pull: never", "pull: missing").replace(
                "policy: {images: [", f'policy: {{images: ["{registry.image}", ')
            file.seek(0)
            file.write(config)
        self.agent.commit({"pull.yaml": f"""
name: pulls
tasks: [{{id: only, image: "{registry.image}", command: "true"}}]
"""})
        self.agent.start()
        browser.open(self.page)
        browser.wait_text("pulls", "live")
        run = self.agent.trigger("pulls")
        browser.open(self.page + f"#/runs/{run}/only")
        browser.wait_text("Log of only", f"pulling image {registry.image}")
        self.assertEqual(self.agent.run(run)["status"], "running")  # live: the pull has not ended
        browser.click("[data-action='cancel']")
        registry.released.set()
        self.agent.finished(run)
        self.assertEqual(browser.errors(), [])

    def test_a_pipeline_is_suspended_and_goes_on(self):
        browser = self.browser
        browser.open(self.page + "#/pipelines/second-look")
        browser.wait_text("2 at a time in second-look, then skip", "priority", "2 h 0 min", "next")
        browser.click("[data-action='suspend']")
        browser.wait_text("suspended", "Resume", "by local")
        self.assertEqual(self.agent.get("/pipelines/second-look")["suspended"]["actor"], "local")
        ticks = self.agent.get("/schedule")["ticks"]
        self.assertEqual({tick["pipeline"] for tick in ticks}, {"diamond"})
        browser.open(self.page)
        wait_for("the badge on the overview", lambda: browser.run(
            "return document.querySelector('tr.link .badge')?.textContent") == "suspended")
        browser.open(self.page + "#/pipelines/second-look")
        browser.wait_text("Resume")
        browser.click("[data-action='resume']")
        browser.wait_text("Suspend")
        wait_for("the badge to go", lambda: "suspended" not in browser.text())
        self.assertIsNone(self.agent.get("/pipelines/second-look")["suspended"])
        self.assertEqual(browser.errors(), [])

    def test_gaps_warnings_use_and_refusals_are_seen(self):
        """None can be had from a sound agent at will, so the page is given what one would answer."""
        browser = self.browser
        run = self.agent.trigger("second-look")
        self.agent.finished(run)
        browser.open(self.page)
        browser.wait_text("second-look", "live")
        browser.run("""
            const real = window.fetch;
            window.fetch = async (...request) => {
              const answer = await real(...request);
              const path = String(request[0]);
              const body = await answer.clone().json();
              const refusal = { why: "memory <b>8g</b>", file: "a.yaml", line: 1 };
              if (path.endsWith("/status")) {
                body.warnings = ["the store is <b>full</b>", "second"];
                body.engine.name = "podman";
                body.disk = { store_bytes: 1 << 20, image_bytes: 2 << 20, workspace_bytes: 512 << 10, max_bytes: 1 << 30 };
              } else if (path.endsWith(`/runs/${arguments[0]}`)) {
                Object.assign(body.tasks[1].attempts[0], { log_incomplete: true, exit_code: 137, signal: "SIGKILL",
                  oom_killed: true, usage: { peak_memory_bytes: 64 << 20, cpu_ms: 1500, throttled_ms: 200 } });
              } else if (path.endsWith("/pipelines")) {
                body.pipelines[0].refusal = refusal;
                body.pipelines.push({ name: "hungry", title: "", description: "", triggers: [], next_tick: null,
                  last_run: null, suspended: null, state: "refused", refusal });
              } else return answer;
              return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
            };
            location.hash = `#/runs/${arguments[0]}/bad`;""", run)
        used = "peak 64 MiB, 1.5 s CPU, throttled 200 ms, SIGKILL, out of memory"
        browser.wait_text("Log of bad", "log incomplete", f"exit code 137, {used}")
        self.assertEqual(browser.run("return document.querySelector('tr.chosen .used').textContent"), used)
        self.assertEqual(browser.run("return document.querySelector('.tools .badge').textContent"), "log incomplete")
        browser.click(".dag [data-task='good']")
        browser.wait_text("Log of good")
        self.assertIsNone(browser.run("return document.querySelector('.tools .badge')"))
        browser.run("location.hash = '#/'")
        browser.wait_text("Recent runs", "hungry", "refused by this host's policy: memory <b>8g</b>",
                          "a newer version is refused by this host's policy: memory <b>8g</b>")
        self.assertEqual(browser.run("return document.querySelector('tr.link .badge').textContent"), "refused")
        self.agent.trigger("second-look")  # a change makes the page ask for the status
        browser.wait_text("the store is <b>full</b>", "second", "Podman ", "disk 3.5 MiB of 1 GiB")
        self.assertEqual(browser.run("return document.querySelectorAll('#warnings .warning').length"), 2)

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
