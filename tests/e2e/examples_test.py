"""The pipelines of config/examples, run as they are written: a real agent and engine, and images that stand in for
those they name (stand_ins.py). Asserted is what each tool was asked to do, which branches and hooks were taken, and what
the run says in the end.
"""

import glob
import json
import os
import subprocess
import tempfile
import unittest
import urllib.parse
import uuid

import stand_ins
from harness import PAWL, Agent, Case, engine, make_image, require_engine, wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = os.path.join(ROOT, "config", "examples")
HOST = "{name: bastion-1, labels: {zone: dmz, role: operations}}"
MADE = {}  # programs of a stand-in → its image
QUIET = ["--fail", "--silent", "--show-error"]


def example(name):
    with open(os.path.join(EXAMPLES, name + ".yaml"), encoding="utf-8") as file:
        return file.read()


def id_of(name):
    """The task's id for the name of a keyword argument; an instance's is one already."""
    return name if "[" in name else name.replace("_", "-")


class Example(Case):
    def start(self, *names, host=HOST, **broken):
        """An agent with these examples. broken: program → script that runs before what the program usually does."""
        require_engine()
        agent = Agent({}, image=False, host=host, policy="networks: [none, bridge]")
        self.addCleanup(agent.close)
        files, images = {}, set()
        for name in names:
            text = example(name)
            files[name + ".yaml"], found = stand_ins.below(agent.image, text)
            images.update(found)
            for secret in stand_ins.secret_names(text):
                agent.secret_file(secret, "secret-" + secret)
        for image in images:
            repository, tag = image.rsplit(":", 1)
            self.tag(agent, repository, tag, stand_ins.programs(image, broken))
        agent.commit(files)
        agent.start()
        self.assertEqual(agent.get("/sources")["sources"][0]["problems"], [])
        self.pawl = agent
        return agent

    def tag(self, agent, repository, tag, programs):
        """Gives the agent the image of these programs, which is made once for all tests."""
        content = json.dumps(programs, sort_keys=True)
        if content not in MADE:
            MADE[content] = f"pawl-e2e-{uuid.uuid4().hex[:12]}"
            make_image(MADE[content], programs=programs)
            unittest.addModuleCleanup(engine, "DELETE", f"/images/{MADE[content]}:latest?force=1")
        name = f"{agent.image}/{repository}"
        status, answer = engine("POST", f"/images/{MADE[content]}:latest/tag?" + urllib.parse.urlencode(
            {"repo": name, "tag": tag}))
        self.assertEqual(status, 201, answer)
        agent.images.append(f"{name}:{tag}")

    def run_of(self, pipeline, params=None):
        return self.pawl.finished(self.pawl.trigger(pipeline, params))

    def calls(self, run, task):
        return stand_ins.calls_in(self.pawl.log_text(run["id"], task))

    def call(self, run, task):
        found = self.calls(run, task)
        self.assertEqual(len(found), 1, self.pawl.log_text(run["id"], task))
        return found[0]

    def assert_run(self, run, status, **tasks):
        """The run's status, and each named task's: its status, or its reason where that says more."""
        found = {task["id"]: task["reason"] or task["status"] for task in run["tasks"]}
        told = "\n".join(f"--- {task['id']} {task['message']}\n{stand_ins.readable(self.pawl.log_text(run['id'], task['id']))}"
                         for task in run["tasks"] if task["attempts"])
        self.assertEqual(run["status"], status, f"{found}\n{run['message']}\n{told}")
        expected = {id_of(name): state for name, state in tasks.items()}
        self.assertEqual({name: found.get(name) for name in expected}, expected, told)

    def assert_all(self, run, **others):
        """Every task a success, but for these."""
        names = {id_of(name) for name in others}
        rest = {task["id"]: "success" for task in run["tasks"] if task["id"] not in names}
        self.assert_run(run, "success", **rest, **others)

    def follows(self, run, *order):
        ends = {task["id"]: task for task in run["tasks"]}
        for before, after in zip(order, order[1:]):
            self.assertLessEqual(ends[before]["ended_at"], ends[after]["started_at"], f"{before}, {after}")


