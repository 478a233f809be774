"""Accounts over ISAPI; a viewer counts as one only when it may look at the channels from afar.

Source: field facts, NVR and vendor protocols, 1.5 (users, UserPermission).
"""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from fleetctl.aspects.users import Account, Level, Users
from fleetctl.drivers.hikvision.documents import changed, items, like
from fleetctl.errors import Refused, Unsupported
from fleetctl.model import ABSENT, Cell, FrozenMap, Gap, NewPassword, Outcome, SecretRef, Secrets, Unset, Untold
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, children, text, whole

USERS: Final = "/ISAPI/Security/users"
_PERMISSION: Final = "/ISAPI/Security/UserPermission"
_LEVELS: Final = {"administrator": Level.ADMINISTRATOR, "operator": Level.OPERATOR, "viewer": Level.USER}
_WORDS: Final = {Level.ADMINISTRATOR: "Administrator", Level.OPERATOR: "Operator", Level.USER: "Viewer"}
_REMOTE: Final = "remotePermission"


def read(session: Session) -> Users:
    """Read accounts and levels."""
    found = {}
    for user in items(session.read(USERS), "User"):
        if name := text(user, "userName"):
            found[name] = Account(level=_level(session, user))
    return Users(accounts=FrozenMap(found))


def _level(session: Session, user: Element) -> Any:
    told = text(user, "userLevel")
    level = _LEVELS.get(told.lower())
    if level is None:
        return Untold(outcome=Outcome.UNKNOWN, reason=f"level {told!r} of the maker's own")
    if level is Level.USER and tried(_sees, session, text(user, "id")) is False:
        return Level.ANONYMOUS  # an account that may look at nothing
    return level


def _sees(session: Session, key: str) -> bool:
    """Tell whether an account may look at the channels from afar; raises Unsupported where it is not told."""
    remote = child(session.read(f"{_PERMISSION}/{key}"), _REMOTE)
    if (told := boolean(remote, "preview")) is not None:
        lists = list(children(child(remote, "videoChannelPermissionList"), "videoChannelPermission"))
        return told and all(boolean(c, "preview") is not False for c in lists)
    raise Unsupported("the device does not tell what the account may see")


def _protected(session: Session, name: str, account: Any, level: Any) -> str:
    if name == "admin" and account is ABSENT:
        return "the device's own account admin cannot be removed"
    if not session.device.user or name.casefold() != session.device.user.casefold():
        return ""
    if account is ABSENT:
        return "fleetctl logs in with this account; it is never removed"
    if level is Level.ADMINISTRATOR and account.level not in (Level.ADMINISTRATOR, level):
        return "fleetctl logs in with this account; it is never lowered"
    return ""


def limits(session: Session, wanted: Users) -> tuple[Gap, ...]:
    """Tell the account in use, levels there are not, and accounts beyond the device's number."""
    users = {text(u, "userName"): u for u in items(session.read(USERS), "User")}
    most = tried(_most, session)
    accounts: dict[str, Any] = {} if isinstance(wanted.accounts, Unset) else dict(wanted.accounts)
    total = len(users) - sum(1 for n, a in accounts.items() if a is ABSENT and n in users)
    gaps = []
    for name, account in accounts.items():
        reason = _protected(session, name, account, _level(session, users[name]) if name in users else None)
        if account is not ABSENT and not reason:
            if account.level is Level.ANONYMOUS:
                reason = "the device has no accounts without a login"
            elif name not in users:
                total += 1
                if isinstance(most, int) and most and total > most:
                    reason = f"the device takes {most} accounts at most"
        if reason:
            gaps.append(Gap(field="accounts", key=name, reason=reason))
    return tuple(gaps)


def _most(session: Session) -> int:
    return whole(session.read("/ISAPI/System/capabilities"), "SecurityCap/supportUserNums") or 0


