"""Where a task's image comes from: an archive in the host's directory, and Debian's docker-registry on loopback, with a login."""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import ENGINE, Case, UnixConnection, engine, free_port, require_engine, wait_for

PASSWORD = "pa55-w0rd"
LOGINS = "user:$2b$05$abcdefghijklmnopqrstuuykDbrHIkPBAe3TkMNzTPuBTmCT39jdG\n"  # it, by bcrypt
PIPELINE = """
name: packed
tasks: [{id: only, image: "IMAGE", command: "echo from the archive"}]
"""


class Registry:
    """Debian's docker-registry on loopback, for `user` only."""

    def __init__(self):
        if shutil.which("docker-registry") is None:
            raise AssertionError("docker-registry is missing; tools/setup --tests installs it")
        self.directory = tempfile.mkdtemp(prefix="pawl-registry-")
        self.address = f"127.0.0.1:{free_port()}"
        config, logins = os.path.join(self.directory, "config.yml"), os.path.join(self.directory, "logins")
        with open(logins, "w", encoding="utf-8") as file:
            file.write(LOGINS)
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"""version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {self.directory}/data}}}}
http: {{addr: "{self.address}"}}
auth: {{htpasswd: {{realm: test, path: {logins}}}}}
""")
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=log, stderr=log)
        wait_for("the registry to listen", self.listens)

    def listens(self):
        host, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def login(self):
        """Docker's config.json for it."""
        secret = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
        return {"auths": {self.address: {"auth": secret}}}

    def push(self, image, name):
        """The digest of what is pushed as `name` there; the engine's own name for it is removed."""
        repository = f"{self.address}/{name}"
        tag = urllib.parse.urlencode({"repo": repository, "tag": "1"})
        assert engine("POST", f"/images/{image}/tag?{tag}")[0] == 201
        login = {"username": "user", "password": PASSWORD, "serveraddress": self.address}
        connection = UnixConnection(ENGINE)
        connection.request("POST", f"/images/{repository}/push?tag=1", headers={
            "X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(login).encode()).decode()})
        pushed = connection.getresponse().read().decode()
        connection.close()
        if '"Digest":"' not in pushed:
            raise AssertionError(f"the image was not pushed: {pushed}")
        engine("DELETE", f"/images/{repository}:1?force=1")
        return pushed.split('"Digest":"')[1].split('"')[0]

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


class Images(Case):
    def setUp(self):
        require_engine()

    def has(self, image):
        return engine("GET", f"/images/{image}/json")[0] == 200

    def save(self, image, path):
        status, archive = engine("GET", f"/images/{image}/get")
        assert status == 200, archive
        with open(path, "wb") as file:
            file.write(archive)

    def pawls_lines(self, agent, run):
        """What pawl itself wrote into the task's log."""
        status, body = agent.request("GET", f"/api/v1/runs/{run}/tasks/only/logs?format=json")
        return "".join(record["text"] for record in body["records"] if record["stream"] == "pawl") if status == 200 else ""

    def test_a_host_without_a_registry_takes_images_from_its_directory(self):
        agent = self.agent({})
        image = f"{agent.image}:latest"
        agent.commit({"packed.yaml": PIPELINE.replace("IMAGE", image)})
        away = os.path.join(agent.directory, "away.tar")
        self.save(image, away)
        engine("DELETE", f"/images/{image}?force=1")
        self.assertFalse(self.has(image))
        agent.start()
        run = agent.finished(agent.trigger("packed"))
        self.assertEqual(self.task(run, "only")["reason"], "image")
        self.assertIn("put its archive into the host's image directory", self.task(run, "only")["message"])
        # It is still being copied when a task asks for it, so that one waits.
        directory = os.path.join(agent.state_directory, "images")
        os.makedirs(directory, exist_ok=True)
        target = os.path.join(directory, "away.tar")
        with open(away, "rb") as source, open(target, "wb") as file:
            file.write(source.read(4096))
            file.flush()
            waiting = agent.trigger("packed")
            wait_for("the task to wait", lambda: f"waiting for {target} to be complete" in self.pawls_lines(agent, waiting))
            shutil.copyfileobj(source, file)
        run = agent.finished(waiting)
        self.assertEqual(run["status"], "success", run)
        self.assertEqual(agent.log_text(waiting, "only"), "from the archive\n")
        self.assertTrue(self.has(image))
        # A broken one is said, with what to do, and hinders nobody.
        shutil.copyfile(agent.config, os.path.join(directory, "broken.tar"))
        os.utime(os.path.join(directory, "broken.tar"), (1, 1))
        warning = wait_for("the warning", lambda: [text for text in agent.get("/status")["warnings"] if "broken.tar" in text])
        self.assertIn("replace or remove it", warning[0])
        self.assertIn("broken.tar", agent.cli("status").stdout)
        self.assertEqual(agent.finished(agent.trigger("packed"))["status"], "success")

    def test_a_registry_is_pulled_from_with_the_logins_of_the_host(self):
        registry = Registry()
        self.addCleanup(registry.close)
        agent = self.agent({})
        digest = registry.push(f"{agent.image}:latest", "team/tool")
        image = f"{registry.address}/team/tool@{digest}"
        self.addCleanup(engine, "DELETE", f"/images/{image}?force=1")
        with open(agent.config, "r+", encoding="utf-8") as file:
            config = file.read().replace("pull: never", "pull: missing, require_digest: true").replace(
                "policy: {images: [", f'policy: {{images: ["{registry.address}/team/*", ').replace(
                    "engine: {type: docker", f'engine: {{credentials_file: "{agent.directory}/logins.json", type: docker')
            file.seek(0)
            file.write(config)
        agent.commit({"pulled.yaml": f"""
name: pulled
defaults: {{image: "{image}"}}
tasks: [{{id: only, command: "echo pulled"}}, {{id: other, command: "echo pulled"}}]
"""})
        agent.start()
        run = agent.finished(agent.trigger("pulled"))
        self.assertIn(f"the registries' credentials in {agent.directory}/logins.json cannot be read: No such file",
                      self.task(run, "only")["message"])
        with open(os.path.join(agent.directory, "logins.json"), "w", encoding="utf-8") as file:
            json.dump({"auths": {}}, file)
        run = agent.finished(agent.trigger("pulled"))
        self.assertEqual(self.task(run, "only")["reason"], "image")
        self.assertRegex(self.task(run, "only")["message"], "cannot be pulled: .*(no basic auth|unauthorized|denied)")
        with open(os.path.join(agent.directory, "logins.json"), "w", encoding="utf-8") as file:
            json.dump(registry.login(), file)
        started = agent.trigger("pulled")
        run = agent.finished(started)
        self.assertEqual(run["status"], "success", run)
        self.assertIn(f"pulling image {image}", self.pawls_lines(agent, started))
        self.assertIn(f"Digest: {digest}", self.pawls_lines(agent, started))
        self.assertEqual(agent.log_text(started, "other"), "pulled\n")
        with open(agent.log, encoding="utf-8") as file:
            self.assertNotIn(PASSWORD, file.read())


if __name__ == "__main__":
    unittest.main()
