"""Every key of the pipeline language (SPEC §1), run on a real engine where it has an effect there.

One agent has all the pipelines of the language_*.py files; their runs are started together and looked at by the tests
one by one. A test says beside its pipelines which keys it is about.
"""

import atexit
import os
import shutil
import tempfile

from harness import Agent, Case, wait_for

HOST = "{name: edge-1, labels: {site: berlin, tier: '2'}, timezone: Europe/Berlin}"
HOSTILE = "$(touch /workspace/x) `touch /workspace/x`; \"it's\" \\ $HOME ${{ run.id }} %s\nsecond\tline\n"
SETTINGS = 'defaults: {image: "{image}", memory: 32m, cpus: 0.5, pids: 32}\n'
SECRETS = ("first", "second", "old-endpoint", "old-path", "old-token", "old-single", "old-part")

# Of the host, for tasks to mount.
MOUNTS = tempfile.mkdtemp(prefix="pawl-e2e-mounts-")
atexit.register(shutil.rmtree, MOUNTS, ignore_errors=True)
for folder in ("in", "out"):
    os.mkdir(os.path.join(MOUNTS, folder))
os.chmod(MOUNTS, 0o755)
os.chmod(os.path.join(MOUNTS, "out"), 0o777)
with open(os.path.join(MOUNTS, "in", "given"), "w", encoding="utf-8") as given:
    given.write("from the host\n")

FILES, STARTED, COVERED = {}, {}, set()


def about(*keys, text="", start=()):
    """The keys that a test is about, its pipelines ({image}: the image; {name}: it without its tag), and those to run at
    once: names, or (name, params)."""
    def register(test):
        COVERED.update(keys)
        if text:
            FILES[test.__name__.removeprefix("test_") + ".yaml"] = text
        STARTED.update(item if isinstance(item, tuple) else (item, {}) for item in start)
        return test
    return register


class Language(Case):
    agent = None  # of all the tests
    started = {}

    @classmethod
    def setUpClass(cls):
        if Language.agent is None:
            Language.agent = agent = Agent(
                {}, workers=6, host=HOST,
                policy='networks: [none, bridge], default_image: "{image}", privileged: true, cap_add: [NET_ADMIN], '
                f'mounts: ["{MOUNTS}/in", "{MOUNTS}/out:rw"]',
                extra_config="defaults: {pids: 40, memory: 40m, cpus: 0.4, timeout: 7m}\n")
            atexit.register(agent.close)
            for name in SECRETS:
                agent.secret_file(name, f"the {name} secret\n")
            agent.commit({name: text.replace("{name}", agent.image) for name, text in FILES.items()})
            agent.start()
            problems = agent.get("/sources")["sources"][0]["problems"]
            assert not problems, "\n".join(f"{p['file']}:{p['line']}: {p['message']}" for p in problems)
            Language.started = {name: agent.trigger(name, params) for name, params in STARTED.items()}

    def ended(self, pipeline):
        """The run that was started at the beginning."""
        return self.agent.finished(self.started[pipeline])

    def run_now(self, pipeline, params=None):
        return self.agent.finished(self.agent.trigger(pipeline, params))

    def output(self, run, task):
        return self.agent.log_text(run["id"], task)

    def states(self, run):
        """Each task's status, or its reason where that says more."""
        return {task["id"]: task["reason"] or task["status"] for task in run["tasks"]}

    def runs_of(self, pipeline, count=1):
        def check():
            runs = self.agent.get(f"/runs?pipeline={pipeline}")["runs"]
            return runs if len(runs) >= count else None
        return wait_for(f"{count} runs of {pipeline}", check)

    def until_running(self, run_id, task):
        wait_for(f"{task} to run", lambda: self.task(self.agent.run(run_id), task)["status"] == "running")

    def cancel(self, run_id):
        self.assertEqual(self.agent.post(f"/runs/{run_id}/cancel")[0], 202)
        return self.agent.finished(run_id)
