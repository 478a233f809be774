"""The one image all test hosts boot from: a plain Debian with the packages that the roles want, built once.

`python tests/hosts/image.py` builds it beside the checkout in .cache/hosts (git-ignored), from the mirror that this
machine's own apt sources name. Needs root, mmdebstrap and systemd-container.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).resolve().parents[2] / ".cache" / "hosts"
SOURCES: Final = Path("/etc/apt")
SUITE: Final = "bookworm"

# What a Debian installer would leave behind, and what tests look with.
PLAIN: Final = (
    "ca-certificates curl dbus iproute2 iputils-ping less libpam-systemd locales openssh-server procps psmisc "
    "python3 python3-apt sudo systemd systemd-sysv tzdata udev"
)
# What the roles install; they are in the image so that no test waits for a mirror.
ROLES: Final = (
    "chrony nftables rsyslog unattended-upgrades logrotate motion cups cups-client "
    "sway swayidle swaybg wvkbd wlr-randr grim libgl1-mesa-dri fonts-noto-core chromium "
    "dconf-cli dconf-gsettings-backend libnss3-tools"
)
FLEET_USER: Final = "fleetctl"

_SETUP: Final = f"""
useradd --create-home --shell /bin/bash --groups sudo {FLEET_USER}
rm -f /etc/ssh/ssh_host_* /etc/machine-id && touch /etc/machine-id
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl disable cups-browsed.service cups.service motion.service nftables.service || true
systemctl mask systemd-udevd.service systemd-networkd-wait-online.service console-getty.service
echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list
rm -rf /etc/apt/sources.list.d/* /var/cache/apt/archives/*.deb /usr/share/doc /usr/share/man /usr/share/locale
mkdir -p /etc/systemd/system/chrony.service.d /repo
printf '[Unit]\\nConditionCapability=\\n' > /etc/systemd/system/chrony.service.d/no-clock.conf
echo 'DAEMON_OPTS="-F 1 -x"' > /etc/default/chrony
"""


def build(cache: Path = CACHE) -> Path:
    """Return the image's root file system, made if it is not there yet; raises RuntimeError with the reason."""
    made = cache / f"image-{_digest()}"
    if made.is_dir():
        return made
    if os.geteuid() != 0:
        raise RuntimeError("building the image of the test hosts needs root")
    if missing := [name for name in ("mmdebstrap", "systemd-nspawn", "dpkg-deb") if shutil.which(name) is None]:
        raise RuntimeError(f"missing: {', '.join(missing)}; apt-get install systemd-container mmdebstrap")
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not made.is_dir():
            half = cache / f"half-{os.getpid()}"
            shutil.rmtree(half, ignore_errors=True)
            try:
                _build(half, made)
            finally:
                shutil.rmtree(half, ignore_errors=True)
            for old in (*cache.glob("image-*"), *cache.glob("compiled-*")):
                if old != made:
                    shutil.rmtree(old)
    return made


def there(cache: Path = CACHE) -> bool:
    """Tell whether the image has been made."""
    return (cache / f"image-{_digest()}").is_dir()


def compiled(cache: Path = CACHE) -> Path:
    """Return the folder where the machines of the image keep what Python compiled there; see compiled.py."""
    folder = cache / f"compiled-{_digest()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _digest() -> str:
    return hashlib.sha256(repr((SUITE, PLAIN, ROLES, _SETUP)).encode()).hexdigest()[:12]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(half: Path, made: Path) -> None:
    root = half / "root"
    half.mkdir(parents=True)
    _call(
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join((PLAIN + ' ' + ROLES).split())}",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        f"--customize-hook=chroot \"$1\" sh -ec '{_quoted(_SETUP)}'",
        SUITE,
        str(root),
        *_sources(),
    )
    root.rename(made)


def _quoted(script: str) -> str:
    return script.replace("'", "'\\''")


def _sources() -> Sequence[str]:
    """Return the files of this machine's apt sources that name Debian's suite; raises RuntimeError if there are none."""  # noqa: E501
    files = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))]
    found = [str(file) for file in files if file.is_file() and _names_suite(file.read_text(encoding="utf-8"))]
    if not found:
        raise RuntimeError(f"{SOURCES} names no mirror of {SUITE}")
    return found


def _names_suite(text: str) -> bool:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return any(SUITE in line.split() for line in lines)


def _call(*command: str) -> None:
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
