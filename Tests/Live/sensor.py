"""A `vedette run` with a root of its own."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from harness import ROOT, check_schema, note

PROGRAM = os.environ.get("VEDETTE", str(ROOT / ".build" / "release" / "vedette"))


class Sensor:
    """A `vedette run` that runs inside a `with` block; what it keeps is below `root`, which the caller owns.

    `watches` are paths, or dictionaries as in the configuration; `more` is YAML for the end of the file.
    """

    READY_WITHIN = 60.0

    def __init__(self, root, watches, more="", wrapper=()):
        self.root = pathlib.Path(root)
        self.configuration = self.root / "etc/vedette/vedette.yml"
        self.alerts = self.root / "var/log/vedette/alerts.json"
        self.database = self.root / "var/lib/vedette/baseline.db"
        self.command = [*wrapper, PROGRAM, "run", "--root", str(root)]
        self.process = None
        self.errors = None
        self.configure(watches, more)

    def configure(self, watches, more=""):
        self.configuration.parent.mkdir(parents=True, exist_ok=True)
        entries = [{"path": str(watch)} if not isinstance(watch, dict) else watch for watch in watches]
        # JSON is YAML.
        text = "fim:\n  watches:\n" + "".join(f"    - {json.dumps(entry)}\n" for entry in entries) + more
        self.configuration.write_text(text)

    def spawn(self):
        """Only starts it."""
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)
        return self

    def __enter__(self):
        self.spawn()
        if not self.wait_until(lambda status: status, self.READY_WITHIN):
            self.kill()
            raise RuntimeError(f"{' '.join(self.command)}: not ready\n{self.said}")
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()

    @property
    def pid(self):
        return self.process.pid

    @property
    def said(self):
        """Everything on its standard error so far."""
        # Not read(2): the place in the file is its too.
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), size, 0).decode("utf-8", "replace")

    def ask(self, *words):
        return subprocess.run([PROGRAM, *words, "--root", str(self.root)], capture_output=True)

    def request(self, line):
        """What the control socket answers (docs/control-socket.md)."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.root / "run/vedette/control.sock"))
            connection.sendall(line.encode() + b"\n")
            return json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))

    def scan(self, path, timeout=120.0):
        """Asks for a scan of a watch. Returns the event that says that it has ended; None when it did not."""
        seen = len(self.lines())
        refused = self.request(f"scan {path}").get("error")
        if refused:
            note(f"scan {path}: {refused}")
            return None
        return self.wait_for(
            lambda event: event["event"]["sequence"] > seen and event["event"]["action"] == "scan"
            and event["file"]["path"] == str(path) and event["vedette"]["scan"]["reason"] == "request", timeout)

    @property
    def status(self):
        """The report; None when nobody answers."""
        answer = self.ask("status", "--json")
        return json.loads(answer.stdout) if answer.returncode != 1 and answer.stdout else None

    def wait_until(self, predicate, timeout):
        """The first report for which `predicate(report)` is true; None when the time is up or it has ended."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            report = self.status
            if report is not None and predicate(report):
                return report
            time.sleep(0.2)
        return None

    def wait_settled(self, timeout=120.0):
        """Waits until the baseline is up to date, three reports in a row."""
        streak = []

        def is_settled(report):
            streak.append(report["time"] if report["baseline"]["state"] == "up to date" else None)
            last = [one for one in dict.fromkeys(streak[-100:]) if one is not None]
            if streak[-1] is None:
                streak.clear()
            return len(last) >= 3 and None not in streak

        return self.wait_until(is_settled, timeout)

    def lines(self):
        """The lines of all alert files, oldest first."""
        files = sorted(
            self.alerts.parent.glob("alerts.json*"),
            key=lambda path: -int(path.suffix[1:]) if path.suffix[1:].isdigit() else 1)
        return [line for path in files for line in path.read_bytes().splitlines(keepends=True)]

    def events(self):
        is_running = self.process.poll() is None
        lines = self.lines()
        # The kernel shows a reader the beginning of what is being written.
        if is_running and lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        return [json.loads(line) for line in lines]

    def changes(self):
        return [event for event in self.events() if event["event"]["dataset"] == "vedette.file"]

    def wait_for(self, predicate, timeout=10.0):
        """The first event for which `predicate(event)` is true; None after `timeout`."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events():
                if predicate(event):
                    return event
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.1)

    def wait_said(self, text, count=1, timeout=15.0):
        """Whether it says `text` on standard error, so many times in all."""
        deadline = time.monotonic() + timeout
        while self.said.count(text) < count:
            if time.monotonic() >= deadline or self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return True

    def stop(self, timeout=30.0):
        """Ends it as systemd does. Returns the exit code; a hanging one is killed: -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def check_schema(self, most=2_000):
        """Holds the last lines against the schema."""
        check_schema(self.lines()[-most:])

    def explain(self):
        for line in self.said.splitlines()[-20:]:
            note(line)
