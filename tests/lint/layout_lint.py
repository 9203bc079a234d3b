#!/usr/bin/env python3
"""Checks the rules of the house that a compiler does not: include arrows, one third-party header in one
folder, sizes of files and functions, what core/ may not call, leftovers, executable scripts.

    layout_lint.py ROOT          prints `file:line: rule: what`, exits 1 if there is any
    layout_lint.py --self-test   plants one violation of each rule and sees it found

Lexical on purpose: comments and literals are blanked, then lines and braces are counted. A parser
(libclang) would know more, and would have to be installed, configured and kept in step with the compiler.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70

# docs/design.md, §2: who may include whom; a folder may always include itself.
ARROWS = {
    "base": [],
    "model": ["base"],
    "core": ["base", "model"],
    "config": ["base", "model"],
    "ports": ["base", "model"],
    "git": ["base", "model", "ports"],
    "docker": ["base", "model", "ports"],
    "process": ["base", "model", "ports"],
    "store": ["base", "model", "ports"],
    "exec": ["base", "model", "ports"],
    "http": ["base", "model", "ports"],
    "agent": ["base", "model", "core", "config", "ports", "git", "docker", "process", "store", "exec", "http"],
    "cli": ["base", "model", "config", "ports", "store", "http"],
    "": ["base", "agent", "cli", "git", "process"],  # main.cpp
}

# Header prefix: the one place (a folder, or a file) that may include it.
THIRD_PARTY = {
    "yaml-cpp/": "config/",
    "yaml.h": "config/",
    "git2": "git/",
    "curl/": "docker/",
    "httplib.h": "http/",
    "openssl/": "git/certificates.cpp",
    "lmdb.h": "store/",
    "zstd": "store/",
    "CLI/": "cli/",
    "sodium": "base/",
    "nlohmann/": "base/",
    "absl/": "model/zone.cpp",
    "re2/": "model/expression_pattern.cpp",
    "doctest/": "(tests only)",
}

# core/ decides from its inputs alone: no clock, no I/O, no threads, no randomness, no unordered order.
CORE_BANNED_HEADERS = {
    "chrono", "ctime", "time.h", "sys/time.h", "thread", "mutex", "shared_mutex", "condition_variable",
    "future", "atomic", "semaphore", "latch", "barrier", "stop_token", "random", "iostream", "fstream",
    "ostream", "istream", "sstream", "filesystem", "cstdio", "stdio.h", "unistd.h", "fcntl.h", "locale",
    "unordered_map", "unordered_set", "memory_resource", "sys/stat.h", "sys/socket.h", "pthread.h",
}
CORE_BANNED_CALLS = re.compile(
    r"(?<![\w.>])(?:std::|::)?"
    r"(time|clock|clock_gettime|gettimeofday|localtime|gmtime|strftime|rand|srand|random|getrandom|"
    r"getenv|setenv|fopen|open|read|write|printf|fprintf|system|popen|fork|usleep|sleep|nanosleep)\s*\(")
CORE_BANNED_NAMES = re.compile(
    r"\bstd::(chrono|thread|jthread|mutex|async|random_device|mt19937\w*|cout|cerr|clog|"
    r"unordered_(?:multi)?(?:map|set)|filesystem)\b")

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
EXIT_CALL = re.compile(r"(?<![\w.>:])(?:std::|::)?(?:quick_)?exit\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# setup asks the machine's own apt where its archive is; a written address would bypass its mirror.
ARCHIVE_HOST = re.compile("|".join(
    re.escape(".".join(parts)) for parts in
    [("deb", "debian", "org"), ("ftp", "debian", "org"), ("security", "debian", "org"),
     ("registry", "npmjs", "org"), ("pypi", "org"), ("proxy", "golang", "org")]))

CODE_SUFFIXES = {".cpp", ".h"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".js", ".css", ".html", ".in"}

TYPE_HEAD = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:inline\s+)?(?:class|struct|union|enum|namespace|extern)\b",
                       re.DOTALL)


def blank(text):
    """The text with comments, literals and preprocessor lines turned into spaces, line for line."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|'
        r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*",
        re.DOTALL | re.MULTILINE)
    return token.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def functions(code):
    """(first line, line count) of every function body in blanked code."""
    scopes = []  # "open" (namespace, class), "function", "other"
    starts = []
    head_start = 0
    found = []
    parentheses = 0
    for i, character in enumerate(code):
        if character in "([":
            parentheses += 1
        elif character in ")]":
            parentheses -= 1
        elif character == "{":
            head = code[head_start:i]
            if any(scope != "open" for scope in scopes) or parentheses > 0:
                kind = "other"
            elif TYPE_HEAD.match(head) and not head.rstrip().endswith(")"):
                kind = "open"
            elif "(" in head:
                kind = "function"
            else:
                kind = "other"
            scopes.append(kind)
            starts.append(head_start + len(head) - len(head.lstrip()))
            if kind == "open":
                head_start = i + 1
        elif character == "}" and scopes:
            kind, start = scopes.pop(), starts.pop()
            # A member's braces in a constructor's initialisers: its body is still to come.
            rest = code[i + 1:i + 80].lstrip()
            if kind == "function" and not rest.startswith((",", "{")):
                first = code.count("\n", 0, start) + 1
                found.append((first, code.count("\n", start, i) + 1))
            if kind != "other" and not (kind == "function" and rest.startswith((",", "{"))):
                head_start = i + 1
        elif character == ";" and parentheses == 0 and all(scope == "open" for scope in scopes):
            head_start = i + 1
        elif character == ":" and parentheses == 0 and all(scope == "open" for scope in scopes):
            if re.search(r"\b(public|private|protected)\s*$", code[head_start:i]):
                head_start = i + 1
    return found


