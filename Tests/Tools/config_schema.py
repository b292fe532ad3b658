#!/usr/bin/env python3
"""Checks that the schema of the configuration judges as the parser does: config_schema.py [FIXTURES [SCHEMA]]

Files in FIXTURES/good must be valid, those in FIXTURES/bad must not; docs/vedette.yml must be valid. What only the
parser can refuse is in FIXTURES/beyond-schema, and must not be refused by the schema: else it belongs in bad.
Exits with 1 when a file is judged otherwise, with 2 without python3-jsonschema or python3-yaml.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def core_loader(yaml):
    """A loader by YAML 1.2's core schema, as the parser reads: `yes` and `12:30` are text."""

    class CoreLoader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}

    patterns = {
        "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        "float": (
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
            list("-+.0123456789"),
        ),
    }
    for name, (pattern, first) in patterns.items():
        CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), first)
    CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: whole_number(node.value))
    return CoreLoader


def whole_number(text):
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def judge(path, validator, yaml, loader):
    """What is wrong with the file; empty when it is valid, `None` when it is not even a tree of plain values."""
    try:
        document = yaml.load(path.read_bytes(), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError):
        return None
    return [error.message[:100] for error in validator.iter_errors({} if document is None else document)]


def main():
    try:
        import yaml
        from jsonschema import Draft202012Validator
    except ImportError as error:
        print(f"config_schema: {error}: install python3-jsonschema and python3-yaml", file=sys.stderr)
        return 2
    import json

    fixtures = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Tests/ConfigurationTests/Fixtures"
    schema_path = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs/schema/config.schema.json"
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    loader = core_loader(yaml)
    wrong = count = 0
    expected = {"good": (False,), "bad": (True,), "beyond-schema": (False, None)}
    files = [(path, verdicts) for name, verdicts in expected.items() for path in sorted((fixtures / name).glob("*.yml"))]
    files.append((ROOT / "docs/vedette.yml", (False,)))
    for path, verdicts in files:
        count += 1
        faults = judge(path, validator, yaml, loader)
        if (None if faults is None else bool(faults)) not in verdicts:
            wrong += 1
            print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {faults or 'not refused'}")
    if count < 10:
        print(f"only {count} files in {fixtures}")
        return 1
    print(f"{count} files, {wrong} judged otherwise than by the parser")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
