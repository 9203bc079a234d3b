"""F12: the agent's own clone damaged: the next pull notices, a new clone takes its place, pipelines keep running.

Every kind of damage by itself is in tests/contract/git/clone_damage_test.cpp; here it is the whole agent, with a pull
that brings something new, one that brings nothing, and runs in between.
"""

import itertools
import os
import subprocess
import sys
import time
import unittest

from fixture import FaultCase, Figures, rounds, wait_for, wait_for_no_containers
from harness import git

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "contract", "git", "git_server.py")
PIPELINE = 'name: p\ntasks: [{{id: a, image: "{{image}}", command: "echo {text}"}}]\n'


def change(path, work):
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        work(file, os.path.getsize(path))


def truncated(path):
    change(path, lambda file, size: file.truncate(size // 2))


def flipped(path):
    def flip(file, size):
        file.seek(size * 6 // 10)
        byte = file.read(1)[0]
        file.seek(size * 6 // 10)
        file.write(bytes([byte ^ 0x55]))
    change(path, flip)


def unpack(clone):
    """Packs become loose objects."""
    packs = os.path.join(clone, "objects", "pack")
    data = []
    for name in sorted(os.listdir(packs)):
        path = os.path.join(packs, name)
        if name.endswith(".pack"):
            with open(path, "rb") as file:
                data.append(file.read())
        os.unlink(path)
    for pack in data:
        subprocess.run(["git", "-C", clone, "unpack-objects", "-q"], input=pack, check=True, capture_output=True)


def loose(what):
    def find(clone):
        unpack(clone)
        told = subprocess.run(["git", "-C", clone, "rev-parse", f"refs/pawl/current{what}"], check=True,
                              capture_output=True, text=True).stdout.strip()
        return os.path.join(clone, "objects", told[:2], told[2:])
    return find


def packed(ending):
    def find(clone):
        packs = os.path.join(clone, "objects", "pack")
        return next(os.path.join(packs, name) for name in sorted(os.listdir(packs)) if name.endswith(ending))
    return find


PLACES = {
    "HEAD": lambda clone: os.path.join(clone, "HEAD"),
    "ref": lambda clone: os.path.join(clone, "refs", "pawl", "current"),
    "pack": packed(".pack"),
    "index": packed(".idx"),
    "loose commit": loose(""),
    "loose tree": loose(":pipelines"),
    "loose file": loose(":pipelines/p.yaml"),
}


class CloneDamage(FaultCase):
    def served_agent(self):
        """An agent whose source is a server's, for only then it keeps a clone."""
        agent = self.agent({"p.yaml": PIPELINE.format(text="version 0")})
        with open(os.path.join(agent.directory, "git.log"), "wb") as log:
            server = subprocess.Popen([sys.executable, SERVER, "--root", agent.directory, "--log", log.name],
                                      stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        port = int(server.stdout.readline().split()[1])
        with open(agent.config, encoding="utf-8") as file:
            config = file.read()
        with open(agent.config, "w", encoding="utf-8") as file:
            file.write(config.replace(f'url: "{agent.repository}"', f'url: "http://127.0.0.1:{port}/fleet/.git"'))
        return agent.start()

    def clone(self, agent):
        folder = os.path.join(agent.state_directory, "sources")
        found = [os.path.join(folder, name, "repository") for name in os.listdir(folder)]
        return next(path for path in found if os.path.isdir(path))

    def test_damage_is_noticed_by_the_next_pull_and_never_stops_a_pipeline(self):
        figures = Figures("F12")
        slowest, version = (0.0, ""), 0
        agent = self.served_agent()
        cases = list(itertools.product(PLACES, (truncated, flipped), (True, False)))
        if rounds(1) == 1:  # each place once, in different ways
            cases = [(place, (truncated, flipped)[number % 2], number % 3 != 0) for number, place in enumerate(PLACES)]
        for place, damage, news in cases * rounds(1):
            with self.subTest(f"{place} {damage.__name__}, {'' if news else 'no '}news"):
                before = version
                damage(PLACES[place](self.clone(agent)))
                if news:
                    version += 1
                    agent.commit({"p.yaml": PIPELINE.format(text=f"version {version}")})
                self.assertEqual(self.text(agent, figures), f"version {before}\n")
                began = time.monotonic()
                agent.cli("sync", "fleet", "--wait")
                slowest = max(slowest, (time.monotonic() - began, f"{place} {damage.__name__}"))
                figures.tries += 1
                self.check_pulled(agent, news)
                self.assertEqual(self.text(agent, figures), f"version {version}\n")
        figures.orphans = wait_for_no_containers(agent)
        figures.more["slowest pull"] = f"{slowest[0]:.1f} s ({slowest[1]})"
        self.conclude(figures)

    def text(self, agent, figures):
        """What the pipeline in force prints."""
        run = agent.finished(agent.trigger("p"))
        figures.accepted += 1
        figures.lost += run["status"] != "success"
        self.assertEqual(run["status"], "success", run)
        return agent.log_text(run["id"], "a")

    def check_pulled(self, agent, news):
        """The source has no error and is at the remote's revision; its clone is whole, or what is not is of no use."""
        source = wait_for("a source without error", lambda: (
            lambda s: s if not s["error"] else None)(agent.get("/sources")["sources"][0]))
        head = subprocess.run(["git", "-C", agent.repository, "rev-parse", "HEAD"], check=True, capture_output=True,
                              text=True).stdout.strip()
        self.assertEqual(source["revision"], head)
        if not news:
            git(self.clone(agent), "fsck", "--full")


if __name__ == "__main__":
    unittest.main()