class Files(unittest.TestCase):
    def validate(self, *arguments):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config:
            config.write(f'host: {HOST}\npolicy: {{images: ["*"], networks: [none, bridge]}}\n')
            config.flush()
            return subprocess.run([PAWL, "validate", EXAMPLES, *arguments, "--config", config.name], capture_output=True,
                                  text=True, timeout=60, check=False)

    def test_they_are_valid_and_the_only_warning_is_of_images_without_a_digest(self):
        result = self.validate()
        self.assertEqual(result.returncode, 0, result.stderr)
        warnings = [line for line in result.stderr.splitlines() if "warning:" in line]
        self.assertTrue(warnings, result.stderr)
        self.assertEqual([line for line in warnings if "digest" not in line], [])
        self.assertNotIn("error:", result.stderr)
        self.assertEqual(self.validate("--strict").returncode, 1)

    def test_the_table_names_each_of_them(self):
        with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as file:
            table = file.read()
        names = [os.path.basename(path) for path in glob.glob(os.path.join(EXAMPLES, "*.yaml"))]
        self.assertEqual(len(names), 10)
        self.assertEqual([name for name in names if f"({name})" not in table], [])


class NightlyBackup(Example):
    def test_dumps_stores_thins_out_and_verifies(self):
        self.start("nightly-backup")
        run = self.run_of("nightly-backup", {"keep_daily": 3})
        self.assert_all(run, alarm="condition")
        self.follows(run, "dump", "readable", "store", "thin-out", "verify", "report")
        self.assertEqual(self.call(run, "dump"), ["pg_dump", "--format=custom", "--file=/workspace/db.dump", "app"])
        self.assertEqual(self.call(run, "store"),
                         ["restic", "backup", "--json", "--host", "bastion-1", "--tag", "db", "/workspace/db.dump"])
        self.assertEqual(self.call(run, "thin-out"),
                         ["restic", "forget", "--host", "bastion-1", "--tag", "db", "--keep-daily", "3",
                          "--keep-weekly", "5", "--keep-monthly", "12", "--prune"])
        self.assertEqual(self.call(run, "verify"), ["restic", "check", "--read-data-subset=2.5%"])
        self.assertEqual(self.call(run, "report"), ["curl", *QUIET, "--retry", "3", "--data-raw", "snapshot 4f1c2e9a",
                                                    "secret-backup-check-url"])

    def test_a_dump_that_cannot_be_read_is_not_stored_and_raises_the_alarm(self):
        self.start("nightly-backup", pg_restore="echo 'input file does not appear to be a valid archive'; exit 1\n")
        run = self.run_of("nightly-backup")
        self.assert_run(run, "failed", readable="exit_code", store="upstream", thin_out="upstream", verify="upstream",
                        alarm="success", report="condition")
        call = self.call(run, "alarm")
        self.assertEqual(call[-1], "secret-backup-check-url/fail")
        self.assertIn("readable", call[-2])

    def test_what_cannot_be_thinned_out_today_does_not_spoil_the_backup(self):
        self.start("nightly-backup", restic='test "$1" != forget || exit 1\n')
        run = self.run_of("nightly-backup", {"verify": False})
        self.assert_run(run, "success", thin_out="exit_code", verify="condition", report="success", alarm="condition")


class CertificateRenewal(Example):
    WWW, MAIL = "[www.example.net]", "[mail.example.net]"

    def states(self, run, task):
        return {t["id"]: t["reason"] or t["status"] for t in run["tasks"] if t["id"].startswith(task)}

    def test_renews_only_what_is_due(self):
        self.start("certificate-renewal")
        run = self.run_of("certificate-renewal")
        self.assert_run(run, "success", alert="condition")
        for task in ("issue", "hand-over"):
            self.assertEqual(self.states(run, task), {task + self.WWW: "success", task + self.MAIL: "condition"})
        self.assertEqual([call[0:2] for call in self.calls(run, "check" + self.WWW)],
                         [["openssl", "s_client"], ["openssl", "x509"]])
        self.assertEqual(self.calls(run, "check" + self.WWW)[1][-2:], ["-checkend", str(30 * 86400)])
        certbot = self.call(run, "issue" + self.WWW)
        self.assertEqual(certbot[:4], ["certbot", "certonly", "--non-interactive", "--agree-tos"])
        self.assertEqual(certbot[certbot.index("--domain") + 1], "www.example.net")
        folder = "/workspace/www.example.net/live/www.example.net"
        self.assertEqual(self.call(run, "hand-over" + self.WWW),
                         ["vault", "kv", "put", "-mount=secret", "tls/www.example.net",
                          f"certificate=@{folder}/fullchain.pem", f"key=@{folder}/privkey.pem"])
        self.assertIn("chain of www.example.net", self.pawl.log_text(run["id"], "hand-over" + self.WWW))

    def test_force_renews_all(self):
        self.start("certificate-renewal")
        run = self.run_of("certificate-renewal", {"force": True})
        self.assert_all(run, alert="condition")

    def test_a_server_that_does_not_answer_holds_up_no_other_and_is_told_of(self):
        self.start("certificate-renewal", openssl='case "$3" in mail.*) echo "connect: refused" >&2; exit 1 ;; esac\n')
        run = self.run_of("certificate-renewal")
        self.assert_run(run, "failed", alert="success")
        self.assertEqual(self.states(run, "check"), {"check" + self.WWW: "success", "check" + self.MAIL: "exit_code"})
        self.assertEqual(self.states(run, "hand-over"),
                         {"hand-over" + self.WWW: "success", "hand-over" + self.MAIL: "condition"})
        call = self.call(run, "alert")
        self.assertTrue(call[-2].startswith("certificate-renewal on bastion-1: "), call)
        self.assertIn("check" + self.MAIL, call[-2])


