"""The language's values: params, expressions, outputs, secrets, and what triggers give."""

import json

from harness import wait_for
from language import HOSTILE, SETTINGS, Language, about


TICKS = SETTINGS + """
name: ticks
triggers: [{cron: "* * * * * *", seconds: true, params: {count: 5}, tasks: [second]}]
params: [{name: count, type: integer}, {name: word, type: string, default: x}]
tasks:
  - {id: first, command: "echo first"}
  - {id: second, command: 'echo "$PAWL_PARAM_COUNT $PAWL_PARAM_WORD"', depends_on: first}
  - {id: third, command: "echo third", depends_on: second}
---
name: every
triggers: [{cron: "@every 1s"}]
tasks: [{id: a, image: "{image}", command: "true"}]
"""


class Values(Language):
    @about("params", "params.name", "params.type", "params.enum", "params.default", "name", "description", text="""
name: typed
description: A text for people
params:
  - {name: level, type: string, enum: [full, delta], default: delta}
  - {name: count, type: integer}
  - {name: ratio, type: number, default: 0.5}
  - {name: sure, type: boolean, default: false}
tasks:
  - id: show
    image: "{image}"
    command: 'echo "$PAWL_PARAM_LEVEL $PAWL_PARAM_COUNT $PAWL_PARAM_RATIO $PAWL_PARAM_SURE"'
""")
    def test_params_are_checked_by_type_on_every_way_in(self):
        for given, named in (({}, "count"), ({"count": "x"}, "count"), ({"count": 1.5}, "count"),
                             ({"count": 1, "ratio": "much"}, "ratio"), ({"count": 1, "sure": "perhaps"}, "sure"),
                             ({"count": 1, "level": "Full"}, "level"), ({"count": 1, "lvl": "full"}, "lvl")):
            with self.subTest(given=given):
                status, problem = self.agent.post("/pipelines/typed/runs", {"params": given})
                self.assertEqual(status, 400, problem)
                self.assertIn(named, problem["detail"])
                words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
                result = self.agent.cli("run", "typed", *words, check=False)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn(named, result.stderr)
        run = self.run_now("typed", {"count": 3, "ratio": 1e-2, "sure": True})
        self.assertEqual(self.output(run, "show"), "delta 3 0.01 true\n")
        result = self.agent.cli("run", "typed", "-p", "count=-7", "-p", "level=full", "--wait")
        run = self.agent.run(result.stdout.split()[0])
        self.assertEqual(self.output(run, "show"), "full -7 0.5 false\n")
        self.assertEqual(self.agent.get("/pipelines/typed")["description"], "A text for people")

    @about("tasks.env", "tasks.command", "env", "defaults.env", text="""
name: literal
defaults: {image: "{image}", memory: 32m, cpus: 0.5, env: {LEVEL: defaults, B: b}}
params: [{name: text, type: string}]
env: {TEXT: "${{ params.text }}", LEVEL: pipeline, A: a, PLAIN: "$${{ not.this }} $HOME $(id)"}
tasks:
  - {id: by-env, env: {LEVEL: task, AROUND: "<${{ params.text }}>"}, command: [awk, 'BEGIN { printf "%s", ENVIRON["TEXT"] }']}
  - {id: around, env: {AROUND: "<${{ params.text }}>"}, command: [awk, 'BEGIN { printf "%s", ENVIRON["AROUND"] }']}
  - {id: by-argv, command: [printf, "%s", "${{ params.text }}"]}
  - {id: by-env-root, command: [printf, "%s", "${{ env.TEXT }}"]}
  - {id: in-a-shell, command: 'printf %s "$TEXT"'}
  - {id: plain, command: [awk, 'BEGIN { printf "%s", ENVIRON["PLAIN"] }']}
  - {id: levels, env: {LEVEL: task}, command: 'echo "$LEVEL $A $B"'}
  - {id: level-below, command: 'echo "$LEVEL"'}
  - {id: untouched, depends_on: [by-env, around, by-argv, by-env-root, in-a-shell, plain], command: [ls, -A, /workspace]}
""", start=[("literal", {"text": HOSTILE})])
    def test_values_arrive_as_they_are(self):
        run = self.ended("literal")
        self.assertEqual(run["status"], "success", self.states(run))
        self.assertEqual(self.output(run, "around"), f"<{HOSTILE}>")
        for task in ("by-env", "by-argv", "by-env-root", "in-a-shell"):
            self.assertEqual(self.output(run, task), HOSTILE)
        self.assertEqual(self.output(run, "plain"), "${{ not.this }} $HOME $(id)")
        self.assertEqual(self.output(run, "levels"), "task a b\n")
        self.assertEqual(self.output(run, "level-below"), "defaults\n")
        self.assertEqual(self.output(run, "untouched"), "")

    EXPRESSIONS = {
        "1 == 1.0": "true", "'a' == 'A'": "false", "params.count == '3'": "true", "params.count >= 3": "true",
        "'b' > 'a' && 2 < 10": "true", "!params.sure": "true", "params.nothing || 'else'": "else",
        "params.word && 'then'": "then", "1 != 2": "true", "2 <= 1": "false", "null": "", "true && 0": "0",
        "contains(params.word, 'ell')": "true", "startsWith(params.word, 'he')": "true",
        "endsWith(params.word, 'he')": "false", "matches(params.word, '^h.*o$')": "true",
        "format('{0}-{1}-{{}}', params.word, 7)": "hello-7-{}", "toJSON(params.word)": '"hello"',
        "toJSON(host.labels)": '{"site":"berlin","tier":"2"}', "host.labels.site": "berlin", "host.name": "edge-1",
        "run.pipeline": "expressions", "run.trigger": "manual", "run.attempt": "1", "'it''s'": "it's",
        "(1 == 2) || (3 > 2)": "true", "host.labels['tier']": "2",
    }

    @about(text=SETTINGS + """
name: expressions
params:
  - {name: count, type: integer, default: 3}
  - {name: sure, type: boolean, default: false}
  - {name: word, type: string, default: hello}
  - {name: nothing, type: string, default: ""}
tasks:
  - id: show
    env:
""" + "".join(f'      E{n}: {json.dumps("${{ " + text + " }}")}\n' for n, text in enumerate(EXPRESSIONS)) + """
      RUN: "${{ run.id }} ${{ run.created_at }} ${{ run.revision }} ${{ run.actor }}"
    command: [env]
""", start=["expressions"])
    def test_expressions(self):
        run = self.ended("expressions")
        self.assertEqual(run["status"], "success", run)
        found = dict(line.split("=", 1) for line in self.output(run, "show").splitlines() if "=" in line)
        self.assertEqual({text: found[f"E{n}"] for n, text in enumerate(self.EXPRESSIONS)}, self.EXPRESSIONS)
        self.assertEqual(found["RUN"].split(" ")[:3], [run["id"], run["created_at"], run["revision"]])

    @about("tasks.outputs", "tasks.depends_on", text=SETTINGS + """
name: outputs
tasks:
  - id: build
    outputs: [version, notes, empty, missing]
    script: |
      echo version=1.1 >> "$PAWL_OUTPUT"
      echo "version=1.2 = $(echo two)" >> "$PAWL_OUTPUT"
      printf 'notes<<END\\nline one\\n\\n"two"\\nEND\\n' >> "$PAWL_OUTPUT"
      echo empty= >> "$PAWL_OUTPUT"
      echo undeclared=x >> "$PAWL_OUTPUT"
  - id: use
    depends_on: build
    env: {VERSION: "${{ tasks.build.outputs.version }}", NOTES: "${{ tasks.build.outputs.notes }}",
          MISSING: "<${{ tasks.build.outputs.missing }}|${{ tasks.build.outputs.empty }}>"}
    command: 'echo "$VERSION"; echo "$NOTES"; echo "$MISSING"'
  - {id: later, depends_on: use, command: [echo, "${{ tasks.build.status }} ${{ tasks.build.outputs.version }}"]}
  - {id: big, script: 'head -c 100000 /dev/zero | tr "\\\\0" x | sed s/^/big=/ >> "$PAWL_OUTPUT"', outputs: [big], allow_failure: true}
""", start=["outputs"])
    def test_outputs_are_passed_downstream(self):
        run = self.ended("outputs")
        self.assertEqual(run["status"], "success", self.states(run))
        self.assertEqual(self.output(run, "use"), '1.2 = two\nline one\n\n"two"\n<|>\n')
        self.assertEqual(self.output(run, "later"), "success 1.2 = two\n")
        _, log = self.agent.request("GET", f"/api/v1/runs/{run['id']}/tasks/build/logs?format=json")
        notes = "".join(record["text"] for record in log["records"] if record["stream"] == "pawl")
        self.assertIn("undeclared", notes)

    @about("tasks.secrets", "tasks.secrets.name", "tasks.secrets.file", "tasks.secrets.env", text=SETTINGS + """
name: secrets
tasks:
  - {id: file, secrets: [{name: first, file: /etc/keys/one}], command: 'cat /etc/keys/one; tr a-z A-Z < /etc/keys/one; stat -c %a /etc/keys/one; id -u'}
  - {id: env, secrets: [{name: second, env: SECOND}], command: 'echo "$SECOND" | tr a-z A-Z'}
  - {id: short, secrets: [first, second], command: 'cat /run/secrets/first /run/secrets/second | tr a-z A-Z'}
  - {id: both, secrets: [first, {name: first, env: FIRST}], command: '{ cat /run/secrets/first; echo "$FIRST"; } | tr a-z A-Z'}
  - {id: none, command: 'ls -A /run/secrets; env | grep -i secret'}
---
name: secret-missing
tasks: [{id: a, image: "{image}", secrets: [nowhere], command: "true"}]
""", start=["secrets", "secret-missing"])
    def test_secrets(self):
        run = self.ended("secrets")
        texts = {task["id"]: self.output(run, task["id"]) for task in run["tasks"]}
        for task, secret in (("file", "first"), ("env", "second"), ("short", "first"), ("both", "first")):
            self.assertIn(f"THE {secret.upper()} SECRET", texts[task], self.states(run))
        self.assertIn("THE SECOND SECRET", texts["short"])
        self.assertEqual(texts["both"].count("THE FIRST SECRET"), 2)
        self.assertTrue(texts["file"].startswith("***\n"))  # as it is, it does not come out
        self.assertRegex(texts["file"], r"\n4\d\d\n65534\n$")
        self.assertNotIn("secret\n", texts["none"])
        missing = self.ended("secret-missing")
        self.assertEqual((missing["status"], self.states(missing)), ("failed", {"a": "policy"}))
        self.assertIn("nowhere", self.task(missing, "a")["message"])


