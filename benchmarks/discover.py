"""A network of strangers: how long `discover` takes, and how much memory. Devices are the lab's, on loopback.

python -m benchmarks.discover [DEVICES]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fleetctl import catalog
from fleetctl.lab import control
from fleetctl.operations.discovering import Where, addresses, asked

MAKES = ("hikvision-like", "dahua-like", "axis-like", "generic-like")


def main(count: int) -> None:
    """Ask everybody, then a range that holds them all, then one where nobody is."""
    devices = [
        {"name": f"d{n}", "address": f"127.60.{n // 250}.{n % 250 + 1}", "personality": MAKES[n % len(MAKES)]}
        for n in range(count)
    ]
    ports = ("http_port", "https_port", "rtsp_port", "discovery_port", "sadp_port", "dhip_port")
    workspace: Any = SimpleNamespace(registry=catalog.load(), known_hosts="")
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        lab = control.up({"devices": devices, **dict.fromkeys(ports, 0)}, state)
        try:
            for what, ranges, interface in (
                ("everybody near by", [], "127.0.0.1"),
                ("2,046 addresses of theirs", ["127.60.0.0/21"], None),
                ("4,094 addresses, nobody there", ["127.77.0.0/20"], None),
            ):
                where = Where(
                    interface=interface, addresses=addresses(ranges), port=lab.ports["http"], ports=lab.ports
                )  # fmt: skip
                begun, worked = time.monotonic(), time.process_time()
                found = len(asked(workspace, where).seen)
                most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                seconds, cpu = time.monotonic() - begun, time.process_time() - worked
                sys.stdout.write(f"{what}: {found} found, {seconds:.1f} s, {cpu:.1f} s of CPU, {most} MB\n")
        finally:
            control.down(state)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
