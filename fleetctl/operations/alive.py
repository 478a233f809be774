"""A dead man's signal: given after each run that got to its end, so that its absence is the alarm."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from fleetctl import files
from fleetctl.errors import UsageError
from fleetctl.protocols import webhook


def sign(where: str, command: str, exit_code: int) -> None:
    """Write a file anew, or post to an address: which command ended when, and how.

    Raises UsageError for a file that cannot be written, or an address of another kind; else as `webhook.post`.
    """
    now = datetime.now(UTC)
    told = {"command": command, "exit_code": exit_code, "ended": now.isoformat(timespec="seconds")}
    body = json.dumps(told).encode()
    if where.startswith(("https://", "http://")):
        webhook.post(where, body)
        return
    if "://" in where:
        raise UsageError(f"--alive {where}: name a file, or an address that begins with https://")
    try:
        files.replace(Path(where), body + b"\n", mode=0o644)
    except OSError as error:
        raise UsageError(f"--alive {where} cannot be written: {error.strerror}") from None