def write(session: Session, wanted: Users, secrets: Secrets) -> None:
    """Make, change, then remove accounts, one request for each; a viewer gets the right to look at every channel.

    Raises Refused for the account in use, Unsupported for a new account without a level.
    """
    users = {text(u, "userName"): u for u in items(session.read(USERS), "User")}
    accounts: dict[str, Any] = {} if isinstance(wanted.accounts, Unset) else dict(wanted.accounts)
    for name, account in accounts.items():
        level = _level(session, users[name]) if name in users else None
        if reason := _protected(session, name, account, level):
            raise Refused(f"{name}: {reason}")
    for name, account in accounts.items():
        if account is not ABSENT:
            write_account(session, name, account, secrets)
    for name, account in accounts.items():
        if account is ABSENT and name in users:
            session.write("DELETE", f"{USERS}/{text(users[name], 'id')}")


def write_account(session: Session, name: str, account: Account, secrets: Secrets) -> None:
    """Make an account, or give it level and password; then the right to look, where it is a viewer."""
    listed = session.read(USERS, fresh=True)
    user = next((u for u in items(listed, "User") if text(u, "userName") == name), None)
    ref = account.password if isinstance(account.password, SecretRef) else _own(session, name)
    values: dict[str, object] = {"userName": name, "password": secrets.reveal(ref)}
    if session.device.user and _wants_own_password(session):
        values["loginPassword"] = secrets.reveal(_own(session, session.device.user))
    if isinstance(account.level, Level):
        values["userLevel"] = _WORDS[account.level]
    if user is not None:
        session.write("PUT", f"{USERS}/{text(user, 'id')}", changed(user, values))
    elif "userLevel" not in values:
        raise Unsupported(f"{name}: a new account needs a level", nearest=Level.USER.value)
    else:
        session.write("POST", USERS, like(listed, "User", {"id": _free(listed), **values}))
    if account.level is Level.USER:
        _let_see(session, name)


def set_password(session: Session, told: NewPassword) -> None:
    """Give an account another password and nothing else; raises Unsupported where there is no such account."""
    listed = session.read(USERS, fresh=True)
    user = next((u for u in items(listed, "User") if text(u, "userName") == told.account), None)
    if user is None:
        raise Unsupported(f"the device has no account {told.account}")
    values: dict[str, object] = {"password": told.new}
    if _wants_own_password(session):
        values["loginPassword"] = told.acting
    session.write("PUT", f"{USERS}/{text(user, 'id')}", changed(user, values))


def _own(session: Session, name: str) -> SecretRef:
    return SecretRef(device=session.device.name, account=name)


def _wants_own_password(session: Session) -> bool:
    """Tell whether the device wants the acting account's password once more (isSupportUserCheck)."""
    told = tried(session.read, "/ISAPI/System/capabilities")
    if isinstance(told, Untold):
        return False
    return bool(boolean(told, "SecurityCap/isSupportUserCheck"))


def _free(listed: Element) -> int:
    taken = {text(u, "id") for u in items(listed, "User")}
    return next(number for number in range(2, 999) if str(number) not in taken)


def _let_see(session: Session, name: str) -> None:
    """Give an account the right to look at every channel from afar, as far as the device has that switch."""
    user = next((u for u in items(session.read(USERS), "User") if text(u, "userName") == name), None)
    path = f"{_PERMISSION}/{text(user, 'id')}"
    try:
        told = session.read(path)
    except Unsupported:
        return
    if child(told, _REMOTE) is None:
        return
    made = changed(told, {f"{_REMOTE}/preview": True})
    for channel in children(child(made, f"{_REMOTE}/videoChannelPermissionList"), "videoChannelPermission"):
        _set(channel, "preview")
    session.write("PUT", path, made)


def _set(channel: Element, name: str) -> None:
    found = child(channel, name)
    if found is None:
        head, brace, _ = str(channel.tag).rpartition("}")
        found = etree.SubElement(channel, f"{head}{brace}{name}")
    found.text = "true"


CELLS = (Cell(aspect="users", protocol="isapi", read=read, write=write, limits=limits),)
