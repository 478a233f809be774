"""ISAPI: accounts and their rights. Source: field facts on vendor protocols 1.5 (users) and 1.2 (password rule)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access, auth
from fleetctl.lab.isapi import sealed, xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import Reply, Visit, strength

LEVELS: Final = {"Administrator": "Administrator", "Operator": "Operator", "Viewer": "User"}
_WORDS: Final = {kept: word for word, kept in LEVELS.items()}


def check_password(visit: Visit, user: str, password: str) -> str:
    """Raise Refused for a password that is not taken; "riskPassword" where it is taken with a frown, else "ok"."""
    rule = visit.device.personality.passwords
    if len(password) < rule.min:
        raise Refused("passwordMustContainMorethan8Characters")
    if len(password) > rule.max:
        raise Refused("passwordLenNoMoreThan16")
    if strength(password) < rule.kinds:
        raise Refused("illegalPassword")
    return "riskPassword" if user.lower() in password.lower() else "ok"


# --- accounts ----------------------------------------------------------------------------------------


def numbered(users: Mapping[str, Any]) -> dict[int, str]:
    """Return number -> account; admin is 1, the others keep theirs or get the next free one."""
    found: dict[int, str] = {}
    for name, kept in users.items():
        if (number := kept.get("id") or (1 if name == "admin" else 0)) and number not in found:
            found[number] = name
    for name in users:
        if name not in found.values():
            found[next(n for n in range(1 if "admin" not in users else 2, 99) if n not in found)] = name
    return dict(sorted(found.items()))


def _user(visit: Visit, number: int, name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "enabled": True,
        "userName": sealed.closed(visit, name),
        "bondIpAddressList": {},
        "userLevel": _WORDS[kept["level"]],
    }


def users(visit: Visit) -> Reply:
    """GET Security/users: never with passwords. Who is no administrator sees himself."""
    kept = visit.device.read("users")
    seen = [
        _user(visit, number, name, kept[name])
        for number, name in numbered(kept).items()
        if visit.level >= access.ADMINISTRATOR or name == visit.user
    ]
    return told(visit, "UserList", {"User": seen})


def _at(visit: Visit, number: str) -> tuple[int, str]:
    found = numbered(visit.device.read("users"))
    if not number.isdigit() or int(number) not in found:
        raise Refused("invalidOperation")
    return int(number), found[int(number)]


def one_user(visit: Visit, number: str) -> Reply:
    """GET Security/users/ID."""
    at, name = _at(visit, number)
    if visit.level < access.ADMINISTRATOR and name != visit.user:
        raise Refused("lowPrivilege")
    return told(visit, "User", _user(visit, at, name, visit.device.read("users")[name]))


def _own_password(visit: Visit, sent: Element) -> None:
    """Newer firmware wants the acting account's own password once more."""
    if rule_of(visit).user_check:
        password = xml.text(sent, "loginPassword")
        if password != auth.password_of(visit.device, visit.user):
            raise Refused("loginPasswordError")


def create(visit: Visit) -> Reply:
    """POST Security/users."""
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "User"))
    _own_password(visit, sent)
    kept, rule = visit.device.change("users"), visit.device.personality.passwords
    name, level = xml.text(sent, "userName"), xml.text(sent, "userLevel")
    if not rule.name_min <= len(name) <= rule.name_max or level not in LEVELS:
        raise Refused("badXmlContent", words="userName and userLevel are expected")
    if name in kept:
        raise Refused("userNameRepetitive")
    if len(kept) >= rule.users_max:
        raise Refused("invalidOperation", words="no room for another account")
    code = check_password(visit, name, xml.text(sent, "password"))
    taken = numbered(kept)
    wanted = xml.number(sent, "id", default=0)
    number = wanted if wanted and wanted not in taken else next(n for n in range(2, 99) if n not in taken)
    for at, other in taken.items():
        kept[other] = {**kept[other], "id": at}
    kept[name] = {"level": LEVELS[level], "password": xml.text(sent, "password"), "id": number}
    if visit.device.personality.recorder is not None:  # sees nothing from afar until it is allowed to
        kept[name] |= {"preview": [], "playback": []}
    return done(visit, code, created=number)


