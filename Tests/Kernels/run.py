#!/usr/bin/env python3
"""Runs rows of the live tests in QEMU guests, on Debian's kernels. Exit code 1 when one failed.

A guest is a small Debian 12 with what the rows need, made once and kept in `.build-kernels`; each boot starts
from it anew. No hardware virtualisation is asked for.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

from kinds_table import Findings, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORE = ROOT / ".build-kernels"
PACKAGES = (
    "python3,auditd,busybox-static,vim,rsync,git,e2fsprogs,util-linux,kmod,acl,attr,iproute2,procps,libcap2-bin,"
    # What vedette is linked with.
    "libyaml-0-2,libsqlite3-0,libssl3,libcap2")
IMMUTABLE_TRIALS = int(os.environ.get("IMMUTABLE_TRIALS", 2000))
KINDS = os.environ.get("VEDETTE_LIVE_KINDS")
ROWS = os.environ.get("ROWS", "").split()
"""Instead of the rows of a guest's job."""
PROGRAM = pathlib.Path(os.environ.get("VEDETTE", ROOT / ".build/release/vedette"))
"""`vedetted` is beside it."""
BOOT_MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"]


@dataclasses.dataclass(frozen=True)
class Boot:
    """One guest: which kernel (a Debian metapackage), what it is asked to do, how long it may take.

    `trials` is the number of writers of each kind: emulated, two thousand take a quarter of an hour.
    """

    name: str
    kernel: str
    job: str
    trials: int
    options: str = ""
    minutes: int = 10


BOOTS = [
    Boot("6.1", "linux-image-cloud-amd64", "usual", 100, minutes=20),
    Boot("6.1 audit immutable", "linux-image-cloud-amd64", "immutable", IMMUTABLE_TRIALS, minutes=30),
    Boot("6.1 audit=0", "linux-image-cloud-amd64", "unavailable", 100, "audit=0"),
    Boot("6.12", "linux-image-6.12-cloud-amd64", "newer", 100, minutes=20),
]


def run(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, **options)


def dependency(metapackage):
    """The kernel package that a metapackage stands for; None when the package lists do not have it."""
    depends = subprocess.run(["apt-cache", "depends", metapackage], capture_output=True, text=True).stdout
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    return found and found[1]


def unpacked_kernel(metapackage):
    """The directory of an unpacked kernel package, fetched when it is not there."""
    place = STORE / metapackage
    if not place.exists():
        package = dependency(metapackage)
        if package is None:
            run("apt-get", "update", "-qq")
            package = dependency(metapackage)
        print(f"fetching {package}", flush=True)
        downloads = STORE / "downloads"
        downloads.mkdir(exist_ok=True)
        run("apt-get", "download", "-qq", package, cwd=downloads)
        unpacking = STORE / f"{metapackage}.new"
        shutil.rmtree(unpacking, ignore_errors=True)
        run("dpkg-deb", "-x", next(downloads.glob(f"{package}_*.deb")), unpacking)
        unpacking.rename(place)
    return place


def base_tree():
    """A Debian 12 with the rows' programs, made when it is not there or was made of other packages."""
    tree, made_of = STORE / "tree", STORE / "tree.packages"
    if not tree.exists() or not made_of.exists() or made_of.read_text() != PACKAGES:
        making = STORE / "tree.new"
        shutil.rmtree(making, ignore_errors=True)
        print("making a Debian 12 for the guests", flush=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", making,
            stdout=subprocess.DEVNULL)
        shutil.rmtree(tree, ignore_errors=True)
        making.rename(tree)
        made_of.write_text(PACKAGES)
    return tree


def disk_image(tree, kernels):
    """A disk with the tree, the kernels' modules, and this very build."""
    for kernel in kernels:
        for modules in (kernel / "lib/modules").iterdir():
            target = tree / "lib/modules" / modules.name
            if not target.exists():
                shutil.copytree(modules, target, symlinks=True)
                run("chroot", tree, "depmod", modules.name)
    ours = tree / "vedette"
    shutil.rmtree(ours, ignore_errors=True)
    for path in ["Tests/Live", "Tests/Tools", "Tests/TesterPrograms/build", "docs/schema"]:
        shutil.copytree(ROOT / path, ours / path)
    programs = ours / ".build/release"
    programs.mkdir(parents=True)
    for name in ["vedette", "vedetted"]:
        shutil.copy(PROGRAM.with_name(name), programs / name)
    shutil.copy(ROOT / "Tests/Kernels/guest.sh", ours / "guest.sh")
    image = STORE / "disk"
    image.unlink(missing_ok=True)
    run("mke2fs", "-q", "-t", "ext4", "-d", tree, image, "2G")
    return image


