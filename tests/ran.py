"""What a call of the command printed, and how it ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ran:
    """One call of the command: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """What was told of each device (with --json)."""
        return {line["name"]: line for line in self.lines if line["type"] == "device"}

    @property
    def outcomes(self) -> dict[str, str]:
        """How each device ended (with --json)."""
        return {name: told["outcome"] for name, told in self.devices.items()}

    def reason(self, device: str) -> str:
        """Every reason that was told of a device (with --json)."""
        told = self.devices[device]
        aspects = [f"{a['aspect']}: {a['reason']}" for a in told["aspects"] if a["reason"]]
        return "; ".join([told["reason"], *aspects])

    def aspect(self, device: str, aspect: str) -> dict[str, Any]:
        """Return what was told of one aspect of a device (with --json)."""
        found: dict[str, Any] = next(a for a in self.devices[device]["aspects"] if a["aspect"] == aspect)
        return found

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
