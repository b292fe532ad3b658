"""What every row of the live tests needs: a running vedette, its events, and verdicts.

A row is a module `row*.py` with a function `run()`. It starts `Vedette` as a black box, makes changes on the
real kernel, and calls `verdict` for each thing that it shows, or `skip` where this host cannot show it.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTERS = ROOT / "Tests" / "TesterPrograms" / "build"

passed: list[str] = []
failed: list[str] = []
skipped: list[str] = []
lines_checked = 0
lines_refused = 0


def verdict(row, text, ok):
    """Prints `row 1 sh: … PASS` and remembers it; `row` is a number, or a number and a name ("1 sh")."""
    line = f"row {row}: {text} {'PASS' if ok else 'FAIL'}"
    (passed if ok else failed).append(line)
    print(line, flush=True)
    return ok


def tries(least, enough):
    """Numbers from 0: `least` of them, and up to ten times as many until `enough()` holds. What is hit by chance is
    tried until it is."""
    for number in range(10 * least):
        if number >= least and enough():
            return
        yield number


def unmount(place):
    """A scan or a canary may be looking at it at this very moment."""
    for _ in range(40):
        done = subprocess.run(["umount", str(place)], capture_output=True, text=True)
        if done.returncode == 0:
            return
        time.sleep(0.25)
    raise RuntimeError(done.stderr.strip())


def skip(row, reason):
    """Says loudly that a row was not run, and why."""
    line = f"row {row}: SKIPPED: {reason}"
    skipped.append(line)
    print(line, flush=True)


def check_schema(lines):
    """Holds every line against the JSON schema of events, on both cores; prints what it refuses.

    Python's jsonschema is slow: some milliseconds a line.
    """
    global lines_checked, lines_refused
    tool, schema = ROOT / "Tests/Tools/validate_events.py", ROOT / "docs/schema/event.schema.json"
    checks = []
    for part in filter(None, (lines[::2], lines[1::2])):
        check = subprocess.Popen(
            [sys.executable, str(tool), str(schema)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
        writer = threading.Thread(target=write_all, args=(check.stdin, part))
        writer.start()
        checks.append((check, writer, len(part)))
    for check, writer, count in checks:
        output = check.stdout.read().decode("utf-8", "replace")
        writer.join()
        code = check.wait()
        if code == 2:
            continue
        lines_checked += count
        if code != 0:
            lines_refused += 1
            print(output, flush=True)


def write_all(pipe, lines):
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.writelines(lines)


def schema_verdict():
    """The verdict over all lines of a run."""
    if lines_checked:
        verdict("schema", f"{lines_checked} lines held against docs/schema/event.schema.json", not lines_refused)
    else:
        skip("schema", "no lines, or no jsonschema module for this Python (python3-jsonschema)")


def note(text):
    """A line that helps to understand a verdict."""
    print(f"  {text}", flush=True)


def setting(name, default):
    """A number that the environment may change, such as VEDETTE_LIVE_TRIALS."""
    return type(default)(os.environ.get("VEDETTE_LIVE_" + name, default))


def tester(name):
    """The path of a built tester program."""
    path = TESTERS / name
    if not path.exists():
        subprocess.run(["make", "-s", "-C", str(TESTERS.parent)], check=True)
    return str(path)


@contextlib.contextmanager
def workspace():
    """A fresh directory on the host's own filesystem (VEDETTE_LIVE_DIR), removed afterwards."""
    parent = os.environ.get("VEDETTE_LIVE_DIR", "/var/lib")
    path = tempfile.mkdtemp(prefix="vedette-live.", dir=parent)
    os.chmod(path, 0o777)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def busy(loops=4):
    """So many processes that only burn processor time."""
    children = [subprocess.Popen([tester("spin")]) for _ in range(loops)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


class Vedette:
    """A `vedette watch` that runs inside a `with` block.

    `lines` has the lines so far and `events`, without `json=False`, what they say; `arrivals` has the
    CLOCK_MONOTONIC nanoseconds at which each line was read. With `output`, the path of a file, the lines go there
    and none are read here.
    """

    READY_WITHIN = 30.0

    def __init__(self, paths, *options, json=True, settle=None, output=None):
        program = os.environ.get("VEDETTE", str(ROOT / ".build" / "release" / "vedette"))
        self.command = [program, "watch", "--settle", str(settle or setting("SETTLE", 250))]
        if json:
            self.command.append("--json")
        one = isinstance(paths, (str, os.PathLike))
        self.command += [*options, *([str(paths)] if one else map(str, paths))]
        self.json = json
        self.output = output
        self._events = []
        self.lines = []
        self.arrivals = []
        self.errors = []
        self.process = None
        self.exit_code = None
        self.summary = ""
        self._ready_at = 0
        self._changed = threading.Condition()
        self._ready = threading.Event()

    def __enter__(self):
        self.spawn()
        self._readers = [threading.Thread(target=self._read_errors, daemon=True)]
        if self.process.stdout:
            self._readers.append(threading.Thread(target=self._read_events, daemon=True))
        for reader in self._readers:
            reader.start()
        if not self._ready.wait(self.READY_WITHIN) or self.process.poll() is not None:
            self.kill()
            raise RuntimeError(f"{' '.join(self.command)}: not ready\n" + "".join(self.errors))
        return self

    def spawn(self, errors=subprocess.PIPE):
        """Only starts it: nothing is read, and nobody waits until it is ready."""
        out = open(self.output, "wb") if self.output else subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        if self.output:
            out.close()
        return self.process

    def __exit__(self, *_):
        if self.exit_code is None:
            self.stop()

    @property
    def pid(self):
        return self.process.pid

    @property
    def events(self):
        """Parsed only when asked for: the reader must keep up, also when the processors are busy."""
        while len(self._events) < len(self.lines):
            self._events.append(json.loads(self.lines[len(self._events)]))
        return self._events

    @property
    def coverage(self):
        """The table of coverage, as printed at the start."""
        return "".join(self.errors[:self._ready_at])

    def _read_events(self):
        for line in self.process.stdout:
            now = time.monotonic_ns()
            with self._changed:
                self.lines.append(line)
                self.arrivals.append(now)
                self._changed.notify_all()

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.decode("utf-8", "replace"))
            if not self._ready.is_set() and line.startswith(b"watching "):
                self._ready_at = len(self.errors)
                self._ready.set()
        self._ready.set()

    def wait_for(self, predicate, timeout=10.0):
        """The first event for which `predicate(event)` is true, old ones too; None after `timeout`."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                events = self.events
                while seen < len(events):
                    if predicate(events[seen]):
                        return events[seen]
                    seen += 1
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def wait_quiet(self, seconds=1.0, timeout=30.0):
        """Waits until no line came for so long; False when `timeout` was up first."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                count = len(self.lines)
                self._changed.wait(min(seconds, max(deadline - time.monotonic(), 0)))
                if len(self.lines) == count:
                    return True
                if time.monotonic() >= deadline:
                    return False

    @property
    def is_running(self):
        """Whether it still runs: it should until it is stopped."""
        return self.process.poll() is None

    def stop(self, timeout=20.0):
        """Ends it as Ctrl-C does. Returns exit code and summary; a hanging one is killed: exit code -9."""
        if self.exit_code is None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            else:
                note(f"vedette had ended by itself with exit code {self.process.returncode}")
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self._finish()
            self.summary = "".join(self.errors[self._ready_at:])
        return self.exit_code, self.summary

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            self.process.kill()
        self._finish()

    def _finish(self):
        self.exit_code = self.process.wait()
        for reader in self._readers:
            reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()
        self.process.stderr.close()
        if self.json and self.lines:
            check_schema(self.lines)


def is_gap(event):
    """Whether an event says that something was lost."""
    return event.get("event", {}).get("action") == "gap"


def file_path(event):
    """`file.path`, or None for an event that is not about a file."""
    return event.get("file", {}).get("path")


def percentile(values, share):
    """The value below which `share` (0 to 1) of them are."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0
