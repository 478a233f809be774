"""One case: given these device answers, this value; given this wanted, exactly these requests or these gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetctl.model import Device, Untold
from tests.unit.aspects.fakes import DEVICE, Answer


@dataclass(frozen=True, kw_only=True)
class Case:
    """A sentence, and what makes it true.

    `reads`: field -> value as read (an `Outcome` stands for any Untold of it); fields not named are not judged.
    `requests`: what a write of `wanted` sends, in order, as ("tds:SetNTP", "its inside"). None: not written.
    `gaps`: what `limits` says of `wanted`, as (field, key, nearest).
    """

    name: str
    answers: Mapping[str, Answer]
    reads: Mapping[str, Any] = field(default_factory=dict)
    wanted: Any = None
    requests: tuple[tuple[str, str], ...] | None = None
    gaps: tuple[tuple[str, str, str], ...] | None = None
    device: Device = DEVICE
    asked: tuple[str, ...] | None = None  # what reading asks, where the number of requests matters


def same(told: Any, expected: Any) -> bool:
    """Tell whether a value is as expected; an Outcome expects an Untold of it."""
    return told.outcome == expected if isinstance(told, Untold) else bool(told == expected)