class Lint:
    def __init__(self, root):
        self.root = Path(root)
        self.source = self.root / "src"
        self.problems = []

    def report(self, path, line, rule, what):
        self.problems.append(f"{path.relative_to(self.root)}:{line}: {rule}: {what}")

    def run(self):
        for path in self.files("src", TEXT_SUFFIXES):
            self.check_size(path)
            self.check_leftovers(path)
            if path.suffix in CODE_SUFFIXES:
                self.check_code(path)
        for path in self.files("tests", CODE_SUFFIXES | {".py", ".sh"}):
            self.check_size(path)
        self.check_scripts()
        self.check_archive_hosts()
        return self.problems

    def files(self, folder, suffixes):
        return sorted(path for path in (self.root / folder).rglob("*")
                      if path.is_file() and path.suffix in suffixes)

    def check_size(self, path):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MAX_FILE_LINES:
            self.report(path, lines, "file-size", f"{lines} lines; the limit is {MAX_FILE_LINES}")

    def check_leftovers(self, path):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = LEFTOVER.search(line)
            if match:
                self.report(path, number, "leftover", f"{match.group()}: make it an issue, or do it")

    def check_code(self, path):
        text = path.read_text(encoding="utf-8")
        code = blank(text)
        name = path.relative_to(self.source).as_posix()
        folder = name.split("/")[0] if "/" in name else ""
        if folder not in ARROWS:
            self.report(path, 1, "unknown-folder", f"src/{folder} is not in docs/design.md, §2")
            return
        if path.suffix == ".h" and "#pragma once" not in text:
            self.report(path, 1, "pragma-once", "a header starts with #pragma once")
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            self.check_include(path, name, folder, line, match.group(1), match.group(2))
        for first, count in functions(code):
            if count > MAX_FUNCTION_LINES:
                self.report(path, first, "function-size", f"{count} lines; the limit is {MAX_FUNCTION_LINES}")
        if folder != "":
            self.check_pattern(path, code, EXIT_CALL, "exit-call", "only main may end the process")
        if folder == "core":
            self.check_pattern(path, code, CORE_BANNED_CALLS, "core-call", "core/ is pure")
            self.check_pattern(path, code, CORE_BANNED_NAMES, "core-call", "core/ is pure")

    def check_include(self, path, name, folder, line, quote, header):
        if quote == '"':
            if not any((self.source / candidate).exists() for candidate in (header, header + ".in")):
                self.report(path, line, "include-path", f'"{header}" is not a path from src/')
                return
            other = header.split("/")[0]
            if other != folder and other not in ARROWS[folder]:
                self.report(path, line, "include-arrow", f"{folder or 'main'} may not include {other}")
            return
        for prefix, place in THIRD_PARTY.items():
            if header.startswith(prefix) and not name.startswith(place):
                self.report(path, line, "third-party", f"<{header}> belongs to {place}")
        if folder == "core" and header in CORE_BANNED_HEADERS:
            self.report(path, line, "core-header", f"core/ is pure; no <{header}>")

    def check_pattern(self, path, code, pattern, rule, why):
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            self.report(path, line, rule, f"{match.group().strip()}: {why}")

    def check_scripts(self):
        scripts = [path for folder in ("tools", ".ci") if (self.root / folder).is_dir()
                   for path in sorted((self.root / folder).iterdir()) if path.is_file()]
        for path in scripts:
            if not os.access(path, os.X_OK):
                self.report(path, 1, "script-mode", "is not executable")
            if not path.read_bytes().startswith(b"#!"):
                self.report(path, 1, "script-shebang", "has no #! line")
        libraries = self.files("tools/lib", {".sh"})
        for path in scripts + libraries:
            first = path.read_bytes().split(b"\n", 1)[0]
            if path in libraries or b"bash" in first:
                done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
                if done.returncode != 0:
                    self.report(path, 1, "script-syntax", done.stderr.strip())

    def check_archive_hosts(self):
        skipped = {".git", "build", "packagecache"}
        for folder, folders, names in os.walk(self.root):
            at_subprojects = Path(folder) == self.root / "subprojects"
            folders[:] = sorted(name for name in folders if name not in skipped and
                                (not at_subprojects or name == "packagefiles"))
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_symlink() or path.stat().st_size > 1 << 20:
                    continue
                for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
                    match = ARCHIVE_HOST.search(line)
                    if match:
                        self.report(path, number, "archive-host", f"{match.group()}: ask the machine's own apt")


