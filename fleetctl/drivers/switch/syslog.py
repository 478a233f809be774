"""Remote logging of a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetctl.aspects.syslog import Severity, Syslog
from fleetctl.drivers.switch import kit
from fleetctl.model import UNSET, Cell, Secrets, Unset

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

_BY_NUMBER = {str(n): severity for n, severity in enumerate(Severity)}
_OTHER = {"info": Severity.INFORMATIONAL, "notice": Severity.NOTIFICATIONS, "warning": Severity.WARNINGS}
_OTHER |= {"error": Severity.ERRORS, "critical": Severity.CRITICAL, "debug": Severity.DEBUGGING}


def read(session: Session) -> Syslog:
    """Read the servers and the least severity."""
    servers = [record["server"] for record in session.records("config", "syslog")]
    told = [r["level"] for kind in ("syslog_level", "syslog") for r in session.records("config", kind) if "level" in r]
    return Syslog(servers=tuple(servers), severity=_severity(told[0]) if told else _unsaid(session))


def _severity(told: str) -> Severity | Unset:
    known = _BY_NUMBER.get(told) or _OTHER.get(told)
    return known or (Severity(told) if told in set(Severity) else UNSET)


def _unsaid(session: Session) -> Severity | Unset:
    default = session.platform.readings["config"].defaults.get("syslog_level", {}).get("level", "")
    return _severity(default)


def write(session: Session, wanted: Syslog, _secrets: Secrets) -> None:
    """Add and remove servers, and set the severity."""
    now = read(session)
    told: dict[str, Any] = {}
    servers = now.servers if isinstance(now.servers, tuple) else ()
    if isinstance(wanted.servers, tuple):
        told["servers_gone"] = kit.gone(servers, wanted.servers)
        told["servers"] = kit.gone(wanted.servers, servers)
        told["all_servers"] = list(wanted.servers)
    if isinstance(wanted.severity, Severity):
        told["level"] = wanted.severity.value
    level = wanted.severity if isinstance(wanted.severity, Severity) else now.severity
    level = level if isinstance(level, Severity) else Severity.INFORMATIONAL
    number = list(Severity).index(level)
    kept = list(wanted.servers) if isinstance(wanted.servers, tuple) else list(servers)
    commands = session.commands("syslog", **told, number=number, kept=kept, was=list(servers), severity=level.value)
    session.write(commands, lambda: kit.left(read(session), wanted))


CELL = Cell(aspect="syslog", protocol="ssh", read=read, write=write, refusals_stand=True)