class LogShipping(Example):
    def test_fetches_a_window_of_each_application_and_ships_them_together(self):
        self.start("log-shipping")
        run = self.run_of("log-shipping")
        self.assert_all(run)
        for app in ("api", "web", "worker"):
            call = self.call(run, f"fetch[{app}]")
            self.assertIn(f'query={{app="{app}"}}', call)
            self.assertIn("end=" + run["created_at"], call)
        self.assertEqual(self.call(run, "ship"),
                         ["rclone", "copy", "--immutable", "--include", "*.gz", "--include", "SHA256SUMS", "/workspace",
                          f"archive:logs/bastion-1/{run['created_at']}"])
        self.assertIn("worker.json.gz: OK", self.pawl.log_text(run["id"], "ship"))

    def test_one_silent_application_does_not_hold_up_the_others(self):
        self.start("log-shipping", curl='case "$*" in *web.json*) echo "curl: (22) 502" >&2; exit 22 ;; esac\n')
        run = self.run_of("log-shipping")
        self.assert_run(run, "failed", **{"fetch[web]": "exit_code"}, pack="success", ship="success")
        shipped = self.pawl.log_text(run["id"], "ship")
        self.assertIn("api.json.gz: OK", shipped)
        self.assertNotIn("web.json.gz", shipped)

    def test_nothing_is_shipped_where_there_is_nothing(self):
        self.start("log-shipping", curl="exit 22\n")
        self.assert_run(self.run_of("log-shipping"), "failed", pack="success", ship="condition")


class ImageMirror(Example):
    ALPINE, POSTGRES = "docker.io/library/alpine:3.20", "docker.io/library/postgres:16"
    SCAN = "scan[docker.io_library_postgres_16]"

    def scan_run(self):
        runs = wait_for("the scan", lambda: self.pawl.get("/runs?pipeline=image-scan")["runs"])
        return self.pawl.finished(runs[0]["id"])

    def test_copies_compares_and_has_the_copies_scanned(self):
        self.start("image-mirror")
        run = self.run_of("image-mirror")
        self.assert_all(run)
        self.assertEqual(self.call(run, "copy[docker.io_library_postgres_16]"),
                         ["skopeo", "copy", "--all", "--preserve-digests", "--dest-authfile",
                          "/run/secrets/registry-auth.json", "docker://" + self.POSTGRES,
                          "docker://registry.local/" + self.POSTGRES])
        inspected = self.calls(run, "compare[docker.io_library_alpine_3.20]")
        self.assertEqual([call[-1] for call in inspected],
                         ["docker://" + self.ALPINE, "docker://registry.local/" + self.ALPINE])
        self.assertEqual(json.loads(self.pawl.log_text(run["id"], "list")),
                         [f"registry.local/{image}@sha256:0f1e" for image in (self.ALPINE, self.POSTGRES)])
        scan = self.scan_run()
        self.assert_run(scan, "success", **{self.SCAN: "success"}, warn="upstream")
        self.assertEqual((scan["trigger"]["kind"], scan["trigger"]["parent_run_id"]), ("pipeline", run["id"]))
        call = self.call(scan, self.SCAN)
        self.assertEqual(call[call.index("--severity") + 1], "CRITICAL")
        self.assertEqual(call[-1], "registry.local/" + self.POSTGRES)

    def test_a_hole_is_warned_of(self):
        self.start("image-mirror", trivy='case "$*" in *postgres*) echo CVE-2026-1; exit 1 ;; esac\n')
        run = self.run_of("image-scan", {"severity": "HIGH,CRITICAL"})
        self.assert_run(run, "failed", **{self.SCAN: "exit_code"}, warn="success")
        self.assertEqual(self.call(run, "warn")[-2:], ["an image has a hole (HIGH,CRITICAL)", "secret-alert-url"])

    def test_a_copy_that_differs_is_not_pinned_and_starts_no_scan(self):
        self.start("image-mirror", skopeo='case "$*" in *inspect*registry.local*) echo sha256:bad; exit ;; esac\n')
        run = self.run_of("image-mirror")
        self.assert_run(run, "failed", list="upstream")
        self.assertEqual(self.pawl.get("/runs?pipeline=image-scan")["runs"], [])

    def test_another_host_has_neither_pipeline(self):
        agent = self.start("image-mirror", host="{name: edge-7, labels: {zone: dmz}}")
        self.assertEqual(agent.get("/pipelines")["pipelines"], [])


