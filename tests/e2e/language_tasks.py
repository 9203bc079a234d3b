"""The language's tasks: when they run, how they end, what their containers have, and where."""

import os

from harness import Agent, engine, engine_filter, wait_for
from language import MOUNTS, SETTINGS, Language, about

RULES = ("all_success", "all_failed", "all_done", "one_success", "one_failed", "one_done", "none_failed", "always")
UPSTREAM = (["ok"], ["bad"], ["skipped"], ["ok", "bad"], ["ok", "skipped"])


class Flow(Language):
    @about("tasks.when", text=SETTINGS + """
name: conditions
params: [{name: level, type: string, default: delta}, {name: pattern, type: string, default: "("}]
tasks:
  - {id: "yes", when: true, command: "true"}
  - {id: "no", when: false, command: "true"}
  - {id: full, when: "${{ params.level == 'full' }}", command: "true"}
  - {id: by-env, env: {STAGE: "x${{ params.level }}"}, when: "${{ env.STAGE == 'xdelta' }}", command: "true"}
  - {id: after-full, depends_on: full, command: "true"}
  - {id: broken, when: "${{ matches('a', params.pattern) }}", command: "true", allow_failure: true}
  - {id: bad, command: "exit 1", allow_failure: false}
  - {id: on-failure, depends_on: bad, when: "${{ failure() }}", command: "true"}
  - {id: on-success, depends_on: bad, when: "${{ success() }}", command: "true"}
  - {id: in-any-case, depends_on: [bad, "yes"], when: "${{ always() && tasks.bad.status == 'failed' }}", command: "true"}
""", start=["conditions"])
    def test_conditions(self):
        run = self.ended("conditions")
        self.assertEqual(self.states(run), {
            "yes": "success", "no": "condition", "full": "condition", "by-env": "success", "after-full": "upstream",
            "broken": "condition", "bad": "exit_code", "on-failure": "success", "on-success": "condition",
            "in-any-case": "success"})
        self.assertEqual(self.task(run, "broken")["status"], "failed")
        self.assertTrue(self.task(run, "broken")["message"])

    @about("tasks.trigger_rule", "tasks", "tasks.id", text=SETTINGS + """
name: rules
tasks:
  - {id: ok, command: "true"}
  - {id: bad, command: "false"}
  - {id: skipped, when: false, command: "true"}
""" + "".join(f"  - {{id: {rule}.{'.'.join(upstream)}, trigger_rule: {rule}, depends_on: {upstream}, command: 'true'}}\n"
              for rule in RULES for upstream in UPSTREAM), start=["rules"])
    def test_all_eight_trigger_rules(self):
        run = self.ended("rules")
        runs = {
            "all_success": lambda good, bad, all: good == all, "all_failed": lambda good, bad, all: bad == all,
            "all_done": lambda good, bad, all: True, "one_success": lambda good, bad, all: good > 0,
            "one_failed": lambda good, bad, all: bad > 0, "one_done": lambda good, bad, all: good + bad > 0,
            "none_failed": lambda good, bad, all: bad == 0, "always": lambda good, bad, all: True,
        }
        expected = {f"{rule}.{'.'.join(upstream)}":
                    "success" if runs[rule](upstream.count("ok"), upstream.count("bad"), len(upstream)) else "upstream"
                    for rule in RULES for upstream in UPSTREAM}
        found = {name: state for name, state in self.states(run).items() if "." in name}
        self.assertEqual(found, expected)

    @about("tasks.retries", "tasks.retries.limit", "tasks.retries.delay", "tasks.retries.backoff",
           "tasks.retries.max_delay", "tasks.retries.on", text=SETTINGS + """
name: retried
tasks:
  - {id: third-time, command: 'test "$PAWL_ATTEMPT" = 4', retries: {limit: 5, delay: 200ms, backoff: 3, max_delay: 1s}}
  - {id: not-this, command: "exit 1", retries: {limit: 2, delay: 100ms, on: [timeout]}, allow_failure: true}
  - {id: in-time, command: 'test "$PAWL_ATTEMPT" = 2 || sleep 600', timeout: 1s, retries: {limit: 1, delay: 100ms, on: timeout}}
  - {id: smaller, memory: 16m, command: 'test "$PAWL_ATTEMPT" = 2 || tail /dev/zero', retries: {limit: 1, delay: 100ms, on: [oom]}}
  - {id: short, command: 'test "$PAWL_ATTEMPT" = 1', retries: 2}
""", start=["retried"])
    def test_retries(self):
        run = self.ended("retried")
        self.assertEqual(run["status"], "success", self.states(run))
        attempts = {task["id"]: [a["reason"] or a["status"] for a in task["attempts"]] for task in run["tasks"]}
        self.assertEqual(attempts, {
            "third-time": ["exit_code"] * 3 + ["success"], "not-this": ["exit_code"], "in-time": ["timeout", "success"],
            "smaller": ["oom", "success"], "short": ["success"]})

    @about("tasks.timeout", "tasks.kill_grace", "timeout", text=SETTINGS + """
name: cut
tasks:
  - {id: stubborn, script: "trap '' TERM; echo on; while true; do sleep 1; done", timeout: 1s, kill_grace: 1s}
  - {id: polite, script: "trap 'echo cleaning; exit 0' TERM; sleep 600 & wait", timeout: 1s, kill_grace: 1m}
---
name: cut-run
timeout: 1s
tasks:
  - {id: long, image: "{image}", command: "sleep 600"}
  - {id: after, image: "{image}", command: "true", depends_on: long}
""", start=["cut", "cut-run"])
    def test_timeouts(self):
        run = self.ended("cut")
        self.assertEqual(self.states(run), {"stubborn": "timeout", "polite": "timeout"})
        self.assertEqual(self.task(run, "stubborn")["attempts"][0]["exit_code"], 137)
        self.assertEqual(self.output(run, "polite"), "cleaning\n")
        run = self.ended("cut-run")
        self.assertEqual((run["status"], run["reason"], self.task(run, "after")["status"]), ("failed", "timeout", "skipped"))

    @about("tasks.allow_failure", text=SETTINGS + """
name: allowed
tasks:
  - {id: fails, command: "exit 4", allow_failure: true}
  - {id: after, depends_on: fails, command: [echo, "${{ tasks.fails.status }}"]}
on_failure: [{id: hook, command: "true"}]
""", start=["allowed"])
    def test_a_failure_that_is_allowed(self):
        run = self.ended("allowed")
        self.assertEqual((run["status"], self.states(run)),
                         ("success", {"fails": "exit_code", "after": "success", "hook": "condition"}))
        self.assertEqual((self.task(run, "fails")["status"], self.output(run, "after")), ("failed", "failed\n"))

    @about("tasks.matrix", text=SETTINGS + """
name: matrix
tasks:
  - id: build
    matrix: {region: [eu, us], version: [3.10, 3.9]}
    outputs: [made]
    env: {BOTH: "${{ matrix.region }}/${{ matrix.version }}"}
    command: 'echo "$BOTH $PAWL_MATRIX_REGION $PAWL_MATRIX_VERSION"; echo "made=$BOTH" >> "$PAWL_OUTPUT"; test "$BOTH" != us/3.9'
    allow_failure: true
  - {id: image, matrix: {tag: [latest]}, image: "{name}:${{ matrix.tag }}", command: [echo, "${{ matrix.tag }}"]}
  - {id: all, depends_on: build, command: [echo, "${{ toJSON(tasks.build.outputs.made) }} ${{ tasks.build.status }}"]}
  - {id: odd, matrix: {at: ["a b/c,d"]}, command: [echo, "${{ matrix.at }}"]}
""", start=["matrix"])
    def test_one_instance_for_each_combination(self):
        run = self.ended("matrix")
        self.assertEqual(run["status"], "success", self.states(run))
        self.assertEqual([task["id"] for task in run["tasks"]], [
            "build[eu,3.10]", "build[eu,3.9]", "build[us,3.10]", "build[us,3.9]", "image[latest]", "all", "odd[a_b_c_d]"])
        self.assertEqual(self.output(run, "build[us,3.10]"), "us/3.10 us 3.10\n")
        self.assertEqual(self.output(run, "all"), '["eu/3.10","eu/3.9","us/3.10","us/3.9"] failed\n')
        self.assertEqual(self.output(run, "image[latest]"), "latest\n")
        self.assertEqual(self.output(run, "odd[a_b_c_d]"), "a b/c,d\n")

    HOOKS = "".join(f"""
{kind}:
  - {{id: {kind}, command: 'echo "$PAWL_RUN_STATUS"', env: {{TOLD: "${{{{ run.status }}}} ${{{{ tasks.a.status }}}}"}}}}
  - {{id: {kind}.next, depends_on: {kind}, command: [echo, "${{{{ run.status }}}} ${{{{ run.reason }}}} ${{{{ tasks.a.status }}}}"]}}
""" for kind in ("on_success", "on_failure", "on_cancel", "on_exit"))

    @about("on_success", "on_failure", "on_cancel", "on_exit", text=SETTINGS + """
name: hooks
params: [{name: seconds, type: integer, default: 0}, {name: code, type: integer, default: 0}]
tasks: [{id: a, command: 'sleep "$PAWL_PARAM_SECONDS" & wait $!; exit "$PAWL_PARAM_CODE"'}]
""" + HOOKS + """---
name: hook-fails
tasks: [{id: a, image: "{image}", command: "true"}]
on_success: [{id: broken-hook, image: "{image}", command: "exit 1"}]
""", start=["hooks", "hook-fails"])
    def test_hooks(self):
        failing = self.agent.trigger("hooks", {"code": 5})
        stopped = self.agent.trigger("hooks", {"seconds": 600})
        self.until_running(stopped, "a")
        ends = {"success": (self.ended("hooks"), "on_success"), "failed": (self.agent.finished(failing), "on_failure"),
                "cancelled": (self.cancel(stopped), "on_cancel")}
        for status, (run, kind) in ends.items():
            self.assertEqual(run["status"], status)
            states = self.states(run)
            for hook in ("on_success", "on_failure", "on_cancel", "on_exit"):
                expected = "success" if hook in (kind, "on_exit") else "condition"
                self.assertEqual((hook, states[hook], states[hook + ".next"]), (hook, expected, expected))
            self.assertEqual(self.output(run, "on_exit"), status + "\n")
            self.assertEqual(self.output(run, kind + ".next"),
                             f"{status} {run['reason'] or ''} {self.task(run, 'a')['status']}\n")
        run = self.ended("hook-fails")
        self.assertEqual((run["status"], self.states(run)["broken-hook"]), ("success", "exit_code"))
        self.assertIn("broken-hook", run["message"])

    @about("concurrency", "concurrency.group", "concurrency.limit", "concurrency.on_conflict", text="---".join(f"""
name: {name}
concurrency: {concurrency}
tasks: [{{id: a, image: "{{image}}", command: "sleep 600"}}]
""" for name, concurrency in (("queues", "{group: one, limit: 1, on_conflict: queue}"), ("queues-too", "one"),
                              ("skips", "{group: two, on_conflict: skip}"),
                              ("replaces", "{limit: 1, on_conflict: replace}"), ("pair", "{limit: 2}"))))
    def test_concurrency(self):
        start = self.agent.trigger
        first, waiting = start("queues"), start("queues-too")
        holding, skipped = start("skips"), start("skips")
        old, new = start("replaces"), start("replaces")
        pair = [start("pair") for _ in range(3)]
        self.assertEqual(self.agent.finished(skipped)["reason"], "conflict")
        replaced = self.agent.finished(old)
        self.assertEqual((replaced["status"], replaced["reason"]), ("cancelled", "conflict"))
        self.until_running(first, "a")
        self.assertEqual(self.agent.run(waiting)["status"], "pending")
        self.cancel(first)
        self.until_running(waiting, "a")
        for run_id in pair[:2]:
            self.until_running(run_id, "a")
        self.assertEqual(self.agent.run(pair[2])["status"], "pending")
        for run_id in (waiting, holding, new, *pair):
            self.cancel(run_id)

    @about("priority")
    def test_a_higher_priority_goes_first(self):
        text = "---".join(f"""
name: p{priority}
priority: {priority}
tasks: [{{id: a, image: "{{image}}", command: "{command}"}}]
""" for priority, command in ((0, "true"), (5, "sleep 600"), (9, "true")))
        agent = Agent({"p.yaml": text}, workers=1)
        self.addCleanup(agent.close)
        agent.start()
        busy = agent.trigger("p5")
        wait_for("the only slot to be taken", lambda: agent.run(busy)["tasks"][0]["status"] == "running")
        low, high = agent.trigger("p0"), agent.trigger("p9")
        agent.post(f"/runs/{busy}/cancel")
        low, high = agent.finished(low), agent.finished(high)
        self.assertLessEqual(high["ended_at"], low["started_at"])