def initial_ramdisk(kernel):
    """What loads the disk's drivers and goes on there."""
    place = STORE / "ramdisk"
    shutil.rmtree(place, ignore_errors=True)
    for name in ["bin", "dev", "proc", "root"]:
        (place / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", place / "bin/busybox")
    lines = ["#!/bin/busybox sh", "/bin/busybox mount -t devtmpfs dev /dev", "/bin/busybox mount -t proc proc /proc"]
    for name in BOOT_MODULES:
        for module in (kernel / "lib/modules").glob(f"*/kernel/drivers/*/{name}.ko*"):
            content = module.read_bytes()
            if module.suffix == ".xz":
                content = run("xz", "-dc", module, capture_output=True).stdout
            (place / f"{name}.ko").write_bytes(content)
            lines.append(f"/bin/busybox insmod /{name}.ko")
    lines += ["/bin/busybox mount -t ext4 /dev/vda /root", "/bin/busybox umount /proc",
              "exec /bin/busybox switch_root /root /vedette/guest.sh"]
    (place / "init").write_text("\n".join(lines) + "\n")
    (place / "init").chmod(0o755)
    archive = STORE / "ramdisk.cpio"
    run("sh", "-c", f"find . | cpio -o -H newc --quiet > {archive}", cwd=place)
    return archive


def boot(one, kernel, image, findings):
    """Boots one guest, prints what it prints and keeps it in a log. Returns what it passed, failed and skipped, or
    None."""
    print(f"=== guest {one.name}", flush=True)
    started = time.monotonic()
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "2048", "-smp", "2",
        "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel",
        str(next((kernel / "boot").glob("vmlinuz-*"))), "-initrd", str(initial_ramdisk(kernel)),
        "-drive", f"file={image},if=virtio,format=raw,snapshot=on",
        "-append", f"console=ttyS0 quiet panic=-1 vedette.job={one.job} vedette.trials={one.trials} {one.options}"
        + (f" vedette.kinds={KINDS}" if KINDS else "") + (f" vedette.rows={','.join(ROWS)}" if ROWS else ""),
    ]
    guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    limit = threading.Timer(one.minutes * 60, guest.kill)
    limit.start()
    result = None
    log = open(STORE / f"{one.name}.log", "w")
    try:
        for line in guest.stdout:
            text = line.decode("utf-8", "replace").rstrip()
            print(f"  {text}", flush=True)
            print(text, file=log)
            findings.read(text)
            # The kernel may have a word of its own on the same line.
            counts = re.search(r"(\d+) passed, (\d+) failed, (\d+) skipped", text)
            if counts:
                result = tuple(map(int, counts.groups()))
    finally:
        limit.cancel()
        log.close()
        guest.kill()
        guest.wait()
    print(f"=== guest {one.name}: {result or 'no result'}, {time.monotonic() - started:.0f} s", flush=True)
    return result


def main():
    STORE.mkdir(exist_ok=True)
    chosen = [one for one in BOOTS if not sys.argv[1:] or any(word in one.name for word in sys.argv[1:])]
    try:
        kernels = {one.kernel: unpacked_kernel(one.kernel) for one in chosen}
        tree = base_tree()
    except (subprocess.CalledProcessError, TypeError, StopIteration) as problem:
        print(f"SKIPPED: the guests' packages cannot be had here: {problem}")
        sys.exit(0)
    image = disk_image(tree, kernels.values())
    findings = {one.name: Findings() for one in chosen}
    results = [boot(one, kernels[one.kernel], image, findings[one.name]) for one in chosen]
    shown = {name: one for name, one in findings.items() if one.modes}
    print("\n".join(table(shown) if shown else []))
    failures = sum(1 if result is None else result[1] for result in results)
    done = [result for result in results if result]
    print(f"{sum(one[0] for one in done)} passed, {failures} failed, {sum(one[2] for one in done)} skipped")
    sys.exit(1 if failures or not results else 0)


main()
