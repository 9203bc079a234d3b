"""A headless Chromium, driven through chromedriver's WebDriver protocol (W3C) with the standard library."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from harness import free_port, wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the W3C's name for a reference
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=1200,1000"]


class Browser:
    def __init__(self):
        for program in ("chromium", "chromedriver"):
            if shutil.which(program) is None:
                raise AssertionError(f"{program} is missing; tools/setup --tests installs it")
        self.directory = tempfile.mkdtemp(prefix="pawl-browser-")
        self.base = f"http://127.0.0.1:{free_port()}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.base.rsplit(':', 1)[1]}"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        try:
            wait_for("chromedriver", self.driver_is_ready)
            arguments = FLAGS + [f"--user-data-dir={self.directory}"]
            answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = answer["sessionId"]
        except BaseException:
            self.close()
            raise

    def call(self, method, path, body=None):
        if self.session and not path.startswith("/session") and path != "/status":
            path = f"/session/{self.session}{path}"
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:500]}") from error

    def driver_is_ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self):
        return self.run("return document.body.innerText")

    def wait_text(self, *parts):
        wait_for(f"{parts} on the page", lambda: all(part in self.text() for part in parts))

    def click(self, selector):
        self.act_on(selector, "clicked",
                    lambda element: self.call("POST", f"/element/{element[ELEMENT]}/click"))

    def press(self, selector):
        """And holds it, until release()."""
        self.act_on(selector, "pressed", lambda element: self.point(
            {"type": "pointerMove", "origin": element, "x": 0, "y": 0, "duration": 0},
            {"type": "pointerDown", "button": 0}))

    def act_on(self, selector, done, action):
        """As a person would, again if the page was drawn anew between the look and the action."""
        def attempt():
            element = self.call("POST", "/element", {"using": "css selector", "value": selector})
            try:
                action(element)
            except AssertionError as error:
                if "stale element" not in str(error):
                    raise
                return False
            return True
        wait_for(f"{selector} to be {done}", attempt)

    def release(self):
        self.point({"type": "pointerUp", "button": 0})

    def point(self, *actions):
        self.call("POST", "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}]})

    def errors(self):
        """What the page complained of on its console."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def close(self):
        try:
            if self.session:
                self.call("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait(20)
            shutil.rmtree(self.directory, ignore_errors=True)
