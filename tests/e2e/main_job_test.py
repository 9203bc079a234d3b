"""The main job on real parts: Git → trigger → containers → history."""

import json
import time
import unittest

from harness import Case, engine, engine_filter, wait_for

DIAMOND = """
name: diamond
triggers: [{webhook: {path: deploy, secret: [hook]}}]
defaults: {image: "{image}", memory: 64m, cpus: 0.5, pids: 50}
tasks:
  - {id: top, command: [echo, top]}
  - {id: left, depends_on: [top], command: "echo left; sleep 2"}
  - {id: right, depends_on: [top], command: "echo right; sleep 2"}
  - {id: bottom, depends_on: [left, right], command: "echo bottom"}
"""


def interval(task):
    attempt = task["attempts"][-1]
    return attempt["started_at"], attempt["ended_at"]


class MainJob(Case):
    def test_a_signed_webhook_runs_a_diamond_whose_middle_tasks_overlap(self):
        agent = self.agent({"diamond.yaml": DIAMOND}).start()
        status, answer = agent.hook("deploy", '{"ref": "main"}', delivery="d-1")
        self.assertEqual(status, 202, answer)
        run = agent.finished(answer["run_id"])
        self.assertEqual(run["status"], "success", run)
        left, right = interval(self.task(run, "left")), interval(self.task(run, "right"))
        self.assertLess(max(left[0], right[0]), min(left[1], right[1]), "the middle tasks did not overlap")
        self.assertGreaterEqual(interval(self.task(run, "bottom"))[0], max(left[1], right[1]))
        self.assertEqual(agent.log_text(run["id"], "left"), "left\n")
        self.assertEqual(run["trigger"]["kind"], "webhook")
        wait_for("the containers to be removed", lambda: not agent.containers())

    def test_never_more_containers_than_workers(self):
        wide = "name: wide\ntasks:\n" + "".join(
            f'  - {{id: t{n}, image: "{{image}}", command: "sleep 0.5"}}\n' for n in range(6))
        agent = self.agent({"wide.yaml": wide}, workers=2).start()
        run = agent.finished(agent.trigger("wide"))
        self.assertEqual(run["status"], "success", run)
        moments = []
        for task in run["tasks"]:
            started, ended = interval(task)
            moments += [(started, 1), (ended, -1)]
        running = most = 0
        for _, change in sorted(moments):
            running += change
            most = max(most, running)
        self.assertEqual(most, 2)

    def test_the_container_has_the_caps_asked_for_and_the_hardening_not_asked_for(self):
        agent = self.agent({"p.yaml": """
name: p
tasks: [{id: a, image: "{image}", command: "sleep 300", memory: 48m, cpus: 0.25, pids: 33}]
"""}).start()
        run = agent.trigger("p")
        container = wait_for("the container to run", lambda: [c for c in agent.containers() if c["State"] == "running"])[0]
        _, details = engine("GET", f"/containers/{container['Id']}/json")
        host = details["HostConfig"]
        self.assertEqual(host["Memory"], 48 << 20)
        self.assertEqual(host["MemorySwap"], 48 << 20)
        self.assertEqual(host["NanoCpus"], 250_000_000)
        self.assertEqual(host["PidsLimit"], 33)
        self.assertTrue(host["ReadonlyRootfs"])
        self.assertEqual(host["CapDrop"], ["ALL"])
        self.assertIn("no-new-privileges", " ".join(host["SecurityOpt"]))
        self.assertEqual(host["NetworkMode"], "none")
        self.assertEqual(details["Config"]["User"], "65534")
        self.assertFalse(host["Privileged"])
        self.assertFalse(host["AutoRemove"])
        status, _ = agent.post(f"/runs/{run}/cancel")
        self.assertEqual(status, 202)
        self.assertEqual(agent.finished(run)["status"], "cancelled")

    def test_a_task_over_its_memory_ends_as_oom(self):
        agent = self.agent({"p.yaml": """
name: p
tasks:
  - {id: eats, image: "{image}", memory: 16m, command: "head -c 200000000 /dev/zero | tail -c 100000000 >/dev/null; exit 1"}
"""}).start()
        run = agent.finished(agent.trigger("p"))
        self.assertEqual((run["status"], run["reason"]), ("failed", "oom"), run)
        self.assertEqual(self.task(run, "eats")["reason"], "oom")

    def test_failures_say_why(self):
        agent = self.agent({"p.yaml": """
name: p
tasks:
  - {id: code, image: "{image}", command: "exit 3"}
  - {id: after, image: "{image}", command: "echo never", depends_on: [code]}
  - {id: slow, image: "{image}", command: "trap '' TERM; sleep 300", timeout: 1s}
  - {id: gone, image: "nowhere.invalid/x:1", command: "true"}
  - {id: absent, image: "{image}", command: ["/no/such/program"]}
"""}).start()
        run = agent.finished(agent.trigger("p"))
        found = {t["id"]: (t["status"], t["reason"]) for t in run["tasks"]}
        self.assertEqual(found["code"], ("failed", "exit_code"))
        self.assertEqual(found["after"], ("skipped", "upstream"))
        self.assertEqual(found["slow"], ("failed", "timeout"))
        self.assertEqual(found["gone"], ("failed", "image"))
        self.assertEqual(found["absent"][0], "failed")
        self.assertIn("nowhere.invalid/x:1", self.task(run, "gone")["message"])
        self.assertEqual(self.task(run, "code")["attempts"][0]["exit_code"], 3)

    def test_a_failed_task_is_tried_again(self):
        agent = self.agent({"p.yaml": """
name: p
tasks:
  - {id: flaky, image: "{image}", command: 'test "$PAWL_ATTEMPT" = 3', retries: {limit: 3, delay: 100ms}}
"""}).start()
        run = agent.finished(agent.trigger("p"))
        self.assertEqual(run["status"], "success")
        attempts = self.task(run, "flaky")["attempts"]
        self.assertEqual([a["status"] for a in attempts], ["failed", "failed", "success"])

    def test_cron_with_seconds_ticks_once_each(self):
        agent = self.agent({"p.yaml": """
name: p
triggers: [{cron: "*/2 * * * * *", seconds: true}]
tasks: [{id: a, image: "{image}", command: "true"}]
"""}).start()
        runs = wait_for("three ticks", lambda: (lambda r: r if len(r) >= 3 else None)(agent.get("/runs")["runs"]))
        ticks = [run["trigger"]["scheduled_at"] for run in runs]
        self.assertEqual(len(set(ticks)), len(ticks))
        for tick in ticks:
            self.assertTrue(tick.endswith(".000Z") and int(tick[17:19]) % 2 == 0, tick)

    def test_params_reach_the_task_as_environment(self):
        agent = self.agent({"p.yaml": """
name: p
params: [{name: level, type: string, enum: [full, delta], default: delta}]
env: {STAGE: prod}
tasks: [{id: a, image: "{image}", command: 'echo "$STAGE $PAWL_PARAM_LEVEL $PAWL_PIPELINE $PAWL_TASK"'}]
"""}).start()
        run = agent.finished(agent.trigger("p", {"level": "full"}))
        self.assertEqual(agent.log_text(run["id"], "a"), "prod full p a\n")
        status, problem = agent.post("/pipelines/p/runs", {"params": {"level": "x"}})
        self.assertEqual(status, 400)
        self.assertIn("level", problem["detail"])


