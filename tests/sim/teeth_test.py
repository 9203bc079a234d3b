#!/usr/bin/env python3
"""Runs the simulator over each deliberate bug (bugs.py) and prints how many seeds it took to find it.

    teeth_test.py PROGRAM...   one simulator for each bug, named sim-bug-NAME; fails if one finds nothing
"""

import os
import re
import subprocess
import sys
from pathlib import Path

MOST_SEEDS = 2000


def hunt(program: str) -> tuple[int | None, str]:
    """The first seed that shows the bug, and what it broke."""
    environment = dict(os.environ, PAWL_SIM_SEEDS=str(MOST_SEEDS))
    environment.pop("PAWL_SIM_SEED", None)
    environment.pop("PAWL_SIM_FIRST_SEED", None)
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None, "not found"
    broken = re.search(r"ERROR: seed (\d+): (.*)", done.stdout)
    if broken:
        return int(broken[1]), broken[2]
    died = re.search(r"PAWL_SIM_SEED=(\d+)", done.stderr)
    return (int(died[1]) if died else MOST_SEEDS), "the core's own assertions ended it"


def main() -> int:
    missed = 0
    print(f"{'bug':<36} {'seeds':>6}  what it broke")
    for program in sys.argv[1:]:
        seeds, what = hunt(program)
        missed += seeds is None
        name = Path(program).name.removeprefix("sim-bug-")
        print(f"{name:<36} {seeds or '-':>6}  {what}", flush=True)
    print(f"{len(sys.argv) - 1 - missed} of {len(sys.argv) - 1} bugs found")
    return 1 if missed or len(sys.argv) == 1 else 0


if __name__ == "__main__":
    sys.exit(main())
