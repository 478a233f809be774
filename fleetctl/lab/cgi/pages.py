"""A page of Dahua's CGI: which right it needs, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.lab import access
from fleetctl.lab.cgi import text
from fleetctl.lab.generations import Cgi
from fleetctl.lab.personality import Personality
from fleetctl.lab.vendor import Reply, Visit

Arguments = list[tuple[str, str]]
Work = Callable[[Visit, Arguments], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`level`: the least one needed."""

    work: Work
    level: int = access.USER
    offered: Callable[[Personality], bool] = lambda _rule: True


Pages = Mapping[str, Page]  # "magicBox.cgi?getSerialNo", "api/LogicDeviceManager/setCamera"


def rule_of(visit: Visit) -> Cgi:
    """Return the device's generation."""
    rule = visit.device.personality.cgi
    if rule is None:
        raise TypeError(visit.device.name)
    return rule


def plain(told: str) -> Reply:
    """Answer with text."""
    return Reply(status=200, body=told.encode(), content_type=text.TYPE)


def listing(value: Any, at: str = "") -> Reply:
    """Answer with key=value lines."""
    return plain(text.lines(value, at))


def done() -> Reply:
    """Answer that it is done."""
    return Reply(status=200, body=b"OK\r\n", content_type=text.TYPE, wrote=True)


def argument(arguments: Arguments, name: str, default: str | None = None) -> str:
    """Return an argument, the last of its name; raises Refused where it is missing."""
    found = [value for key, value in arguments if key == name and value]
    if found:
        return found[-1]
    if default is None:
        raise text.Refused("argument", name)
    return default


def recorders(rule: Personality) -> bool:
    """Tell whether a device is a recorder."""
    return rule.recorder is not None
