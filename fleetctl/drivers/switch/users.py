"""Accounts of a switch's console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fleetctl.aspects.users import Account, Level, Users
from fleetctl.drivers.switch import kit
from fleetctl.errors import Refused, Unsupported
from fleetctl.model import ABSENT, Cell, FrozenMap, Gap, NewPassword, Outcome, SecretRef, Secrets, Untold
from fleetctl.protocols.ssh import ENABLE

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}")
_TYPABLE: Final = re.compile(r"[!-~]+")
_RANK: Final = {Level.ADMINISTRATOR: 3, Level.OPERATOR: 2, Level.USER: 1, Level.ANONYMOUS: 0}


def read(session: Session) -> Users:
    """Read accounts and levels; a console never tells a password."""
    return Users(
        accounts=FrozenMap(
            {r["name"]: Account(level=_level(session, r["privilege"])) for r in session.records("config", "user")}
        )
    )


def _level(session: Session, told: str) -> Any:
    for name, word in session.platform.levels.items():
        if word == told:
            return Level(name)
    if told.isdecimal():  # a level between two others is an operator's
        return Level.OPERATOR
    return Untold(outcome=Outcome.UNKNOWN, reason=f"level {told!r} of the maker's own")


def _items(wanted: Users) -> Iterator[tuple[str, Any]]:
    if isinstance(wanted.accounts, FrozenMap):
        yield from wanted.accounts.items()


def _protected(session: Session, name: str, account: Any) -> str:
    """Return why an account must not be touched in this way, "" when it may."""
    if name != session.device.user:
        return ""
    if account is ABSENT:
        return "fleetctl logs in with this account; it is never removed"
    if isinstance(account.level, Level) and _RANK[account.level] < _RANK[Level.ADMINISTRATOR]:
        return "fleetctl logs in with this account; it is never lowered"
    return ""


def limits(session: Session, wanted: Users) -> tuple[Gap, ...]:
    """Tell the account in use, names and levels that a console does not take."""
    gaps = []
    for name, account in _items(wanted):
        reason = _protected(session, name, account)
        if not reason and account is not ABSENT and not _NAME.fullmatch(name):
            reason = "an account's name on a console is at most 16 ASCII letters, digits, - and _"
        if not reason and account is not ABSENT and isinstance(account.level, Level):
            reason = "" if account.level.value in session.platform.levels else f"no such level: {account.level.value}"
        if reason:
            gaps.append(Gap(field="accounts", key=name, reason=reason))
    return tuple(gaps)


def write(session: Session, wanted: Users, secrets: Secrets) -> None:
    """Make, change and remove accounts; raises Refused for the account in use, Unsupported, VaultError."""
    told, hidden = [], []
    for name, account in _items(wanted):
        if reason := _protected(session, name, account):
            raise Refused(f"{name}: {reason}")
        if account is ABSENT:
            told.append({"name": name, "absent": True})
            continue
        ref = account.password if isinstance(account.password, SecretRef) else None
        made = _account(
            session, name, account.level, ref or SecretRef(device=session.device.name, account=name), secrets
        )
        hidden.append(str(made["password"]))
        told.append(made)
    commands = session.commands("users", users=_known(session, told))
    session.write(commands, lambda: kit.left(read(session), wanted), hidden=hidden)


def make(session: Session, ref: SecretRef, secrets: Secrets) -> str:
    """Make fleetctl's own account, an administrator; returns its name, "" where it is not there afterwards."""
    wanted = Users(accounts=FrozenMap({ref.account: Account(level=Level.ADMINISTRATOR)}))
    made = _account(session, ref.account, Level.ADMINISTRATOR, ref, secrets)
    commands = session.commands("users", users=_known(session, [made]))
    session.write(commands, lambda: kit.left(read(session), wanted), hidden=[str(made["password"])])
    return ref.account


def set_password(session: Session, told: NewPassword) -> None:
    """Give an account another password, its level kept; or the privileged mode another secret (the account `enable`).

    It is kept only once a new session was let in with it: until then the switch's own revert is armed, where it has
    one, and nothing is saved. Raises Unsupported where there is no such account, or the make takes no such secret.
    """
    if told.account == ENABLE:
        commands, back = (
            session.commands("enable_secret", secret=_typable(ENABLE, word)) for word in (told.new, told.old)
        )
        reached = partial(_gated, session)
    else:
        found = read(session).accounts
        account = found.get(told.account) if isinstance(found, FrozenMap) else None
        if account is None or not isinstance(account.level, Level):
            raise Unsupported(f"the switch has no account {told.account}, or does not tell its level")
        commands, back = (
            session.commands("users", users=_known(session, [_made(session, told.account, account.level, word)]))
            for word in (told.new, told.old)
        )
        reached = partial(_as_before, session, told.account, account)
    session.write(
        commands, reached, hidden=[told.new, told.old], guarded=True, proven=told.accepted, back=back
    )  # fmt: skip


def _as_before(session: Session, name: str, account: Account) -> str:
    """Return what of an account is not as it was."""
    return kit.left(read(session), Users(accounts=FrozenMap({name: Account(level=account.level)})))


def _gated(session: Session) -> str:
    """Return "" where the privileged mode has a secret, as the configuration tells."""
    there = any(session.records("config", "enable_secret"))
    return "" if there else "the configuration has no secret of the privileged mode"


def _known(session: Session, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say of each account whether it is there already: some consoles add and set by different commands."""
    there = {record["name"] for record in session.records("config", "user")}
    return [{"there": each["name"] in there, **each} for each in told]


def _account(session: Session, name: str, level: Any, ref: SecretRef, secrets: Secrets) -> dict[str, Any]:
    if not isinstance(level, Level) or level.value not in session.platform.levels:
        raise Unsupported(f"{name}: a new account needs a level", nearest=Level.USER.value)
    return _made(session, name, level, secrets.reveal(ref))


def _made(session: Session, name: str, level: Level, password: str) -> dict[str, Any]:
    privilege = session.platform.levels[level.value]
    return {"name": name, "absent": False, "privilege": privilege, "password": _typable(name, password)}


def _typable(name: str, password: str) -> str:
    if not _TYPABLE.fullmatch(password) or "?" in password or '"' in password:
        raise Unsupported(
            f"{name}: its password holds a space, a question mark or a quotation mark: no console takes it"
        )
    return password


CELL = Cell(aspect="users", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits)
