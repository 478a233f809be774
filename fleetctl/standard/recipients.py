"""Who is told what changed, and by which mail server: read from the inventory, merged by key, judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fleetctl.errors import Fault, InventoryError
from fleetctl.standard.faults import Fleet, judged, variable_faults
from fleetctl.standard.shapes import LAYERS, STATE

NAME: Final = "message_recipients"
VARIABLES: Final = tuple(NAME + layer for layer in LAYERS)
SERVER: Final = "message_smtp"
SMTP_PASSWORD: Final = "message_smtp_password"  # noqa: S105  # a variable's name
WEBHOOK_KEY: Final = "message_webhook_key"
_FIELDS: Final = ("email", "webhook", "language", "heartbeat_days")
_EXAMPLE: Final = "{email: ward@example.vn, language: vi}"
_SERVER_EXAMPLE: Final = "{server: smtp.example.vn, port: 587, security: starttls, user: u, sender: f@example.vn}"
_EMAIL: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_LOOPBACK: Final = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is told of the devices whose variables name it: by e-mail, or by a webhook."""

    name: str
    email: str = ""
    webhook: str = ""
    language: str = "vi"
    heartbeat_days: int = 0  # 0: nothing is sent while nothing changes
    ca_file: str = ""  # of a webhook; relative to the inventory; "": the system's authorities


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where e-mail is handed in; `security` none only on this machine."""

    server: str
    port: int
    security: str  # starttls, tls, none
    sender: str
    user: str = ""
    ca_file: str = ""  # relative to the inventory; "": the system's authorities


Wrong = tuple[str, str, str]
"""Dotted path within the variable ("" is all of it), reason, mend."""


def recipients_of(device: str, fleet: Fleet) -> tuple[Recipient, ...]:
    """Return who is told of a device, by name; merged by key from all, area, site and host. Raises InventoryError."""
    values = fleet.values(device)
    found: dict[str, Recipient] = {}
    for variable in VARIABLES:
        if (given := values.get(variable)) is None:
            continue
        if faults := tuple(judged(variable, given, _wrong_recipients)):
            raise InventoryError(faults)
        for name, item in (given.value or {}).items():
            if item is None or item.get(STATE) == "absent":
                found.pop(name, None)
            else:
                found[name] = Recipient(name=name, **{field: item[field] for field in _FIELDS if field in item})
    return tuple(found[name] for name in sorted(found))


def server_of(device: str, fleet: Fleet) -> MailServer | None:
    """Return the mail server that a device's variables name, None where they name none. Raises InventoryError."""
    given = fleet.values(device).get(SERVER)
    if given is None or given.value is None:
        return None
    if faults := tuple(judged(SERVER, given, _wrong_server)):
        raise InventoryError(faults)
    told = given.value
    security = told.get("security", "starttls")
    return MailServer(
        server=told["server"],
        port=told.get("port", PORTS[security]),
        security=security,
        sender=told["sender"],
        user=told.get("user", ""),
        ca_file=told.get("ca_file", ""),
    )


def recipient_faults(fleet: Fleet) -> Iterator[Fault]:
    """Return every fault in the recipients and mail servers of all devices; what devices share is looked at once."""
    return variable_faults(fleet, {SERVER: _wrong_server, **dict.fromkeys(VARIABLES, _wrong_recipients)})


def _wrong_recipients(value: Any) -> Iterator[Wrong]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield "", "is not a mapping", f"write name: {_EXAMPLE}"
        return
    for name, item in value.items():
        if item is None:
            continue
        if not isinstance(item, Mapping):
            yield str(name), "is not a mapping", f"write {_EXAMPLE}"
        elif item.get(STATE) != "absent":
            for path, reason, mend in _wrong_recipient(item):
                yield f"{name}.{path}" if path else str(name), reason, mend


def _wrong_recipient(item: Mapping[str, Any]) -> Iterator[Wrong]:
    for field in item.keys() - {*_FIELDS, STATE}:
        yield str(field), "is not known", f"there are {', '.join(_FIELDS)}"
    if ("email" in item) == ("webhook" in item):
        yield "", "needs an e-mail address or a webhook, and not both", f"write {_EXAMPLE}"
    if "email" in item and not _EMAIL.fullmatch(str(item["email"])):
        yield "email", f"is {item['email']!r}, no e-mail address", "write name@example.vn"
    if "webhook" in item:
        yield from _wrong_webhook(str(item["webhook"]))
    if "ca_file" in item and ("webhook" not in item or not isinstance(item["ca_file"], str)):
        yield "ca_file", "is for a webhook, and a path", "write a PEM file, relative to the inventory"
    if item.get("language", "vi") not in ("vi", "en"):
        yield "language", f"is {item['language']!r}", "write vi or en"
    days = item.get("heartbeat_days", 0)
    if type(days) is not int or not 0 <= days <= 366:
        yield "heartbeat_days", f"is {days!r}", "write a number of days, 0 for never"


def _wrong_webhook(told: str) -> Iterator[Wrong]:
    try:
        parts = urlsplit(told)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield "webhook", f"is no address: {error}", "write https://host/path"
        return
    if not host or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not _LOOPBACK.fullmatch(host)):
        yield "webhook", f"is {told!r}", "write https://host/path (http only on this machine)"
    elif parts.username is not None or parts.password is not None:
        yield "webhook", "holds a login", f"take it out: what is sent is signed with {WEBHOOK_KEY}"


def _wrong_server(value: Any) -> Iterator[Wrong]:
    known = ("server", "port", "security", "user", "sender", "ca_file")
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield "", "is not a mapping", f"write {_SERVER_EXAMPLE}"
        return
    for field in value.keys() - set(known):
        yield str(field), "is not known", f"there are {', '.join(known)}"
    for field in ("server", "user", "sender", "ca_file"):
        if not isinstance(value.get(field, ""), str) or (field in ("server", "sender") and not value.get(field)):
            yield field, "is missing, or no text", f"write {_SERVER_EXAMPLE}"
    if value.get("sender") and not _EMAIL.fullmatch(str(value["sender"])):
        yield "sender", f"is {value['sender']!r}, no e-mail address", "write name@example.vn"
    port, security = value.get("port", 587), value.get("security", "starttls")
    if type(port) is not int or not 1 <= port <= 65535:
        yield "port", f"is {port!r}", "write a number from 1 to 65535"
    if security not in PORTS:
        yield "security", f"is {security!r}", "write starttls or tls (none only on this machine)"
    elif security == "none" and (value.get("user") or not _LOOPBACK.fullmatch(str(value.get("server")))):
        yield "security", "is none, towards another machine or with a login", "write starttls or tls"
