"""Sees to it that the programs which judge fleetctl are there: `python -m tests.tools`, called by `make test`.

As root, what is missing is installed with apt; otherwise it is told what to install. Nothing is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.judges import fetch

PROGRAMS = {  # program: Debian package
    "ffprobe": "ffmpeg",
    "onvif-util": "onvif-tools",
    "/usr/sbin/sshd": "openssh-server",
    "ip": "iproute2",
    "unshare": "util-linux",
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "dpkg-deb": "dpkg",
    "node": "nodejs",
    "npm": "npm",
}


def main() -> int:
    """Install or tell what is missing, then fetch the judges that come from package registries."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing and os.geteuid() != 0:
        sys.stderr.write(f"make test needs programs that are not here: sudo apt-get install {' '.join(missing)}\n")
        return 1
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        subprocess.run([*apt, "update"], check=True, env=environment)
        subprocess.run([*apt, "install", "-y", "--no-install-recommends", *missing], check=True, env=environment)
    return fetch.main()


if __name__ == "__main__":
    sys.exit(main())
