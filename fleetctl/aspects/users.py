"""Users: who may log in to the device, and as what."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import Refused, Rejected, Unsupported
from fleetctl.model import (
    ABSENT,
    Aspect,
    Cell,
    Disruption,
    FrozenMap,
    Gap,
    Kind,
    Outcome,
    SecretRef,
    Secrets,
    Unset,
    Untold,
    setting,
)
from fleetctl.protocols.onvif_parts import Onvif, attribute, own_copy, put, tried
from fleetctl.protocols.xml import Element, child, children, rendered, tag, text, words


class Level(enum.StrEnum):
    """What an account may do."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    USER = "user"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of a device."""

    level: Level | Unset = setting(
        "administrator, operator, user (looks only), or anonymous", source="ONVIF Core 26.06, tt:UserLevel"
    )
    password: SecretRef | Unset = setting(
        "the password in the vault; sent when the account is made or its level is set, never compared",
        source="ONVIF Core 26.06, SetUser: without a password the device clears it",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The accounts of a device, by name."""

    accounts: FrozenMap[Account] | Unset = setting(
        "accounts by name; the one fleetctl logs in with is never removed or lowered",
        source="ONVIF Core 26.06, GetUsers",
    )


ASPECT = Aspect(
    name="users",
    type=Users,
    kinds=frozenset({Kind.CAMERA, Kind.NVR, Kind.SWITCH}),
    disruption=Disruption.REACH,
    doc="Accounts and their levels; passwords are changed by `password rotate`",
    after=("network", "services"),
    waivable=False,
)

# --- ONVIF ----------------------------------------------------------------------------------------

_LEVELS: Final = {level.value: level for level in Level}
_RANK: Final = {Level.ADMINISTRATOR: 3, Level.OPERATOR: 2, Level.USER: 1, Level.ANONYMOUS: 0}
_SHORT: Final = 5
_ORDER: Final = ("Username", "Password", "UserLevel", "Extension")


def read(session: Onvif) -> Users:
    """Read accounts and levels; a password is never told by a device."""
    return Users(accounts=FrozenMap({name: Account(level=_level(user)) for name, user in _users(session)}))


def _users(session: Onvif) -> Iterator[tuple[str, Element]]:
    for user in children(session.read("tds", "GetUsers"), "User"):
        if name := text(user, "Username"):
            yield name, user


def _level(user: Element) -> Any:
    told = text(user, "UserLevel")
    return _LEVELS.get(told.lower()) or Untold(outcome=Outcome.UNKNOWN, reason=f"level {told!r} of the maker's own")


def _accounts(wanted: Users) -> Iterator[tuple[str, Any]]:
    if not isinstance(wanted.accounts, Unset):
        yield from wanted.accounts.items()


def _protected(session: Onvif, name: str, account: Any, users: dict[str, Element]) -> str:
    """Return why an account must not be touched in this way, "" when it may."""
    if not session.device.user or name.casefold() != session.device.user.casefold():
        return ""
    if account is ABSENT:
        return "fleetctl logs in with this account; it is never removed"
    now = _level(users[name]) if name in users else None
    if isinstance(now, Level) and isinstance(account.level, Level) and _RANK[account.level] < _RANK[now]:
        return "fleetctl logs in with this account; it is never lowered"
    return ""


def limits(session: Onvif, wanted: Users) -> tuple[Gap, ...]:
    """Tell the account in use, names the device does not take, and accounts beyond its number."""
    users = dict(_users(session))
    security = tried(_security, session)
    longest = _number(security, "MaxUserNameLength")
    most = _number(security, "MaxUsers")
    gaps = []
    total = len(users) - sum(1 for name, account in _accounts(wanted) if account is ABSENT and name in users)
    for name, account in _accounts(wanted):
        reason = _protected(session, name, account, users)
        if account is not ABSENT and name not in users:
            reason = _wrong_name(name, longest)
            total += not reason
            if not reason and most and total > most:
                reason = f"the device takes {most} accounts at most"
        if reason:
            gaps.append(Gap(field="accounts", key=name, reason=reason))
    return tuple(gaps)


def _wrong_name(name: str, longest: int) -> str:
    if longest and len(name) > longest:
        return f"the device takes names of at most {longest} characters"
    if not (name.isascii() and name.isprintable()) or name != name.strip():
        return "an account's name is made of ASCII letters, digits and signs"
    return ""


def _security(session: Onvif) -> Element | None:
    return child(session.read("tds", "GetServiceCapabilities"), "Capabilities/Security")


def _number(security: Any, name: str) -> int:
    told = attribute(security, name) if isinstance(security, Element) else ""
    return int(told) if told.isdecimal() else 0


def write(session: Onvif, wanted: Users, secrets: Secrets) -> None:
    """Make, change, then remove accounts, one request for each, so that one refusal does not undo others.

    SetUser always carries the password: without one the device clears it (ONVIF Core, SetUser). Raises Refused
    for the account in use, Unsupported for a new account without a level, VaultError without a password.
    """
    users = dict(_users(session))
    for name, account in _accounts(wanted):
        if reason := _protected(session, name, account, users):
            raise Refused(f"{name}: {reason}")
    for name, account in _accounts(wanted):
        if account is not ABSENT:
            _write_account(session, name, account, users.get(name), secrets)
    for name, account in _accounts(wanted):
        if account is ABSENT and name in users:
            session.write("tds", "DeleteUsers", tag("tds:Username", words(name)))


def _write_account(session: Onvif, name: str, account: Account, user: Element | None, secrets: Secrets) -> None:
    ref = (
        account.password
        if isinstance(account.password, SecretRef)
        else SecretRef(device=session.device.name, account=name)
    )
    if user is not None:
        changed = own_copy(user)
        put(changed, "Password", secrets.reveal(ref), _ORDER)
        if isinstance(account.level, Level):
            put(changed, "UserLevel", account.level.value.capitalize(), _ORDER)
        session.write("tds", "SetUser", rendered(changed, "tds:User"))
        return
    if not isinstance(account.level, Level):
        raise Unsupported(f"{name}: a new account needs a level", nearest=Level.USER.value)
    body = tag(
        "tds:User",
        tag("tt:Username", words(name)),
        tag("tt:Password", words(secrets.reveal(ref))),
        tag("tt:UserLevel", account.level.value.capitalize()),
    )
    try:
        session.write("tds", "CreateUsers", body)
    except Rejected as error:
        if len(name) >= _SHORT:
            raise
        hint = f"some makers take names of {_SHORT} letters or more only"  # Bosch says no more than ter:Action
        raise Rejected(f"{name}: {error} ({hint})", code=error.code) from None


def put_password(session: Onvif, name: str, password: str) -> None:
    """Give an account another password and nothing else; raises Unsupported where there is no such account."""
    user = next((user for there, user in _users(session) if there == name), None)
    if user is None:
        raise Unsupported(f"the device has no account {name}")
    changed = own_copy(user)
    put(changed, "Password", password, _ORDER)
    session.write("tds", "SetUser", rendered(changed, "tds:User"))


CELLS = (Cell(aspect="users", protocol="onvif", read=read, write=write, limits=limits),)