class Containers(Language):
    @about("tasks.cpus", "tasks.memory", "tasks.pids", "tasks.network", "tasks.user", "tasks.read_only", "tasks.image",
           text="""
name: caps
tasks:
  - {id: own, image: "{image}", cpus: 0.25, memory: 48m, pids: 33, network: bridge, user: "1234:99", read_only: false, command: "sleep 600"}
  - {id: hosts, image: "{image}", command: "sleep 600"}
""")
    def test_caps_as_the_engine_has_them(self):
        run_id = self.agent.trigger("caps")
        running = wait_for("both containers", lambda: (lambda found: found if len(found) == 2 else None)(
            [c for c in self.agent.containers() if c["Labels"]["dev.pawl.run"] == run_id and c["State"] == "running"]))
        found = {c["Labels"]["dev.pawl.task"]: engine("GET", f"/containers/{c['Id']}/json")[1] for c in running}
        def caps(task):
            host, config = found[task]["HostConfig"], found[task]["Config"]
            return (host["NanoCpus"], host["Memory"], host["PidsLimit"], host["NetworkMode"], config["User"], host["ReadonlyRootfs"])
        self.assertEqual(caps("own"), (250_000_000, 48 << 20, 33, "bridge", "1234:99", False))
        self.assertEqual(caps("hosts"), (400_000_000, 40 << 20, 40, "none", "65534", True))
        self.cancel(run_id)

    @about("defaults", "defaults.image", "defaults.cpus", "defaults.memory", "defaults.pids", "defaults.timeout",
           "defaults.network", "defaults.user", "defaults.read_only", "defaults.retries", "defaults.kill_grace",
           "defaults.retries.limit", "defaults.retries.delay", "defaults.retries.backoff", "defaults.retries.max_delay",
           "defaults.retries.on", "defaults.allow_failure", "defaults.secrets", "defaults.secrets.name",
           "defaults.secrets.file", "defaults.secrets.env", text="""
name: levels
defaults:
  image: "{image}"
  memory: 24m
  cpus: 0.2
  network: bridge
  user: "0"
  read_only: false
  timeout: 3m
  kill_grace: 1s
  secrets: [first]
  retries: {limit: 1, delay: 100ms}
tasks:
  - {id: inherits, command: 'set -e; tr a-z A-Z < /run/secrets/first; id -u; touch /etc/x; ip route | grep -c default; test "$PAWL_ATTEMPT" = 2'}
  - {id: own, memory: 20m, user: "2000", network: none, timeout: 2m, retries: {limit: 0}, command: 'id -u; ip route | grep -c default || true'}
""", start=["levels"])
    def test_defaults_of_host_pipeline_and_task(self):
        run = self.ended("levels")
        self.assertEqual(run["status"], "success", self.states(run))
        inherits, own = self.task(run, "inherits"), self.task(run, "own")
        self.assertIn("THE FIRST SECRET\n0\n1\n", self.output(run, "inherits"))
        self.assertEqual(self.output(run, "own"), "2000\n0\n")
        self.assertEqual(len(inherits["attempts"]), 2)
        self.assertEqual((inherits["memory_bytes"], inherits["timeout_ms"]), (24 << 20, 180_000))
        self.assertEqual((own["memory_bytes"], own["timeout_ms"]), (20 << 20, 120_000))
        hosts = self.task(self.run_now("host-level"), "a")
        self.assertEqual((hosts["memory_bytes"], hosts["timeout_ms"]), (40 << 20, 420_000))

    @about("tasks.mounts", "tasks.cap_add", "tasks.privileged", "defaults.mounts", "defaults.cap_add",
           "defaults.privileged", text=f"""
name: held
defaults:
  image: "{{image}}"
  memory: 32m
  user: "0"
  mounts: ["{MOUNTS}/in/given:/given"]
  cap_add: [net_admin]
  privileged: false
tasks:
  - id: inherits
    command: 'cat /given; ! touch /given 2>/dev/null; grep CapEff /proc/self/status'
  - id: own
    mounts: ["{MOUNTS}/in:/in:ro", "{MOUNTS}/out:/out:rw"]
    cap_add: []
    user: "1234"
    command: 'set -e; ls /in; ! touch /in/x 2>/dev/null; id -u > /out/who; grep CapBnd /proc/self/status'
  - id: privileged
    mounts: []
    privileged: true
    command: grep CapEff /proc/self/status
""", start=["held"])
    def test_a_hold_on_the_host(self):
        run = self.ended("held")
        states = self.states(run)
        def capabilities(output):
            return int(output.split()[-1], 16)
        net_admin, sys_admin = 1 << 12, 1 << 21
        inherits, own = self.output(run, "inherits"), self.output(run, "own")
        self.assertTrue(inherits.startswith("from the host\n"), inherits)
        self.assertEqual(capabilities(inherits), net_admin)
        self.assertTrue(own.startswith("given\n"), own)
        self.assertEqual(capabilities(own), 0)
        with open(os.path.join(MOUNTS, "out", "who"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "1234\n")
        if states["privileged"] == "success":
            self.assertTrue(capabilities(self.output(run, "privileged")) & sys_admin)
        else:
            # An engine that lacks capabilities of its own has none to give, and says so only of a privileged container.
            self.assertIn("unable to apply caps", self.task(run, "privileged")["message"])

    @about("tasks.script", text=SETTINGS + """
name: commands
tasks:
  - {id: list, command: [echo, "$HOME", "a  b", "*"]}
  - {id: text, command: 'echo $((1 + 1)); false; echo "a  b"'}
  - {id: script, script: "echo one; false; echo never", allow_failure: true}
  - {id: unset, script: 'echo "$NOT_SET"', allow_failure: true}
  - {id: place, command: [pwd]}
---
name: host-level
tasks: [{id: a, image: "{image}", command: "true"}]
""", start=["commands"])
    def test_commands(self):
        run = self.ended("commands")
        self.assertEqual(self.states(run), {"list": "success", "text": "success", "script": "exit_code",
                                            "unset": "exit_code", "place": "success"})
        self.assertEqual(self.output(run, "list"), "$HOME a  b *\n")
        self.assertEqual(self.output(run, "text"), "2\na  b\n")
        self.assertEqual(self.output(run, "script"), "one\n")
        self.assertEqual(self.output(run, "place"), "/workspace\n")

    @about(text=SETTINGS + """
name: workspace
tasks:
  - {id: write, command: 'ls -A; mkdir dir; echo shared > dir/file; ln -s file dir/link; chmod 0700 dir'}
  - {id: read, depends_on: write, read_only: false, command: [cat, /workspace/dir/link]}
""", start=["workspace"])
    def test_the_workspace_is_the_runs_own(self):
        for run in (self.ended("workspace"), self.run_now("workspace")):
            self.assertEqual((self.output(run, "write"), self.output(run, "read")), ("", "shared\n"))
        instance = {c["Labels"]["dev.pawl.instance"] for c in self.agent.containers()}
        run_ids = {self.started["workspace"], run["id"]}
        def left():
            _, volumes = engine("GET", "/volumes?" + engine_filter(label=["dev.pawl.run"]))
            return [v for v in volumes["Volumes"] or [] if v["Labels"]["dev.pawl.run"] in run_ids
                    and v["Labels"].get("dev.pawl.instance") in instance]
        wait_for("the workspaces to go", lambda: not left())


class Places(Language):
    @about("hosts", "hosts.names", "hosts.labels", text="---".join(f"""
name: {name}
hosts: {hosts}
tasks: [{{id: a, image: "{{image}}", command: "true"}}]
""" for name, hosts in (("here-by-name", '{names: ["core-*", "edge-*"]}'), ("here-by-label", "{labels: {site: berlin}}"),
                        ("here-by-both", '{names: ["edge-1"], labels: {site: berlin, tier: "2"}}'),
                        ("there-by-name", '{names: ["core-*"]}'), ("there-by-label", "{labels: {site: oslo}}"),
                        ("there-by-one", '{names: ["edge-*"], labels: {site: oslo}}'))))
    def test_hosts(self):
        names = {pipeline["name"] for pipeline in self.agent.get("/pipelines")["pipelines"]}
        self.assertEqual({name for name in names if "-by-" in name}, {"here-by-name", "here-by-label", "here-by-both"})
        self.assertEqual(self.agent.post("/pipelines/there-by-one/runs")[0], 404)

    def test_every_document_of_a_file_is_a_pipeline(self):
        files = {p["name"]: (p["file"], p["line"]) for p in self.agent.get("/pipelines")["pipelines"]}
        self.assertEqual(files["host-level"][0], files["commands"][0])
        self.assertLess(files["commands"][1], files["host-level"][1])
        for name in ("commands", "host-level"):
            self.assertEqual(self.run_now(name)["pipeline"], name)

    @about("notify", "notify.on", "notify.url_secret", "notify.format", text="""
name: told
notify: [{on: [failed, success], url_secret: first, format: slack}, {on: [skipped], url_secret: second, format: json}]
tasks: [{id: a, image: "{image}", command: "true"}]
""", start=["told"])
    def test_notifications_are_read_and_said_to_be_for_later(self):
        self.assertEqual(self.ended("told")["status"], "success")
        path = os.path.join(self.agent.repository, "pipelines",
                            "notifications_are_read_and_said_to_be_for_later.yaml")
        result = self.agent.cli("validate", path)
        self.assertIn("notify", result.stderr)

    @about(text="""
pipeline:
  id: old-wrapped
  schedule: "0 3 * * *"
  tasks:
    - {name: one, command: "echo one"}
    - {name: two, command: "echo two", dependencies: [one], resources: {cpu: 0.25, memory: 24m}}
    - {name: three, command: "echo three", depends: two, resources: {cpus: 0.3}}
    - {name: four, command: "echo four", needs: [three]}
---
id: old-typed
triggers:
  - {type: cron, expression: "0 3 * * *"}
  - {type: crontab, schedule: "0 4 * * *"}
  - {type: webhook, endpoint: /hooks/old-endpoint}
  - {type: webhook, path: old-path}
  - {type: webhook, token: old-token}
tasks: [{id: a, command: "echo typed"}]
---
name: Old Single (Task)
webhook_path: /old-single
task: {name: Do It, command: "echo single"}
---
name: old-parts
tasks:
  - {id: a, command: "echo a"}
  - {id: b, needs: a, command: "echo b", trigger: {type: webhook, path: old-part}}
  - {id: c, needs: b, command: "echo c"}
""", start=["old-wrapped"])
    def test_older_dialects(self):
        run = self.ended("old-wrapped")
        self.assertEqual(self.states(run), dict.fromkeys(["one", "two", "three", "four"], "success"))
        self.assertEqual([self.task(run, task)["depends_on"] for task in ("two", "three", "four")],
                         [["one"], ["two"], ["three"]])
        two = self.task(run, "two")
        self.assertEqual((two["cpus"], two["memory_bytes"], self.task(run, "three")["cpus"]), (0.25, 24 << 20, 0.3))
        for path, pipeline in (("old-endpoint", "old-typed"), ("old-path", "old-typed"), ("old-token", "old-typed"),
                               ("old-single", "old-single-task"), ("old-part", "old-parts")):
            status, answer = self.agent.hook(path, f'{{"to": "{path}"}}', secret=f"the {path} secret")
            self.assertEqual(status, 202, answer)
            run = self.agent.finished(answer["run_id"])
            self.assertEqual((run["pipeline"], run["status"]), (pipeline, "success"))
        self.assertEqual(self.states(run), {"a": "skipped", "b": "success", "c": "success"})
        ticks = self.agent.get("/schedule?pipeline=old-typed&count=2")["ticks"]
        self.assertEqual({tick["expression"] for tick in ticks}, {"0 3 * * *", "0 4 * * *"})
        self.assertEqual(self.agent.get("/pipelines/old-single-task")["title"], "Old Single (Task)")
