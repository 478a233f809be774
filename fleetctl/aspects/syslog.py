"""Syslog: where a switch sends what happens to it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


class Severity(enum.StrEnum):
    """The least severe message that is sent."""

    EMERGENCIES = "emergencies"
    ALERTS = "alerts"
    CRITICAL = "critical"
    ERRORS = "errors"
    WARNINGS = "warnings"
    NOTIFICATIONS = "notifications"
    INFORMATIONAL = "informational"
    DEBUGGING = "debugging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Syslog:
    """Remote logging."""

    servers: tuple[str, ...] | Unset = setting(
        "syslog servers, by address, in any order; [] for none", pattern=r"[A-Za-z0-9.:-]{1,253}", source="RFC 5424"
    )
    severity: Severity | Unset = setting("the least severe message that is sent", source="RFC 5424, 6.2.1")

    def __post_init__(self) -> None:
        """The order of servers means nothing: each gets every message."""
        if isinstance(self.servers, tuple):
            object.__setattr__(self, "servers", tuple(sorted({server.lower() for server in self.servers})))


ASPECT = Aspect(
    name="syslog",
    type=Syslog,
    kinds=frozenset({Kind.SWITCH}),
    disruption=Disruption.NONE,
    doc="Syslog servers and the least severe message that they get",
)
