"""ISAPI: the accounts ONVIF has of its own on newer firmware. Source: field facts on vendor protocols 1.5, users."""

from __future__ import annotations

from typing import Final

from fleetctl.lab import access
from fleetctl.lab.isapi import sealed, xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.isapi.users import check_password, numbered
from fleetctl.lab.vendor import Reply, Visit

_ONVIF: Final = {"administrator": "Administrator", "operator": "Operator", "mediaUser": "User"}


def _apart(visit: Visit) -> str:
    if not rule_of(visit).onvif_accounts:
        raise Refused("notSupport")
    return "onvif_users"


def users(visit: Visit) -> Reply:
    """GET Security/ONVIF/users."""
    kept = visit.device.read(_apart(visit))
    words = {level: word for word, level in _ONVIF.items()}
    seen = [{"id": n, "userName": name, "userType": words[kept[name]["level"]]} for n, name in numbered(kept).items()]
    return told(visit, "UserList", {"User": seen})


def create(visit: Visit) -> Reply:
    """POST Security/ONVIF/users."""
    section = _apart(visit)
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "User"))
    name, kind = xml.text(sent, "userName"), xml.text(sent, "userType")
    if not name or kind not in _ONVIF:
        raise Refused("badXmlContent", words="userName and userType are expected")
    kept = visit.device.change(section)
    if name in kept:
        raise Refused("userNameRepetitive")
    code = check_password(visit, name, xml.text(sent, "password"))
    taken = numbered(kept)
    number = next(n for n in range(1, 99) if n not in taken)
    kept[name] = {"level": _ONVIF[kind], "password": xml.text(sent, "password"), "id": number}
    return done(visit, code, created=number)


def change(visit: Visit, number: str) -> Reply:
    """PUT Security/ONVIF/users/ID."""
    section = _apart(visit)
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "User"))
    kept = visit.device.change(section)
    name = numbered(kept).get(int(number) if number.isdigit() else 0, "")
    if not name:
        raise Refused("invalidOperation")
    code, password = "ok", xml.text(sent, "password")
    if password:
        code = check_password(visit, name, password)
    words = {level: word for word, level in _ONVIF.items()}
    level = _ONVIF.get(xml.text(sent, "userType", default=words[kept[name]["level"]]))
    if level is None:
        raise Refused("badParameters", words="userType is not possible")
    old = kept.pop(name)
    new = xml.text(sent, "userName", default=name)
    kept[new] = {**old, "id": int(number), "level": level, "password": password or old["password"]}
    return done(visit, code)


def delete(visit: Visit, number: str) -> Reply:
    """DELETE Security/ONVIF/users/ID."""
    kept = visit.device.change(_apart(visit))
    name = numbered(kept).get(int(number) if number.isdigit() else 0, "")
    if not name:
        raise Refused("invalidOperation")
    del kept[name]
    return done(visit)


_A: Final = access.ADMINISTRATOR
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "Security/ONVIF/users"): reads(users, level=_A),
    ("POST", "Security/ONVIF/users"): writes(create),
    ("PUT", "Security/ONVIF/users/#"): writes(change),
    ("DELETE", "Security/ONVIF/users/#"): writes(delete),
}
