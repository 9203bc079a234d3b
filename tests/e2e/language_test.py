"""Every key of the pipeline language has a test (language.py), and the tests."""

import json
import os
import unittest

from language import COVERED
from language_tasks import Containers, Flow, Places  # noqa: F401 (unittest runs them from here)
from language_values import Triggers, Values  # noqa: F401

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "config", "pipeline.schema.json")


class Keys(unittest.TestCase):
    def test_every_key_of_the_language_has_a_test(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        hooks = ("on_success.", "on_failure.", "on_cancel.", "on_exit.")
        keys = {key for key in self.keys(schema, schema, "") if not key.startswith(hooks)}  # they are tasks
        self.assertGreater(len(keys), 60)
        self.assertEqual(sorted(keys - COVERED), [])

    def keys(self, schema, node, path):
        """Dotted paths of the properties, through lists, alternatives and references; older forms left out."""
        if "$ref" in node:
            target = schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            yield from self.keys(schema, target, path)
        for name, below in node.get("properties", {}).items():
            if isinstance(below, dict) and not below.get("deprecated"):
                yield f"{path}{name}"
                yield from self.keys(schema, below, f"{path}{name}.")
        for alternative in [item for word in ("anyOf", "oneOf", "allOf") for item in node.get(word, [])]:
            yield from self.keys(schema, alternative, path)
        if isinstance(node.get("items"), dict):
            yield from self.keys(schema, node["items"], path)


if __name__ == "__main__":
    unittest.main()
