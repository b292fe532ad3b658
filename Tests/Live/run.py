#!/usr/bin/env python3
"""Runs the rows that are named (`row01`, `1`, `killed`), or all of them. Exit code 1 when one failed.

`day` is none of all of them: it takes an hour.
"""

import importlib
import pathlib
import signal
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness

BY_NAME_ONLY = ["day"]


def chosen(names):
    modules = sorted(path.stem for path in pathlib.Path(__file__).resolve().parent.glob("row*.py"))
    if not names:
        return modules
    result = []
    for name in names:
        digits = name.removeprefix("row").lstrip("0")
        found = [name] if name in BY_NAME_ONLY else [
            module for module in modules
            if (digits in numbers(module) if digits.isdigit() else name in module)
        ]
        if not found:
            sys.exit(f"no row is called {name}; there are: {' '.join(modules + BY_NAME_ONLY)}")
        result += [module for module in found if module not in result]
    return result


def numbers(module):
    """The row numbers in a name: row01_02_attribution is rows 1 and 2."""
    return [part.lstrip("0") for part in module.removeprefix("row").split("_") if part.isdigit()]


def main():
    # So that what a row has set up is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for module in chosen(sys.argv[1:]):
        try:
            importlib.import_module(module).run()
        except Exception as problem:
            traceback.print_exc()
            harness.verdict(f"({module})", f"stopped: {problem!r}", False)
    harness.schema_verdict()
    # Once more at the end, which is all that one sees of a long run.
    for line in harness.skipped + harness.failed:
        print(line)
    print(f"{len(harness.passed)} passed, {len(harness.failed)} failed, {len(harness.skipped)} skipped")
    sys.exit(1 if harness.failed else 0)


main()