class PatchWindow(Example):
    VM = "https://pve.example.net:8006/api2/json/nodes/pve/qemu/102"
    HEALTH = "https://web-2.example.net/healthz"
    PARAMS = {"machine": "web-2", "vm": 102}

    def test_patches_and_puts_the_machine_back(self):
        self.start("patch-window")
        run = self.run_of("patch-window", self.PARAMS)
        self.assert_all(run, rollback="condition", page="condition", hand_over="condition")
        self.follows(run, "healthy-before", "drain", "snapshot", "patch", "reboot", "healthy-after", "undrain",
                     "drop-snapshot")
        name = f"patch_{run['id']}"
        self.assertIn("snapname=" + name, self.calls(run, "snapshot")[0])
        self.assertIn("https://pve.example.net:8006/api2/json/nodes/pve/tasks/UPID:pve:0001:qmsnapshot:101:pawl@pve:/status",
                      self.calls(run, "snapshot")[1])
        patch = self.call(run, "patch")
        self.assertEqual(patch[patch.index("--inventory") + 1], "web-2.example.net,")
        self.assertEqual(patch[-4:], ["--module-name", "ansible.builtin.apt", "--args", "update_cache=true upgrade=safe"])
        balancer = "https://lb.example.net:5555/v2/services/haproxy/runtime/servers/web-2?backend=web"
        for task, state in (("drain", "drain"), ("undrain", "ready")):
            self.assertEqual(self.call(run, task)[-3:], ["--data-raw", f'{{"admin_state": "{state}"}}', balancer])
        self.assertEqual(self.call(run, "drop-snapshot")[-3:], ["--request", "DELETE", f"{self.VM}/snapshot/{name}"])

    def test_a_machine_that_does_not_come_up_healthy_is_rolled_back(self):
        self.start("patch-window", curl='case "$*" in *--retry-all-errors*healthz) exit 22 ;; esac\n')
        run = self.run_of("patch-window", {**self.PARAMS, "reboot": False})
        self.assert_run(run, "failed", reboot="condition", healthy_after="exit_code", undrain="upstream",
                        rollback="success", page="success", drop_snapshot="condition", hand_over="condition")
        self.follows(run, "healthy-after", "rollback", "page")
        self.assertEqual(self.call(run, "rollback")[-1], f"{self.VM}/snapshot/patch_{run['id']}/rollback")
        page = self.call(run, "page")
        alert = json.loads(page[page.index("--data-raw") + 1])[0]
        self.assertEqual(alert["labels"], {"alertname": "PatchFailed", "instance": "web-2", "rollback": "success"})
        self.assertIn("healthy-after", alert["annotations"]["summary"])

    def test_a_machine_that_is_not_well_beforehand_is_left_alone(self):
        self.start("patch-window", curl='case "$*" in *healthz) exit 22 ;; esac\n')
        run = self.run_of("patch-window", self.PARAMS)
        self.assert_run(run, "failed", healthy_before="exit_code", drain="upstream", snapshot="upstream",
                        rollback="condition", page="success")

    def test_whoever_stops_it_is_handed_the_machine(self):
        self.start("patch-window", ansible="trap 'exit 143' TERM; echo patching; sleep 300 & wait\n")
        run_id = self.pawl.trigger("patch-window", self.PARAMS)
        wait_for("the patches", lambda: self.task(self.pawl.run(run_id), "patch")["attempts"]
                 and "patching" in self.pawl.log_text(run_id, "patch"))
        self.assertEqual(self.pawl.post(f"/runs/{run_id}/cancel")[0], 202)
        run = self.pawl.finished(run_id)
        self.assert_run(run, "cancelled", patch="cancelled", rollback="condition", page="condition",
                        hand_over="success")
        self.assertIn("Title: web-2", self.call(run, "hand-over"))


