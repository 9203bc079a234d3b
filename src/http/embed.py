#!/usr/bin/env python3
"""Writes files as constant arrays into one C++ source file: the page travels inside the binary.

    embed.py OUTPUT FILE...

Each FILE keeps its base name. The tag is the start of its SHA-256, so that it changes when the file does.
"""

import hashlib
import sys
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


def array(name, data):
    rows = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    # A trailing zero keeps an empty file's array legal; it is not part of the content.
    return f"constexpr unsigned char {name}[] = {{\n" + ",\n".join(rows + ["0"]) + "};\n"


def main():
    output, *names = sys.argv[1:]
    files = sorted((Path(name) for name in names), key=lambda path: path.name)
    if len({path.name for path in files}) != len(files):
        sys.exit("embed.py: two files have the same name")
    arrays, entries = [], []
    for number, path in enumerate(files):
        content_type = TYPES.get(path.suffix)
        if content_type is None:
            sys.exit(f"embed.py: {path}: no content type is known for '{path.suffix}'; add it to TYPES")
        data = path.read_bytes()
        tag = hashlib.sha256(data).hexdigest()[:16]
        arrays.append(array(f"kFile{number}", data))
        entries.append(f'    {{"{path.name}", "{content_type}", "\\"{tag}\\"", kFile{number}, {len(data)}}},\n')
    Path(output).write_text(
        '#include "http/assets.h"\n\nnamespace pawl::http {\nnamespace {\n\n' + "\n".join(arrays) +
        "\nconstexpr Asset kAssets[] = {\n" + "".join(entries) + "};\n\n}  // namespace\n\n"
        "std::span<const Asset> assets() { return kAssets; }\n\n}  // namespace pawl::http\n",
        encoding="utf-8")


main()