class Webhooks(Case):
    def test_what_is_not_signed_right_makes_no_run(self):
        agent = self.agent({"d.yaml": DIAMOND}, image=False).start()
        body = b'{"a": 1}'
        for headers in ({"X-Hub-Signature-256": None}, {"X-Hub-Signature-256": ""},
                        {"X-Hub-Signature-256": "sha256="}, {"X-Hub-Signature-256": "sha1=" + "0" * 40},
                        {"X-Hub-Signature-256": "sha256=" + "0" * 64}, {"X-Hub-Signature-256": "sha256=" + "0" * 63}):
            with self.subTest(headers=headers):
                status, _ = agent.hook("deploy", body, headers=headers)
                self.assertEqual(status, 401)
        self.assertEqual(agent.hook("deploy", body, secret="wrong")[0], 401)
        self.assertEqual(agent.hook("nowhere", body)[0], 404)
        self.assertEqual(agent.get("/runs")["runs"], [])

    def test_a_delivery_repeated_by_id_or_by_body_is_answered_with_its_first_run(self):
        agent = self.agent({"d.yaml": DIAMOND}).start()
        status, first = agent.hook("deploy", '{"n": 1}', delivery="one")
        self.assertEqual(status, 202)
        for body, delivery in (('{"n": 1}', "one"), ('{"n": 2}', "one"), ('{"n": 1}', "two"), ('{"n": 1}', None)):
            status, again = agent.hook("deploy", body, delivery=delivery)
            self.assertEqual((status, again["run_id"]), (202, first["run_id"]))
            self.assertTrue(again["deliveries"][0]["duplicate"])
        status, other = agent.hook("deploy", '{"n": 3}', delivery="three")
        self.assertNotEqual(other["run_id"], first["run_id"])
        self.assertEqual(len(agent.get("/runs")["runs"]), 2)


