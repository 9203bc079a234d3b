#!/usr/bin/env python3
"""Runs one fuzz target, and fails when it finds something:

    run_fuzzer.py TARGET CORPUS DICTIONARY WORK [--seconds N] [--seed N] [--merge]

New inputs that reach new code go to WORK/found, and are started from the next time; CORPUS stays as it is, unless --merge
copies into it those that add something to it. An input that crashes the target, or takes it 5 s or 1 GB, is kept in
WORK/broken. Ends with one line of figures.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 5
MEMORY_MB = 1024
# Longer inputs slow the search down, and what is over a bound has its unit tests.
INPUT_BYTES = 16 * 1024


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("target", "corpus", "dictionary", "work"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("PAWL_FUZZ_SECONDS", "60")))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--merge", action="store_true")
    return parser.parse_args()


def limits():
    return [f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={INPUT_BYTES}"]


def fuzz(options, found, broken):
    """The fuzzer's exit code, and what it printed; the output goes to WORK/log as it comes."""
    command = [options.target, found, options.corpus, *limits(), f"-dict={options.dictionary}",
               f"-max_total_time={options.seconds}", f"-seed={options.seed}",
               f"-artifact_prefix={broken}/", "-print_final_stats=1"]
    log = options.work / "log"
    with open(log, "wb") as output:
        code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    return code, log.read_text(encoding="utf-8", errors="replace")


def merge(options, found, broken):
    """How many inputs of `found` the corpus has got."""
    before = len(list(options.corpus.iterdir()))
    subprocess.run([options.target, "-merge=1", options.corpus, found, *limits(), f"-artifact_prefix={broken}/"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return len(list(options.corpus.iterdir())) - before


def last(pattern, text):
    matches = re.findall(pattern, text)
    return matches[-1] if matches else "?"


def main():
    options = arguments()
    found, broken = options.work / "found", options.work / "broken"
    for folder in (found, broken):
        folder.mkdir(parents=True, exist_ok=True)
    known = set(broken.iterdir())
    code, output = fuzz(options, found, broken)
    name = options.target.name
    if code != 0:
        print(output[-6000:])
        print(f"{name} has found something (exit code {code})")
        for path in sorted(set(broken.iterdir()) - known):
            print(f"again: {options.target} {path}")
        print(f"a regression test is a copy of it in {options.corpus}")
        return 1
    added = f", {merge(options, found, broken)} inputs added to the corpus" if options.merge else ""
    print(f"{name}: {last(r'number_of_executed_units: ([0-9]+)', output)} executions in {options.seconds} s, "
          f"{last(r'cov: ([0-9]+)', output)} edges, {last(r'ft: ([0-9]+)', output)} features, "
          f"{last(r'peak_rss_mb: *([0-9]+)', output)} MB at most{added}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
