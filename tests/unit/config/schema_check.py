#!/usr/bin/env python3
"""Holds config/pipeline.schema.json against the parser, by an independent validator.

    schema_check.py UNIT_CONFIG SCHEMA WRONG

UNIT_CONFIG is run for what the parser accepts in its tests (README and examples included): the schema has to
accept each document of it. Each document of WRONG, which those tests see refused, it has to refuse.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError as error:
    sys.exit(f"{error}; install python3-jsonschema and python3-yaml (tools/setup does)")


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, as pawl and editors read it: `on` is a text, 2024-01-01 too."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
        ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
        ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
        ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
        ("merge", r"^<<$", ["<"])]:
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), first)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(
    node.value, 10 if node.value.lstrip("-+").isdigit() else 0))
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def documents(text):
    return [document for document in yaml.load_all(text, CoreLoader) if document is not None]


def accepted_by_parser(unit_config):
    with tempfile.TemporaryDirectory(prefix="pawl-schema-") as directory:
        # Fuzzed texts are YAML that no two parsers agree on.
        subprocess.run([unit_config, "--source-file-exclude=*fuzz_test.cpp"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PAWL_ACCEPTED_DIRECTORY": directory})
        return [path.read_bytes() for path in sorted(Path(directory).iterdir())]


def main(unit_config, schema_file, wrong_file):
    schema = json.loads(Path(schema_file).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = []

    accepted = 0
    for text in accepted_by_parser(unit_config):
        for document in documents(text):
            accepted += 1
            for error in validator.iter_errors(document):
                failures.append(f"the schema refuses what the parser accepts: {error.json_path}: "
                                f"{error.message[:300]}\n{text.decode(errors='replace')[:1000]}")
    wrong = documents(Path(wrong_file).read_text())
    for document in wrong:
        if validator.is_valid(document):
            failures.append(f"the schema accepts what the parser refuses: {document}")
    print("\n".join(failures))
    print(f"{accepted} documents accepted by both, {len(wrong)} refused by both" if not failures
          else f"{len(failures)} failures")
    return 1 if failures or accepted < 100 or len(wrong) < 20 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
