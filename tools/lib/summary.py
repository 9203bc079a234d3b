#!/usr/bin/env python3
"""Adds up what Meson's test logs say:  summary.py testlog.json...

Prints one line per test program, then `N passed, N failed`, the test cases counted where the program tells
them (doctest, Python's unittest) and the program as one where it does not. Exits 1 if any failed or none
ran. A program that ends badly after all its cases passed (a leak, a crash at exit, a timeout) is one failure.
"""

import json
import re
import sys

COUNTS = [
    re.compile(r"\[doctest\] test cases:\s*\d+\s*\|\s*(?P<passed>\d+) passed\s*\|\s*(?P<failed>\d+) failed"),
    re.compile(r"^(?P<passed>\d+) (?:\w+ )?passed, (?P<failed>\d+) failed$", re.MULTILINE),
]
UNITTEST = re.compile(r"^Ran (?P<ran>\d+) tests? in .*?^(?:OK|FAILED)(?P<detail>[^\n]*)", re.MULTILINE | re.DOTALL)
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def count(output, good):
    """(passed, failed) of one program."""
    output = ESCAPE.sub("", output)
    passed = failed = 0
    for pattern in COUNTS:
        matches = list(pattern.finditer(output))
        if matches:
            passed = int(matches[-1]["passed"])
            failed = int(matches[-1]["failed"])
            break
    else:
        match = UNITTEST.search(output)
        if match:
            numbers = {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", match["detail"])}
            failed = numbers.get("failures", 0) + numbers.get("errors", 0)
            passed = int(match["ran"]) - failed - numbers.get("skipped", 0)
        elif good:
            passed = 1
    if not good and failed == 0:
        failed = 1
    return passed, failed


def main():
    total_passed = total_failed = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                # Meson: OK, FAIL, TIMEOUT, INTERRUPT, SKIP, EXPECTEDFAIL, UNEXPECTEDPASS, ERROR.
                good = test["result"] in ("OK", "EXPECTEDFAIL")
                passed, failed = count(test.get("stdout", "") + test.get("stderr", ""), good)
                total_passed += passed
                total_failed += failed
                name = test["name"].split(" / ")[-1] + (", tsan" if "/tsan/" in path else "")
                print(f"{'ok' if good else test['result']:8} {name:28} {passed} passed, {failed} failed"
                      f"  {test['duration']:.2f} s")
    if total_passed + total_failed == 0:
        print("no test ran")
        total_failed = 1
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