class WarehouseEtl(Example):
    def test_extracts_cleans_and_loads_each_table_of_each_region(self):
        self.start("warehouse-etl")
        run = self.run_of("warehouse-etl", {"since": "2026-11-01", "rejects": 0.34})
        self.assert_all(run)
        extracts = [task["id"] for task in run["tasks"] if task["id"].startswith("extract")]
        self.assertEqual(extracts, [f"extract[{region},{table}]" for region in ("eu", "us", "apac")
                                    for table in ("orders", "customers")])
        call = self.call(run, "extract[apac,customers]")
        for word in ("table=customers", "since=2026-11-01", "until=" + run["created_at"]):
            self.assertIn(word, call)
        self.assertIn("apac.customers.tsv 2 kept, 1 dropped", self.pawl.log_text(run["id"], "clean"))
        loaded = self.pawl.log_text(run["id"], "load")
        self.assertIn("\\copy staging.orders FROM 'clean/eu.orders.tsv'\n", loaded)
        self.assertEqual(loaded.count("\\copy staging."), 6)
        self.assertIn("CALL staging.merge();", loaded)

    def test_a_dry_run_loads_nothing(self):
        self.start("warehouse-etl")
        run = self.run_of("warehouse-etl", {"dry_run": True, "rejects": 1})
        self.assert_all(run, load="condition")

    def test_too_many_broken_rows_are_not_loaded(self):
        self.start("warehouse-etl")
        self.assert_run(self.run_of("warehouse-etl"), "failed", clean="exit_code", load="upstream")


class Deploy(Example):
    REVISION = "0123456789abcdef0123456789abcdef01234567"

    def push(self, event="push", **changes):
        payload = {"ref": "refs/heads/main", "after": self.REVISION, "deleted": False, "pusher": {"name": "ada"}}
        return self.pawl.hook("deploy", json.dumps({**payload, **changes}), secret="secret-deploy-hook",
                              headers={"X-GitHub-Event": event})

    def deployed(self, **changes):
        status, answer = self.push(**changes)
        self.assertEqual(status, 202, answer)
        return self.pawl.finished(answer["run_id"])

    def mark(self, run):
        call = self.call(run, "mark")
        self.assertEqual(call[-1], "https://api.github.com/repos/example/site/statuses/" + self.REVISION)
        return json.loads(call[call.index("--data-raw") + 1])

    def test_a_push_to_main_is_checked_applied_and_marked(self):
        self.start("deploy")
        author = "it's \"me\"\n$(touch /workspace/x) `id` \\"
        run = self.deployed(pusher={"name": author})
        self.assert_all(run, undo="condition")
        self.assertEqual(run["params"]["revision"], self.REVISION)
        self.follows(run, "fetch", "dry-run", "apply", "rollout", "smoke", "mark")
        self.assertEqual(self.calls(run, "fetch")[1][-4:],
                         ["--depth", "1", "https://git.example.net/web/site.git", self.REVISION])
        self.assertEqual(self.call(run, "dry-run"), ["kubectl", "apply", "--dry-run=server", "--kustomize", "site/deploy"])
        self.assertEqual(self.call(run, "apply"), ["kubectl", "apply", "--kustomize", "site/deploy"])
        self.assertEqual(self.call(run, "rollout"), ["kubectl", "rollout", "status", "deployment/site", "--timeout=14m"])
        self.assertEqual(self.call(run, "smoke")[-1], "https://www.example.net/healthz?revision=" + self.REVISION)
        self.assertEqual(self.mark(run), {"state": "success", "context": "pawl/deploy",
                                          "description": f"run {run['id']}, pushed by {author}"})

    def test_other_pushes_and_events_start_nothing(self):
        self.start("deploy")
        for changes in ({"ref": "refs/heads/feature"}, {"deleted": True, "after": "0" * 40}, {"after": "main; id"},
                        {"event": "issues"}):
            with self.subTest(changes=changes):
                self.assertEqual(self.push(**changes)[0], 200)
        self.assertEqual(self.pawl.get("/runs")["runs"], [])

    def test_a_site_that_is_not_well_gets_its_last_version_back(self):
        self.start("deploy", curl='case "$*" in *healthz*) exit 22 ;; esac\n')
        run = self.deployed()
        self.assert_run(run, "failed", apply="success", smoke="exit_code", undo="success", mark="success")
        self.assertEqual(self.call(run, "undo"), ["kubectl", "rollout", "undo", "deployment/site"])
        self.assertEqual(self.mark(run)["state"], "failure")

    def test_what_was_not_applied_is_not_undone(self):
        self.start("deploy", trivy="exit 1\n")
        run = self.deployed()
        self.assert_run(run, "failed", scan="exit_code", dry_run="success", apply="upstream", undo="condition",
                        mark="success")
        self.assertEqual(self.mark(run)["state"], "failure")


