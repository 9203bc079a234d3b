"""F2: a power cut under load.

The state lies on an ext4 filesystem in an image, the image on XFS, and
`cp --reflink` copies it while the agent writes: what had not reached the device at that moment is not in the copy.

A real device may also write its cache in another order, or in part; such a copy is one moment of the whole image.
The control is the same agent with MDB_NOSYNC, which has to fail: it shows that the test would notice.
"""

import os
import subprocess
import time
import unittest

from fixture import PAWL, Deliveries, FaultCase, Figures, LoopFilesystem, all_runs, rounds, seeded, wait_for

# No container is started: every run fails soon, and the store has all the more to write.
PIPELINES = {"p.yaml": """
name: p
triggers: [{webhook: {path: h, secret: [hook]}}]
tasks: [{id: a, image: "nowhere.invalid/x:1", command: "true"}]
"""}
NOSYNC = os.environ.get("PAWL_NOSYNC_BINARY") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release", "tests", "faults", "pawl-nosync")
SENDERS = 3
KEEP_ALL = "keep: {age: 0, runs_per_pipeline: 0}"  # what retention removes is not lost


class PowerCut(FaultCase):
    def loaded_agent(self, program):
        """The image of a disk that an agent writes to all the time, and who makes it write.

        The store is made by the agent that ships: what the control loses is deliveries, and not the store.
        """
        outer = self.small_filesystem(2 << 30, "xfs")
        image = os.path.join(outer.path, "disk")
        inner = self.small_filesystem(256 << 20, image=image)
        agent = self.agent(PIPELINES, state=KEEP_ALL, state_directory=os.path.join(inner.path, "state"))
        agent.start()
        agent.stop()
        agent.program = [program]
        agent.start()
        senders = [Deliveries(agent, "h", prefix=f"s{number}").start() for number in range(SENDERS)]
        self.addCleanup(lambda: [sender.stop() for sender in senders])
        wait_for("deliveries to be accepted", lambda: all(len(sender.accepted) > 10 for sender in senders))
        return image, senders

    def cut(self, image, senders):
        """(the copy's path, {delivery: run id} of what was acknowledged before it was made)"""
        accepted = {}
        for sender in senders:
            accepted |= dict(sender.accepted)
        copy = f"{image}.cut"
        subprocess.run(["cp", "--reflink=always", image, copy], check=True)
        return copy, accepted

    def found_in(self, copy):
        """{run id: run} of an agent that starts on the copy. It has no engine: the containers are another's."""
        filesystem = LoopFilesystem(0, image=copy, make=False)
        agent = self.agent(PIPELINES, image=False, engine_socket="/nonexistent/docker.sock", state=KEEP_ALL,
                           state_directory=os.path.join(filesystem.path, "state"))
        try:
            agent.start(wait_for_pipelines=False)
            return {run["id"]: run for run in all_runs(agent)}
        finally:
            agent.close()
            filesystem.close()
            os.unlink(copy)

    def count(self, figures, accepted, found):
        figures.accepted += len(accepted)
        for delivery, run_id in accepted.items():
            if run_id not in found or delivery not in found[run_id]["trigger"]["identity"]:
                figures.lost += 1
        identities = [run["trigger"]["identity"] for run in found.values()]
        figures.doubled += len(identities) - len(set(identities))

    def test_every_acknowledged_delivery_is_in_the_copy(self):
        figures, random = Figures("F2"), seeded("F2")
        image, senders = self.loaded_agent(PAWL)
        for _ in range(rounds(6)):
            time.sleep(random.uniform(0, 1))  # the moment of the fault, not a wait for anything
            copy, accepted = self.cut(image, senders)
            self.count(figures, accepted, self.found_in(copy))
            figures.tries += 1
        self.conclude(figures)

    def test_the_control_without_sync_loses_some(self):
        figures = Figures("F2 control, MDB_NOSYNC")
        image, senders = self.loaded_agent(NOSYNC)
        copy, accepted = self.cut(image, senders)
        figures.tries = 1
        self.count(figures, accepted, self.found_in(copy))
        figures.show()
        self.assertGreater(figures.lost, 0)


if __name__ == "__main__":
    unittest.main()