class Triggers(Language):
    def hook(self, body, **options):
        return self.agent.hook("language", json.dumps(body), **options)

    @about("triggers", "triggers.cron", "triggers.seconds", "triggers.timezone", "triggers.splay", "triggers.catchup",
           "triggers.deadline", "triggers.params", "triggers.tasks", text="""
name: plain
triggers: [{cron: "0 3 * * *", timezone: Europe/Berlin}]
tasks: [{id: a, image: "{image}", command: "true"}]
---
name: splayed
triggers: [{cron: "0 3 * * *", splay: 10h, timezone: Europe/Berlin}]
tasks: [{id: a, image: "{image}", command: "true"}]
---
name: zoned
triggers: [{cron: "30 14 * * *", timezone: Asia/Kolkata, catchup: none, deadline: 1h}]
tasks: [{id: a, image: "{image}", command: "true"}]
""")
    def test_cron_gives_params_and_begins_with_a_task(self):
        self.agent.commit({"ticks.yaml": TICKS})  # there only as long as it is needed: each tick costs a container
        self.agent.cli("sync", "fleet", "--wait")
        runs = [self.agent.finished(self.runs_of(name)[-1]["id"]) for name in ("ticks", "every")]
        self.agent.commit({"ticks.yaml": None})
        self.agent.cli("sync", "fleet", "--wait")
        self.assertEqual([run["trigger"]["kind"] for run in runs], ["cron", "cron"])
        self.assertEqual(runs[0]["params"], {"count": "5", "word": "x"})
        self.assertEqual(self.output(runs[0], "second"), "5 x\n")
        self.assertEqual(self.states(runs[0]), {"first": "skipped", "second": "success", "third": "success"})
        trigger = {p["name"]: p["triggers"][0] for p in self.agent.get("/pipelines")["pipelines"] if p["triggers"]}["zoned"]
        self.assertEqual((trigger["timezone"], trigger["catchup"], trigger["deadline_ms"]), ("Asia/Kolkata", "none", 3600000))
        plain, splayed, zoned = (self.agent.get(f"/schedule?pipeline={name}&count=1")["ticks"][0]["at"]
                                 for name in ("plain", "splayed", "zoned"))
        self.assertNotEqual(plain, splayed)
        self.assertEqual(zoned[11:16], "09:00")

    @about("triggers.webhook", "triggers.webhook.path", "triggers.webhook.secret", "triggers.webhook.provider",
           "triggers.webhook.events", "triggers.webhook.when", "triggers.webhook.params", "triggers.webhook.tasks",
           text=SETTINGS + """
name: hooked
triggers:
  - webhook:
      path: language
      provider: github
      secret: [hook]
      events: [push, release]
      when: "${{ startsWith(payload.ref, 'refs/heads/') && host.labels.site == 'berlin' }}"
      params:
        text: "${{ payload.text }}"
        count: "${{ payload.list[1].count }}"
        word: "${{ payload.nowhere }}"
        fixed: "of ${{ host.name }}"
      tasks: b
params:
  - {name: text, type: string}
  - {name: count, type: integer}
  - {name: word, type: string, default: otherwise}
  - {name: fixed, type: string}
tasks:
  - {id: a, command: "echo never"}
  - {id: b, env: {TEXT: "${{ params.text }}", REST: "${{ params.count }} ${{ params.word }} ${{ params.fixed }}"}, command: 'printf "%s" "$TEXT"; echo "$REST"'}
""")
    def test_a_webhook_takes_values_out_of_its_payload(self):
        body = {"ref": "refs/heads/main", "text": HOSTILE, "list": [{}, {"count": 12}]}
        push = {"X-GitHub-Event": "push"}
        status, answer = self.hook(body, headers=push)
        self.assertEqual(status, 202, answer)
        run = self.agent.finished(answer["run_id"])
        self.assertEqual(self.output(run, "b"), HOSTILE + "12 otherwise of edge-1\n")
        self.assertEqual(self.states(run), {"a": "skipped", "b": "success"})
        before = len(self.runs_of("hooked"))
        self.assertEqual(self.hook({**body, "ref": "refs/tags/v1"}, headers=push)[0], 200)
        self.assertEqual(self.hook({**body, "n": 1}, headers={"X-GitHub-Event": "issues"})[0], 200)
        self.assertEqual(self.hook({**body, "n": 2}, secret="wrong", headers=push)[0], 401)
        self.assertEqual(len(self.runs_of("hooked")), before)

    @about("triggers.pipeline", "triggers.pipeline.name", "triggers.pipeline.on", "triggers.pipeline.params",
           text=SETTINGS + """
name: upper
params: [{name: code, type: integer, default: 0}]
tasks: [{id: a, command: 'exit "$PAWL_PARAM_CODE"'}]
""" + "".join(f"""---
name: on-{on}
triggers: [{{pipeline: {{name: upper, on: {on}, params: {{word: after}}}}}}]
params: [{{name: word, type: string}}]
tasks: [{{id: a, image: "{{image}}", command: 'echo "$PAWL_PARAM_WORD {on}"'}}]
""" for on in ("success", "failure", "completion")) + """---
name: on-short
triggers: [pipeline: upper]
tasks: [{id: a, image: "{image}", command: "true"}]
""")
    def test_the_end_of_another_pipeline(self):
        failed = self.run_now("upper", {"code": 3})
        good = self.run_now("upper")
        parents = {"success": [good], "failure": [failed], "completion": [failed, good]}
        for on, expected in parents.items():
            runs = self.runs_of(f"on-{on}", len(expected))
            self.assertEqual(sorted(run["trigger"]["parent_run_id"] for run in runs), sorted(run["id"] for run in expected))
            run = self.agent.finished(runs[0]["id"])
            self.assertEqual(self.output(run, "a"), f"after {on}\n")
        self.assertEqual([run["trigger"]["parent_run_id"] for run in self.runs_of("on-short")], [good["id"]])
