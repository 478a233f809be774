"""Sees to it that the programs which judge fleetctl are there: `python -m tests.tools`, called by `make test`.

What is missing is installed with apt. The tests boot real hosts, so that they need root; that is said first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.judges import fetch

PROGRAMS = {  # program: Debian package
    "age": "age",
    "chromium": "chromium",  # shows the dashboard as its reader sees it
    "ffprobe": "ffmpeg",
    "onvif-util": "onvif-tools",
    "/usr/sbin/sshd": "openssh-server",
    "ip": "iproute2",
    "unshare": "util-linux",
    "pdftotext": "poppler-utils",  # reads an acceptance record as another program does
    "systemd-nspawn": "systemd-container",
    "systemd-analyze": "systemd",  # judges the units that `schedule install` writes
    "mmdebstrap": "mmdebstrap",
    "dpkg-deb": "dpkg",
    "node": "nodejs",
    "npm": "npm",
}


def main() -> int:
    """Install what is missing, then fetch the judges that come from package registries."""
    if os.geteuid() != 0:
        sys.stderr.write("make test boots real Linux hosts and needs root: sudo make test. Without root: make check\n")
        return 1
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        subprocess.run([*apt, "update"], check=True, env=environment)
        subprocess.run([*apt, "install", "-y", "--no-install-recommends", *missing], check=True, env=environment)
    return fetch.main()


if __name__ == "__main__":
    sys.exit(main())