class Sources(Case):
    def test_a_broken_commit_leaves_the_last_good_version_running_and_says_where(self):
        agent = self.agent({"p.yaml": """
name: p
tasks: [{id: a, image: "{image}", command: "echo one"}]
"""}).start()
        agent.commit({"p.yaml": "name: p\ntasks:\n  - id: a\n    imagge: x\n", "q.yaml": """
name: q
tasks: [{id: a, image: "{image}", command: "echo two"}]
"""})
        agent.cli("sync", "fleet", "--wait", check=False)
        sources = agent.cli("sources").stdout
        self.assertIn("p.yaml:4:5", sources)
        self.assertIn("imagge", sources)
        run = agent.finished(agent.trigger("p"))
        self.assertEqual(agent.log_text(run["id"], "a"), "one\n")
        run = agent.finished(agent.trigger("q"))
        self.assertEqual(agent.log_text(run["id"], "a"), "two\n")

    def test_a_remote_that_is_gone_leaves_everything_running_even_over_a_restart(self):
        agent = self.agent({"p.yaml": 'name: p\ntasks: [{id: a, image: "{image}", command: "echo on"}]\n'}).start()
        import os
        os.rename(agent.repository, agent.repository + ".away")
        result = agent.cli("sync", "fleet", "--wait", check=False)
        self.assertNotEqual(result.returncode, 0)
        agent.stop()
        agent.start(wait_for_pipelines=False)
        run = agent.finished(agent.trigger("p"))
        self.assertEqual(run["status"], "success")
        source = wait_for("the failed pull", lambda: (lambda s: s if s["error"] else None)(agent.get("/sources")["sources"][0]))
        self.assertNotEqual(source["revision"], "")


class Restart(Case):
    def starts_of(self, agent, since):
        """How often the engine started each container of this agent."""
        until = int(time.time()) + 1
        _, raw = engine("GET", f"/events?since={since}&until={until}&" + engine_filter(
            type=["container"], event=["start"], image=[f"{agent.image}:latest"]))
        if isinstance(raw, dict):
            raw = json.dumps(raw).encode()
        names = {}
        for line in raw.decode().splitlines():
            name = json.loads(line)["Actor"]["Attributes"]["name"]
            names[name] = names.get(name, 0) + 1
        return names

    def test_kill_9_in_the_middle_of_a_run(self):
        agent = self.agent({"p.yaml": """
name: p
defaults: {image: "{image}"}
tasks:
  - {id: first, command: "echo first"}
  - id: middle
    depends_on: [first]
    script: |
      for n in 1 2 3 4 5 6 7 8; do echo "line $n"; sleep 0.4; done
      exit 0
  - {id: last, depends_on: [middle], command: "echo last"}
"""}).start()
        since = int(time.time())
        run_id = agent.trigger("p")
        wait_for("a line of the middle task", lambda: (
            self.task(agent.run(run_id), "middle")["attempts"] and "line 2" in agent.log_text(run_id, "middle")))
        agent.kill()
        agent.start(wait_for_pipelines=False)
        run = agent.finished(run_id)
        self.assertEqual(run["status"], "success", run)
        self.assertEqual([len(task["attempts"]) for task in run["tasks"]], [1, 1, 1])
        self.assertEqual(agent.log_text(run_id, "middle"), "".join(f"line {n}\n" for n in range(1, 9)))
        starts = self.starts_of(agent, since)
        self.assertEqual(len(starts), 3, starts)
        self.assertEqual(set(starts.values()), {1}, starts)
        wait_for("the containers to be removed", lambda: not agent.containers())

    def test_a_task_that_ends_while_the_agent_is_down_is_collected(self):
        agent = self.agent({"p.yaml": """
name: p
tasks: [{id: a, image: "{image}", command: "echo before; sleep 1; echo after; exit 7"}]
"""}).start()
        run_id = agent.trigger("p")
        wait_for("the container", lambda: [c for c in agent.containers() if c["State"] == "running"])
        agent.kill()
        wait_for("its end", lambda: [c for c in agent.containers() if c["State"] == "exited"])
        agent.start(wait_for_pipelines=False)
        run = agent.finished(run_id)
        self.assertEqual((run["status"], run["tasks"][0]["attempts"][0]["exit_code"]), ("failed", 7))
        self.assertEqual(agent.log_text(run_id, "a"), "before\nafter\n")

    def test_every_202_survives_a_kill_with_exactly_one_run(self):
        agent = self.agent({"p.yaml": """
name: p
triggers: [{webhook: {path: h, secret: [hook]}}]
tasks: [{id: a, image: "{image}", command: "true"}]
"""}).start()
        accepted = {}
        for number in range(12):
            status, answer = agent.hook("h", json.dumps({"n": number}), delivery=str(number))
            self.assertEqual(status, 202)
            accepted[number] = answer["run_id"]
            if number in (3, 8):
                agent.kill()
                agent.start(wait_for_pipelines=False)
        for number, run_id in accepted.items():
            status, answer = agent.hook("h", json.dumps({"n": number}), delivery=str(number))
            self.assertEqual((status, answer["run_id"]), (202, run_id))
            run = agent.finished(run_id)
            self.assertEqual(run["status"], "success", run)
        self.assertEqual(len(agent.get("/runs?limit=100")["runs"]), len(accepted))

    def test_a_second_agent_on_the_same_state_is_refused(self):
        agent = self.agent({"p.yaml": 'name: p\ntasks: [{id: a, image: "{image}", command: "true"}]\n'},
                           image=False).start()
        second = agent.cli("agent", check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("state", second.stderr)
        self.assertEqual(agent.request("GET", "/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main()
