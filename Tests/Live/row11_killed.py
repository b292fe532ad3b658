"""Row 11: kill -9 while audit rules are in and events flow, again and again: what is left, and who waited."""

import os
import random
import shutil
import subprocess
import time

from harness import Vedette, note, setting, skip, tester, verdict, workspace

SETTINGS = ["enabled", "failure", "pid", "rate_limit", "backlog_limit", "backlog_wait_time"]

BLOCKED = 1_000_000
"""Microseconds: a writer that waits for audit's backlog waits for seconds."""


def run():
    if shutil.which("auditctl") is None:
        skip(11, "auditctl is missing (apt-get install auditd)")
        return
    kills = setting("KILLS", 50)
    chance = random.Random(setting("SEED", 11))
    rules, settings, waited = audit_rules(), audit_settings(), audit_waited()
    if settings["enabled"] == "2":
        skip(11, "audit is immutable on this host until it reboots")
        return
    with workspace() as directory:
        alone = writer_latency(directory, lambda: time.sleep(3))
        with Vedette(directory):
            # From now on every new process has an audit context, the writers too.
            pass
        seen = []
        during = writer_latency(directory, lambda: seen.extend(kill_often(directory, kills, chance)))
        left = audit_rules()
        with Vedette(directory) as vedette:
            own = [rule for rule in audit_rules() if "vedette" in rule]
            events = bool(vedette.wait_for(lambda _: True)) if touch(directory) else False
            code, _ = vedette.stop()
    verdict(11, f"{kills} kills, {seen.count(True)} of them with own rules in the kernel (after the last one "
            f"there were {len(left)} rules); the next start had {len(own)} and heard events: {events}",
            seen.count(True) > kills / 4 and own and events and code == 0)
    same_rules = verdict(11, f"rules after the next stop: {len(audit_rules())}, before: {len(rules)}",
                         audit_rules() == rules)
    if not same_rules:
        for rule in audit_rules():
            note(rule)
    now = audit_settings()
    changed = [name for name in SETTINGS if settings[name] != now[name]]
    differences = [f"{name} {settings[name]} became {now[name]}" for name in changed]
    text = "; ".join(differences) or "as before"
    verdict(11, f"settings after the next stop: {text}", not differences)
    verdict(11, f"a writer's open+write+close: p50 {during[1]} us, p99 {during[2]} us, at most "
            f"{during[3]} us in {during[0]} rounds (alone: p50 {alone[1]}, p99 {alone[2]}, at most {alone[3]}"
            f"); bar {BLOCKED} us",
            0 < during[3] <= BLOCKED)
    if waited is not None:
        verdict(11, f"all that anybody waited for audit's backlog (the kernel's count): {waited} before, "
                f"{audit_waited()} after", audit_waited() == waited)


def writer_latency(directory, body):
    """Runs `body` beside a writer. Returns rounds, p50, p99 and maximum in microseconds."""
    writer = subprocess.Popen(
        [tester("latency"), os.path.join(directory, "written"), "2"], stdout=subprocess.PIPE, text=True)
    try:
        body()
    finally:
        writer.terminate()
        output = writer.communicate()[0]
    return [int(word) for word in output.split()]


def kill_often(directory, kills, chance):
    """Kills it at random moments, also while it starts. Yields whether own rules were in the kernel then."""
    churn = subprocess.Popen(
        [tester("churn"), directory, str(kills * 10)], stdout=subprocess.DEVNULL)
    try:
        for number in range(kills):
            vedette = Vedette(directory, output=os.devnull)
            if number % 3 == 0:
                vedette.spawn(errors=subprocess.DEVNULL)
                time.sleep(chance.uniform(0, 0.5))
                vedette.process.kill()
                vedette.process.wait()
            else:
                vedette.__enter__()
                time.sleep(chance.uniform(0, 0.5))
                vedette.kill()
            yield any("vedette" in rule for rule in audit_rules())
            # Now and then nobody listens for long enough to fill a backlog.
            time.sleep(2 if number % 10 == 9 else chance.uniform(0, 0.1))
    finally:
        churn.kill()
        churn.wait()


def touch(directory):
    with open(os.path.join(directory, "touched"), "w") as file:
        file.write("x\n")
    return True


def audit_rules():
    lines = subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if line != "No rules"]


def audit_settings():
    values = audit_status()
    return {name: values.get(name) for name in SETTINGS}


def audit_waited():
    """How long processes were held up by a full backlog since boot; None on kernels before 5.9."""
    return audit_status().get("backlog_wait_time_actual")


def audit_status():
    lines = subprocess.run(["auditctl", "-s"], capture_output=True, text=True).stdout.splitlines()
    return dict(line.split()[:2] for line in lines if len(line.split()) > 1)