CLEAN = {
    "src/base/result.h": "#pragma once\nnamespace pawl { struct Error { int kind; }; }\n",
    "src/model/zone.cpp": "#include <absl/time/time.h>\n#include \"base/result.h\"\n",
    "src/core/step.cpp": ("#include \"base/result.h\"\n#include <map>\n"
                          "// time(nullptr) in a comment, \"rand()\" in a string, are neither\n"
                          "const char* text() { return \"rand() std::thread\"; }\n"
                          "int next(int read) { return runs.time(read) + state->open(1); }\n"),
    "src/main.cpp": "#include \"base/result.h\"\nint main() { exit(0); }\n",
    "tools/build": "#!/bin/sh\n",
    "tools/lib/common.sh": "true\n",
}

# rule: (file, content); each is the only thing wrong with the tree it is planted in.
VIOLATIONS = {
    "include-arrow": ("src/model/a.cpp", '#include "core/step.h"\n'),
    "include-path": ("src/model/a.cpp", '#include "result.h"\n'),
    "third-party": ("src/model/a.cpp", "#include <absl/time/time.h>\n"),
    "core-header": ("src/core/a.cpp", "#include <unordered_map>\n"),
    "core-call": ("src/core/a.cpp", "long now() { return time(nullptr); }\n"),
    "exit-call": ("src/base/a.cpp", "void stop() { std::exit(1); }\n"),
    "pragma-once": ("src/base/a.h", "int x();\n"),
    "leftover": ("src/base/a.cpp", "// TO" "DO: later\n"),
    "unknown-folder": ("src/util/a.cpp", "int x;\n"),
    "file-size": ("src/base/a.cpp", "int x();\n" * (MAX_FILE_LINES + 1)),
    "function-size": ("src/base/a.cpp", "namespace a {\nstruct B {\n  B() : x_{1}, y_(2) {\n" +
                      "    x_ = 1;\n" * MAX_FUNCTION_LINES + "  }\n};\n}\n"),
    "script-mode": ("tools/plain", "#!/bin/sh\n"),
    "script-shebang": ("tools/bare", "true\n"),
    "script-syntax": ("tools/lib/broken.sh", "if true; then\n"),
    "archive-host": ("tools/lib/mirror.sh", "m=http://deb" ".debian.org/debian\n"),
}


def plant(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        if name.startswith("tools/") and "plain" not in name:
            path.chmod(0o755)


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder), CLEAN)
        clean = Lint(folder).run()
        if clean:
            failures.append(f"the clean tree is reported: {clean}")
    for rule, (name, content) in VIOLATIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            plant(Path(folder), CLEAN)
            plant(Path(folder), {"src/core/step.h": "#pragma once\n"})
            plant(Path(folder), {name: content})
            problems = Lint(folder).run()
            if len(problems) != 1 or f": {rule}: " not in problems[0] or not problems[0].startswith(name):
                failures.append(f"{rule}: planted in {name}, reported: {problems}")
    for failure in failures:
        print(failure)
    print(f"{len(VIOLATIONS) + 1 - len(failures)} checks passed, {len(failures)} failed")
    return 1 if failures else 0


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    if sys.argv[1] == "--self-test":
        return self_test()
    problems = Lint(sys.argv[1]).run()
    print("\n".join(problems + [f"{len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
