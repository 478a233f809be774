"""Accounts over Dahua's CGI: two groups, admin and user, and nothing between.

Source: field facts, NVR and vendor protocols, 2.5.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.aspects.users import Account, Level, Users
from fleetctl.errors import Refused, Unsupported
from fleetctl.model import ABSENT, Cell, FrozenMap, Gap, NewPassword, Outcome, SecretRef, Secrets, Unset, Untold
from fleetctl.protocols.dahua import Session, keyvalue

_LEVELS: Final = {"admin": Level.ADMINISTRATOR, "user": Level.USER}
_GROUPS: Final = {level: group for group, level in _LEVELS.items()}


def accounts_of(session: Session) -> dict[str, str]:
    """Return the group of each account."""
    told = session.read("userManager", "getUserInfoAll")
    found = {}
    for number in keyvalue.indexes(told, "users"):
        if name := told.get(f"users[{number}].Name", ""):
            found[name] = told.get(f"users[{number}].Group", "")
    return found


def read(session: Session) -> Users:
    """Read accounts and levels."""
    return Users(accounts=FrozenMap({n: Account(level=_level(g)) for n, g in accounts_of(session).items()}))


def _level(group: str) -> Any:
    return _LEVELS.get(group.lower()) or Untold(outcome=Outcome.UNKNOWN, reason=f"group {group!r} of the maker's own")


def _protected(session: Session, name: str, account: Any, group: str) -> str:
    if name == "admin" and (account is ABSENT or account.level is not Level.ADMINISTRATOR):
        return "the device's own account admin cannot be removed or lowered"
    if not session.device.user or name.casefold() != session.device.user.casefold():
        return ""
    if account is ABSENT:
        return "fleetctl logs in with this account; it is never removed"
    if group == "admin" and account.level is not Level.ADMINISTRATOR:
        return "fleetctl logs in with this account; it is never lowered"
    return ""


def limits(session: Session, wanted: Users) -> tuple[Gap, ...]:
    """Tell the account in use, and levels there are not."""
    there = accounts_of(session)
    accounts: dict[str, Any] = {} if isinstance(wanted.accounts, Unset) else dict(wanted.accounts)
    gaps = []
    for name, account in accounts.items():
        reason, nearest = _protected(session, name, account, there.get(name, "")), ""
        if not reason and account is not ABSENT and isinstance(account.level, Level) and account.level not in _GROUPS:
            reason, nearest = f"the device has no level {account.level.value}", Level.USER.value
        if reason:
            gaps.append(Gap(field="accounts", key=name, reason=reason, nearest=nearest))
    return tuple(gaps)


def write(session: Session, wanted: Users, secrets: Secrets) -> None:
    """Make, change, then remove accounts, one request for each. Passwords go in the page's address: it takes no other.

    Raises Refused for the account in use, Unsupported for a new account without a level.
    """
    there = accounts_of(session)
    accounts: dict[str, Any] = {} if isinstance(wanted.accounts, Unset) else dict(wanted.accounts)
    for name, account in accounts.items():
        if reason := _protected(session, name, account, there.get(name, "")):
            raise Refused(f"{name}: {reason}")
    for name, account in accounts.items():
        if account is not ABSENT:
            write_account(session, name, account, secrets)
    for name, account in accounts.items():
        if account is ABSENT and name in there:
            session.order("userManager", "deleteUser", f"&name={keyvalue.escaped(name)}")


def write_account(session: Session, name: str, account: Account, secrets: Secrets) -> None:
    """Make an account; of one that is there only the level is changed: its password is not sent without need."""
    there = accounts_of(session)
    named = keyvalue.escaped(name)
    if name in there:
        if isinstance(account.level, Level) and _GROUPS.get(account.level) != there[name]:
            session.order("userManager", "modifyUser", f"&name={named}&user.Group={_GROUPS[account.level]}")
        return
    if not isinstance(account.level, Level):
        raise Unsupported(f"{name}: a new account needs a level", nearest=Level.USER.value)
    own = SecretRef(device=session.device.name, account=name)
    ref = account.password if isinstance(account.password, SecretRef) else own
    session.order(
        "userManager",
        "addUser",
        f"&user.Name={named}&user.Password={keyvalue.escaped(secrets.reveal(ref))}"
        f"&user.Group={_GROUPS[account.level]}&user.Sharable=true&user.Reserved=false&user.Memo={keyvalue.escaped('')}",
    )


def set_password(session: Session, told: NewPassword) -> None:
    """Give an account another password; the device asks for the old one, of an administrator too.

    Raises Unsupported where there is no such account, Rejected when the old password is not that.
    """
    if told.account not in accounts_of(session):
        raise Unsupported(f"the device has no account {told.account}")
    query = "".join(
        f"&{name}={keyvalue.escaped(value)}"
        for name, value in (("name", told.account), ("pwd", told.new), ("pwdOld", told.old))
    )
    session.order("userManager", "modifyPassword", query)


CELLS = (Cell(aspect="users", protocol="dahua", read=read, write=write, limits=limits),)
