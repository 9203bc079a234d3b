"""What the README says is tried: its pipeline is valid, its host config starts an agent, its commands work.

The addresses and paths of an installed pawl are replaced by those of the test's agent, nothing else.
"""

import os
import re
import subprocess
import unittest

from harness import PAWL, Case

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks(language):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


class Readme(Case):
    def setUp(self):
        pipelines = [block for block in blocks("yaml") if block.startswith("name:")]
        self.assertEqual(len(pipelines), 1)
        host = [block for block in blocks("yaml") if block.startswith("sources:")]
        self.assertEqual(len(host), 1)
        self.host = host[0]
        self.agent = self.agent({"nightly-backup.yaml": pipelines[0].replace("alpine:3.20", "{image}")})
        os.rename(os.path.join(self.agent.directory, "secrets", "hook"),
                  os.path.join(self.agent.directory, "secrets", "backup"))

    def shell(self, text):
        path = os.path.join(self.agent.directory, "bin")
        os.makedirs(path, exist_ok=True)
        if not os.path.exists(os.path.join(path, "pawl")):
            os.symlink(os.path.abspath(PAWL), os.path.join(path, "pawl"))
        text = text.replace("/etc/pawl/secrets", os.path.join(self.agent.directory, "secrets"))
        text = text.replace("127.0.0.1:7434", f"127.0.0.1:{self.agent.hooks_port}")
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}",
                       "PAWL_SERVER": f"http://127.0.0.1:{self.agent.http_port}"}
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=environment, capture_output=True,
                              text=True, timeout=120, check=False)

    def test_the_commands_work(self):
        self.agent.start()
        commands = blocks("sh")
        self.assertGreaterEqual(len(commands), 2)
        for block in commands:
            result = self.shell(block)
            self.assertEqual(result.returncode, 0, f"{block}\n{result.stdout}{result.stderr}")
        first = self.shell(commands[0])
        self.assertIn("dumping the full backup of prod", first.stdout)

    def test_the_host_config_starts_an_agent(self):
        with open(self.agent.config, encoding="utf-8") as file:
            rest = [line for line in file.read().splitlines(keepends=True)
                    if line.startswith(("state:", "http:", "webhooks:", "secrets:"))]
        with open(self.agent.config, "w", encoding="utf-8") as file:
            file.write(self.host.replace("https://git.example.net/fleet.git", self.agent.repository))
            file.writelines(rest)
        self.agent.start(wait_for_pipelines=False)
        self.agent.cli("sync", "fleet", "--wait", check=False)
        sources = self.agent.get("/sources")["sources"]
        self.assertEqual([source["name"] for source in sources], ["fleet"])
        # Its policy names alpine only: the test's image is refused, and the file and line are said.
        self.assertIn("nightly-backup.yaml", self.agent.cli("sources").stdout)


if __name__ == "__main__":
    unittest.main()
