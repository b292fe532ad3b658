#!/usr/bin/env python3
"""Checks JSON lines on standard input against a JSON schema: validate_events.py SCHEMA < LINES

Prints the first violations and exits with 1; exits with 2 without the jsonschema module (python3-jsonschema),
and with 1 on no input at all.
"""

import json
import sys

MOST_REPORTED = 5


def innermost(error):
    """The deepest cause of a failed alternative: what the writer of the line wants to read."""
    while error.context:
        error = max(error.context, key=lambda cause: (len(cause.absolute_path), -len(cause.absolute_schema_path)))
    return error


def main():
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        print("validate_events: python3-jsonschema is not installed", file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    lines = reported = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        lines += 1
        try:
            event = json.loads(line.decode("utf-8"))
            faults = [
                "/".join(map(str, cause.absolute_path)) + ": " + cause.message
                for cause in map(innermost, validator.iter_errors(event))
            ]
        except ValueError as error:
            faults = [str(error)]
        for fault in faults:
            reported += 1
            if reported <= MOST_REPORTED:
                print(f"line {number}: {fault[:600]}")
    if lines == 0:
        print("no line to check")
        return 1
    if reported > MOST_REPORTED:
        print(f"and {reported - MOST_REPORTED} more")
    if reported == 0:
        print(f"{lines} lines are as the schema says")
    return 1 if reported else 0


if __name__ == "__main__":
    sys.exit(main())
