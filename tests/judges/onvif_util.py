"""Runs Debian's onvif-util against one lab camera of each personality, and prints what it found, as JSON.

    python -m tests.judges.onvif_util STATE_DIR PROGRAM     in a network namespace where multicast goes to loopback

The program finds cameras by multicast only, and takes its commands from standard input. It signs every request with
the same nonce, so that two within one millisecond are a replay: the lab answers as late as a real network does.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from fleetctl.lab.personality import of
from tests.judges.labs import PASSWORD, USER, Place, running

COMMANDS = (
    "get time",
    "get profiles",
    "get video",
    "get video options",
    "get rtsp",
    "get imaging",
    "get network",
    "quit",
)


def _session(program: str, place: Place) -> str:
    command = [program, "-u", USER, "-p", PASSWORD, place.address]
    told = "\n".join((*COMMANDS, ""))
    ran = subprocess.run(command, input=told, capture_output=True, text=True, timeout=60, check=False)
    return ran.stdout


def _judged(told: str, place: Place) -> list[str]:
    """Return what is missing from a session's output, or wrong in it."""
    state, rule = place.state(), of(place.name)
    if "wsse" not in rule.schemes or rule.foreign_xaddr:
        return [] if "ERROR" in told or "successfully" not in told else ["it should not have got in"]
    profile = next(iter(state["profiles"].values()))
    encoder = state["encoders"][profile["VideoEncoder"]]
    wanted = {
        "serial number": rf"serial: {re.escape(place.serial_number)}",
        "profiles": "".join(rf"Token \d+: {re.escape(token)}\s+" for token in state["profiles"]),
        "resolution": rf"Resolution: {encoder['width']} x {encoder['height']}\s",
        "frame rate": rf"Frame Rate: {round(encoder['fps'])}\s",
        "bitrate": rf"Bit Rate:\s+{encoder['kbps']}\s",
        "stream": r"rtsp://",
        "brightness": rf"Brightness:\s+{round(state['imaging']['Brightness'])}\s",
        "address": rf"IP Address:\s+{re.escape(state['network']['address'])}\s",
    }
    wrong = [what for what, pattern in wanted.items() if not re.search(pattern, told)]
    return wrong + re.findall(r"ERROR:.*", told)


def main(state_dir: str, program: str) -> int:
    """Print {personality: {"wrong": [...], "told": "..."}}."""
    found: dict[str, Any] = {}
    more = {"http_port": 8080, "https_port": -1, "rtsp_port": 8554, "discovery_port": 3702, "latency_ms": 3}
    with running(Path(state_dir), nat=False, **more) as places:  # it shows the interface it came in by
        everybody = subprocess.run([program, "-a"], capture_output=True, text=True, timeout=60, check=True).stdout
        for name, place in places.items():
            told = _session(program, place)
            wrong = _judged(told, place)
            if f"{place.address} " not in everybody and not of(name).foreign_xaddr:
                wrong.insert(0, "onvif-util -a does not find it")
            found[name] = {"wrong": wrong, "told": told}
    sys.stdout.write(json.dumps(found, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
