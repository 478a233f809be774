"""SNMPv3 users of a switch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from fleetctl.aspects.snmp import Security, Snmp, SnmpUser
from fleetctl.drivers.switch import kit
from fleetctl.errors import Unsupported
from fleetctl.model import ABSENT, Cell, FrozenMap, Gap, SecretRef, Secrets

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.grammar import Record
    from fleetctl.protocols.ssh.session import Session

GROUP: Final = "fleetctl"  # of the users that are made here: it reads everything and writes nothing
FIELD: Final = "snmp_users"  # as platforms' files name it under `cannot`
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_TYPABLE: Final = re.compile(r"[A-Za-z0-9._-]{8,32}")


def read(session: Session) -> Snmp:
    """Read who may read; raises Unsupported where the platform has no such users that fleetctl would make."""
    if not session.can("snmp"):
        raise Unsupported(session.platform.cannot.get(FIELD, f"{session.platform.name} makes no SNMPv3 users"))
    return Snmp(users=FrozenMap({record["name"]: SnmpUser(security=_security(record)) for record in _users(session)}))


def _users(session: Session) -> tuple[Record, ...]:
    return session.records("snmp" if session.has("snmp") else "config", "snmp_user")


def _security(record: Record) -> Security:
    sha = record.get("auth", "").lower() in ("sha", "sha1")
    return Security.SHA_AES if sha and record.get("privacy", "").lower().startswith("aes") else Security.WEAKER


def limits(_session: Session, wanted: Snmp) -> tuple[Gap, ...]:
    """Tell names that no console takes, and users without encryption."""
    return tuple(Gap(field="users", key=name, reason=reason) for name, reason in _impossible(wanted))


def _impossible(wanted: Snmp) -> Iterator[tuple[str, str]]:
    for name, user in _items(wanted):
        if user is ABSENT:
            continue
        if not _NAME.fullmatch(name):
            yield name, "the name of an SNMPv3 user is at most 32 ASCII letters, digits, - and _"
        elif user.security is Security.WEAKER:
            yield name, "fleetctl makes users with SHA and AES only"


def _items(wanted: Snmp) -> list[tuple[str, Any]]:
    return list(wanted.users.items()) if isinstance(wanted.users, FrozenMap) else []


def write(session: Session, wanted: Snmp, secrets: Secrets) -> None:
    """Make, secure and remove users; raises Unsupported for what no console takes, VaultError."""
    for name, reason in _impossible(wanted):
        raise Unsupported(f"{name}: {reason}")
    there = {record["name"]: record for record in _users(session)}
    engine = session.records("snmp_engine")[0]["id"] if session.has("snmp_engine") else ""
    told: list[dict[str, Any]] = []
    hidden: list[str] = []
    for name, user in _items(wanted):
        was = there.get(name, {})
        item = {
            "name": name,
            "absent": user is ABSENT,
            "there": name in there,
            "group": was.get("group", GROUP),
            "engine": was.get("engine", engine),
        }
        if user is not ABSENT:
            passwords = {"auth": _typable(user.authentication, secrets), "privacy": _typable(user.privacy, secrets)}
            hidden += passwords.values()
            item |= {"group": GROUP, **passwords}
        told.append(item)
    commands = session.commands("snmp", users=told)
    session.write(commands, lambda: kit.left(read(session), wanted), hidden=hidden)


def _typable(ref: Any, secrets: Secrets) -> str:
    """Return a password of the vault; raises Unsupported for one that no console takes."""
    if not isinstance(ref, SecretRef):
        raise Unsupported("an SNMPv3 user needs its two passwords in the vault")
    password = secrets.reveal(ref)
    if not _TYPABLE.fullmatch(password):
        raise Unsupported(f"{ref.account}: 8 to 32 letters, digits, dots, - and _ are what every console takes")
    return password


CELL = Cell(aspect="snmp", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits)