class NightlyReport(Example):
    def test_is_sent_when_the_warehouse_has_been_filled(self):
        self.start("nightly-report", "warehouse-etl")
        etl = self.run_of("warehouse-etl", {"rejects": 1})
        runs = wait_for("the report", lambda: self.pawl.get("/runs?pipeline=nightly-report")["runs"])
        run = self.pawl.finished(runs[0]["id"])
        self.assert_all(run, excuse="upstream")
        self.assertEqual((run["trigger"]["parent_run_id"], run["params"]["period"]), (etl["id"], "day"))
        mail = self.pawl.log_text(run["id"], "send")
        for line in ("Subject: Sales of the day", "Total: 1234.5", "eu,1000\nus,234.5"):
            self.assertIn(line, mail.replace("\r", ""))
        call = self.call(run, "send")
        self.assertEqual(call[call.index("--mail-rcpt") + 1], "sales@example.net")

    def test_readers_are_told_where_there_are_no_figures(self):
        self.start("nightly-report", psql="exit 2\n")
        run = self.run_of("nightly-report", {"period": "month", "readers": "a@example.net"})
        self.assert_run(run, "failed", figures="exit_code", write="upstream", send="upstream", excuse="success")
        self.assertIn("No sales figures of the month yet", self.pawl.log_text(run["id"], "excuse"))


class SelfTest(Example):
    def test_this_host_keeps_its_promises(self):
        self.start("self-test")
        run = self.run_of("self-test")
        self.assert_run(run, "success", isolation="success", caps="success", values="success", whole="success",
                        too_much="oom", too_long="timeout", ended="condition", well="success", unwell="condition")
        self.assertEqual(self.pawl.log_text(run["id"], "well"), "self-test: success\n")

    def test_values_of_any_kind_and_without_the_limits(self):
        self.start("self-test")
        run = self.run_of("self-test", {"text": "'; exit 1 #\t\u00e9\n", "count": 7, "limits": False})
        self.assert_all(run, too_much="condition", too_long="condition", ended="condition", unwell="condition")

    def test_says_what_does_not_hold(self):
        self.start("self-test")
        run = self.run_of("self-test", {"count": 2, "limits": False})
        self.assert_run(run, "failed", values="exit_code", unwell="success", well="condition")
        self.assertIn("self-test: failed: ", self.pawl.log_text(run["id"], "unwell"))


class FleetInventory(Example):
    def test_a_signed_request_makes_the_host_tell_what_it_is(self):
        self.start("fleet-inventory")
        self.pawl.secret_file("inventory", "secret-inventory")
        status, answer = self.pawl.hook("inventory", "{}", secret="secret-inventory")
        self.assertEqual(status, 202, answer)
        run = self.pawl.finished(answer["run_id"])
        self.assert_run(run, "success", hardware="success", disk="success", tell="success")
        call = self.call(run, "tell")
        self.assertEqual(call[-1], "https://inventory.example.net/hosts/bastion-1")
        facts = json.loads(call[call.index("--data-raw") + 1])
        self.assertEqual((facts["name"], facts["labels"]), ("bastion-1", {"zone": "dmz", "role": "operations"}))
        self.assertEqual(facts["hardware"]["processors"], os.cpu_count())
        self.assertGreater(facts["free"], 0)


if __name__ == "__main__":
    unittest.main()
