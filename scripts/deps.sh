#!/bin/bash
# Installs the Debian packages that are missing, and says which. Without any missing it does nothing.
#   scripts/deps.sh [build|live|kernels|bench]
set -eu

case ${1:-build} in
    build)
        packages="gcc g++ libc6-dev make python3 python3-jsonschema python3-yaml
            libaudit-dev libsqlite3-dev libyaml-dev libssl-dev libcap-dev zlib1g-dev liblzma-dev libzstd-dev" ;;
    live)
        packages="auditd vim rsync git dpkg e2fsprogs util-linux busybox-static acl attr libcap2-bin" ;;
    kernels)
        packages="qemu-system-x86 debootstrap busybox-static cpio kmod xz-utils e2fsprogs" ;;
    bench)
        packages="libauparse-dev aide" ;;
    *)
        echo "usage: scripts/deps.sh [build|live|kernels|bench]" >&2
        exit 2 ;;
esac

if ! command -v swift >/dev/null; then
    echo "deps: no swift: install the Swift 6.2 toolchain or a later one from swift.org and put it on PATH" >&2
    exit 1
fi

missing=
for package in $packages; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: missing, and neither root nor sudo to install it: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

# The audit daemon comes with the tools that the live tests use. It must not run: it would own what they test.
policy=/usr/sbin/policy-rc.d
unmask=
if [[ $missing = *auditd* ]]; then
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        trap '$as_root rm -f $policy' EXIT
        $as_root chmod 755 $policy
    fi
    unmask=yes
fi

echo "deps: installing$missing"
# Another package manager may be at work, as after a boot; the network may hiccup.
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
$as_root "${apt[@]}" update -qq
# One word each.
# shellcheck disable=SC2086
$as_root "${apt[@]}" install -y -qq --no-install-recommends $missing >/dev/null

if [ -n "$unmask" ] && command -v systemctl >/dev/null; then
    # Nor may it start with the next boot.
    $as_root systemctl disable auditd.service >/dev/null 2>&1 || true
fi