def change(visit: Visit, number: str) -> Reply:
    """PUT Security/users/ID: admin keeps its name and level; a password left out stays."""
    at, name = _at(visit, number)
    if visit.level < access.ADMINISTRATOR and name != visit.user:
        raise Refused("lowPrivilege")
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "User"))
    if visit.level >= access.ADMINISTRATOR:
        _own_password(visit, sent)
    kept = visit.device.change("users")
    for other_number, other in numbered(kept).items():
        kept[other] = {**kept[other], "id": other_number}
    level = LEVELS.get(xml.text(sent, "userLevel", default=_WORDS[kept[name]["level"]]))
    new = xml.text(sent, "userName", default=name)
    if level is None:
        raise Refused("badParameters", words="userLevel is not possible")
    if kept[name].get("fixed") and (new != name or level != kept[name]["level"]):
        raise Refused("invalidOperation", words="admin keeps its name and level")
    if visit.level < access.ADMINISTRATOR and (new != name or level != kept[name]["level"]):
        raise Refused("lowPrivilege")
    if new != name and new in kept:
        raise Refused("userNameRepetitive")
    code, password = "ok", xml.text(sent, "password")
    if password:
        code = check_password(visit, new, password)
    old = kept.pop(name)
    kept[new] = {**old, "id": at, "level": level, "password": password or old["password"]}
    if name == "admin" and visit.device.personality.recorder and visit.device.read("sync").get("password"):
        visit.pushed = password
    return done(visit, code)


def delete(visit: Visit, number: str) -> Reply:
    """DELETE Security/users/ID: not admin."""
    _, name = _at(visit, number)
    kept = visit.device.change("users")
    if kept[name].get("fixed"):
        raise Refused("invalidOperation", words="admin cannot be deleted")
    for at, other in numbered(kept).items():
        kept[other] = {**kept[other], "id": at}
    del kept[name]
    return done(visit)


# --- rights ------------------------------------------------------------------------------------------

_ADMIN_RIGHTS: Final = ("parameterConfig", "logOrStateCheck", "restartOrShutdown", "upgrade", "restoreDefault")


def permission(visit: Visit, number: str) -> Reply:
    """GET Security/UserPermission/ID: what an account may do from afar, and which channels it sees."""
    at, name = _at(visit, number)
    kept = visit.device.read("users")[name]
    rights = _rights(visit, kept)
    channels = [{"id": n} for n in rights["preview"]]
    content = {
        "id": at,
        "userID": at,
        "userType": {"Administrator": "admin", "Operator": "operator", "User": "viewer"}[kept["level"]],
        "localPermission": {"backup": kept["level"] == "Administrator"},
        "remotePermission": {
            **dict.fromkeys(_ADMIN_RIGHTS, kept["level"] == "Administrator"),
            "preview": bool(channels),
            "playBack": bool(rights["playback"]),
            "videoChannelPermissionList": {
                "videoChannelPermission": [
                    {"id": n, "preview": n in rights["preview"], "playBack": n in rights["playback"]}
                    for n in _every(visit)
                ]
            },
        },
    }
    return told(visit, "UserPermission", content)


def _every(visit: Visit) -> list[int]:
    recorder = visit.device.personality.recorder
    return list(range(1, (recorder.channels if recorder else 1) + 1))


def _rights(visit: Visit, kept: Mapping[str, Any]) -> dict[str, list[int]]:
    every = _every(visit)
    if kept["level"] == "Administrator":
        return {"preview": every, "playback": every}
    return {"preview": list(kept.get("preview", every)), "playback": list(kept.get("playback", ()))}


def set_permission(visit: Visit, number: str) -> Reply:
    """PUT Security/UserPermission/ID."""
    _, name = _at(visit, number)
    sent = xml.find(sealed.opened(visit, xml.parsed(visit.incoming.body, "UserPermission")), "remotePermission")
    if sent is None:
        raise Refused("badXmlContent", words="remotePermission is expected")
    kept = visit.device.change("users")
    listed = xml.each(xml.find(sent, "videoChannelPermissionList"), "videoChannelPermission")
    kept[name] = {
        **kept[name],
        "preview": [xml.number(item, "id") for item in listed if xml.true(item, "preview")],
        "playback": [xml.number(item, "id") for item in listed if xml.true(item, "playBack")],
    }
    return done(visit)


_A: Final = access.ADMINISTRATOR
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "Security/users"): reads(users),
    ("POST", "Security/users"): writes(create),
    ("GET", "Security/users/#"): reads(one_user),
    ("PUT", "Security/users/#"): writes(change, access.USER),
    ("DELETE", "Security/users/#"): writes(delete),
    ("GET", "Security/UserPermission/#"): reads(permission, level=_A),
    ("PUT", "Security/UserPermission/#"): writes(set_permission),
}
