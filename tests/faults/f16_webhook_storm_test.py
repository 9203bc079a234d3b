"""F16: many times more deliveries than the workers can do.

Refusals are 429 or 503 with Retry-After, memory stays within a bound, and every 202 is exactly one run. What has not
run when the storm is over is cancelled, which ends it too.
"""

import hashlib
import hmac
import http.client
import json
import threading
import time
import unittest

from fixture import FINAL, FaultCase, Figures, all_runs, audit, seconds, wait_for_no_containers, wait_until_idle

PIPELINES = {f"p{n}.yaml": f"""
name: p{n}
triggers: [{{webhook: {{path: h{n}, secret: [hook]}}}}]
tasks: [{{id: a, image: "{{image}}", command: "true"}}]
""" for n in range(2)}
SENDERS = 8
MEMORY_KIB = 192 * 1024


class Storm:
    """SENDERS threads, each on one connection, as fast as they are answered."""

    def __init__(self, agent, lasting_s):
        self.agent = agent
        self.deadline = time.monotonic() + lasting_s
        self.accepted, self.open, self.answers, self.bad = {}, [], {}, []
        self.lock = threading.Lock()
        threads = [threading.Thread(target=self.send, args=(number,)) for number in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def send(self, sender):
        connection = http.client.HTTPConnection("127.0.0.1", self.agent.hooks_port, timeout=60)
        number = 0
        while time.monotonic() < self.deadline:
            number += 1
            delivery = f"s{sender}-{number}"
            body = json.dumps({"delivery": delivery}).encode()
            signature = hmac.new(self.agent.secret.encode(), body, hashlib.sha256).hexdigest()
            try:
                connection.request("POST", f"/hooks/h{sender % len(PIPELINES)}", body, {
                    "Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}",
                    "X-GitHub-Delivery": delivery})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                with self.lock:
                    self.open.append(delivery)
                continue
            with self.lock:
                self.count(delivery, answer, text)
        connection.close()

    def count(self, delivery, answer, text):
        self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
        if answer.status == 202:
            self.accepted[delivery] = json.loads(text)["run_id"]
        elif answer.status not in (429, 503) or not answer.headers["Retry-After"]:
            self.bad.append((delivery, answer.status, text))


class WebhookStorm(FaultCase):
    def peak_memory_kib(self, agent):
        with open(f"/proc/{agent.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))

    def cancel_the_rest(self, agent):
        for run in all_runs(agent):
            if run["status"] not in FINAL:
                status, answer = agent.post(f"/runs/{run['id']}/cancel")
                self.assertIn(status, (202, 409), answer)  # 409: it has just ended

    def test_every_202_is_one_run_and_the_rest_is_told_to_wait(self):
        figures = Figures("F16")
        agent = self.agent(PIPELINES, workers=2, state="keep: {runs_per_pipeline: 1000000}").start()
        storm = Storm(agent, seconds(10))
        figures.more["answers"] = dict(sorted(storm.answers.items()))
        figures.more["no answer"] = len(storm.open)
        ran = sum(run["status"] in FINAL for run in all_runs(agent))
        figures.more["ran meanwhile"] = ran
        figures.more["VmHWM KiB"] = self.peak_memory_kib(agent)
        self.cancel_the_rest(agent)
        runs = wait_until_idle(agent)
        figures.tries = 1
        figures.orphans = wait_for_no_containers(agent)
        audit(figures, storm.accepted, runs)
        if not storm.open:
            figures.doubled += len(runs) - len(storm.accepted)
        self.conclude(figures)
        self.assertEqual(storm.bad, [])
        self.assertGreater(storm.answers.get(429, 0) + storm.answers.get(503, 0), 0)
        self.assertGreater(len(storm.accepted), 10 * max(ran, 1))
        self.assertLess(figures.more["VmHWM KiB"], MEMORY_KIB)


if __name__ == "__main__":
    unittest.main()
