#!/usr/bin/env python3
"""The table of kind of change × kernel, in Markdown, from what the live tests' row of kinds printed.

    Tests/Kernels/kinds_table.py 6.1=FILE 6.18=FILE…
"""

import collections
import pathlib
import re
import sys

LINE = re.compile(r"kind (\S+) (\S+) (right|unknown|wrong|missing) (.+)")
JUDGEMENTS = ["right", "unknown", "wrong", "missing"]
MODES = {"full": "all", "no-audit": "all, without audit", "no-fanotify": "all, without fanotify"}


class Findings:
    """What was found on one kernel: by mode and kind, (judgement, how)."""

    def __init__(self):
        self.modes = collections.defaultdict(dict)

    def read(self, line):
        found = LINE.fullmatch(line.strip())
        if found:
            mode, kind, judgement, how = found.groups()
            self.modes[mode][kind] = judgement, how

    def cell(self, kind):
        """Of a change that the filesystem there refuses: not possible."""
        judgement, how = self.modes["full"].get(kind, ("not possible", ""))
        return f"{judgement}, by scan" if how.startswith("scan ") else judgement

    def counts(self, mode):
        judgements = collections.Counter(judgement for judgement, _ in self.modes[mode].values())
        return ", ".join(f"{judgements[name]} {name}" for name in JUDGEMENTS if judgements[name] or name == "wrong")


def table(kernels):
    """Lines of Markdown; `kernels` has the findings by name of the kernel."""
    kinds = list(dict.fromkeys(kind for one in kernels.values() for kind in one.modes["full"]))
    rows = [["kind of change", *kernels], ["---"] * (len(kernels) + 1)]
    rows += [[f"`{kind}`", *(one.cell(kind) for one in kernels.values())] for kind in kinds]
    rows += [[f"**{title}**", *(one.counts(mode) for one in kernels.values())] for mode, title in MODES.items()]
    return ["| " + " | ".join(row) + " |" for row in rows]


def main():
    kernels = {}
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        kernels[name] = Findings()
        for line in pathlib.Path(path).read_text(errors="replace").splitlines():
            kernels[name].read(line)
    print("\n".join(table(kernels)))


if __name__ == "__main__":
    main()
