"""Hikvision's ISAPI, the device's side: from a request to a page, its right, its answer.

Source: field facts on vendor protocols, section 1; capture hikvision/hikvisionapi-cassettes.
"""

from __future__ import annotations

from fleetctl.lab import access
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.isapi import (
    activation,
    capabilities,
    channels,
    events,
    login,
    logs,
    media,
    network,
    onvif_users,
    proxy,
    security,
    standing,
    storage,
    system,
    tracks,
    users,
    xml,
)
from fleetctl.lab.isapi.pages import Page, page_of, rule_of
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.vendor import Visit
from fleetctl.lab.world import World

_PARTS = (
    events, activation, capabilities, channels, logs, media, network, onvif_users, proxy, security, standing, storage,
    system, tracks, users,
)  # fmt: skip
_ALL = {key: page for part in _PARTS for key, page in part.PAGES.items()}


def _indexed() -> dict[tuple[str, int], list[tuple[tuple[str, ...], str, Page]]]:
    found: dict[tuple[str, int], list[tuple[tuple[str, ...], str, Page]]] = {}
    for (method, path), page in _ALL.items():
        words = tuple(path.lower().split("/"))
        found.setdefault((method, len(words)), []).append((words, path, page))
    for pages in found.values():
        pages.sort(key=lambda entry: entry[0].count("#"))  # named words before the open ones
    return found


_PAGES = _indexed()


def _matched(method: str, words: list[str]) -> tuple[Page, str, list[str]] | None:
    for pattern, path, page in _PAGES.get((method, len(words)), ()):
        if all(one in ("#", word.lower()) for one, word in zip(pattern, words, strict=True)):
            return page, path, [word for one, word in zip(pattern, words, strict=True) if one == "#"]
    return None


def answer(world: World, device: SimDevice, incoming: Incoming) -> Reply:
    """Answer one request to /ISAPI/ or /SDK/."""
    visit = Visit(world=world, device=device, incoming=incoming)
    path = incoming.path if incoming.path.startswith("/SDK/") else page_of(visit)
    words = path.strip("/").split("/")
    found = _matched(incoming.method, words)
    name = f"isapi:{incoming.method} {found[1] if found else path.strip('/')}"
    try:
        if (refusal := _door(visit, found[0] if found else None)) is not None:
            visit.note(name, "refused")
            return refusal
        reply = _open(visit, found, words)
    except Refused as error:
        device.rollback()
        visit.note(name, error.code)
        return _no(visit, error)
    if not visit.settle(wrote=reply.wrote):
        return _no(visit, Refused("diskError"))
    if visit.pushed and world.recorders is not None:
        world.recorders.push_password(device, visit.pushed)
    reply.after = visit.after
    visit.note(name, "ok")
    return reply


def _door(visit: Visit, page: Page | None) -> Reply | None:
    """Return the refusal of whoever may not come in; else None, and the visit knows who it is."""
    device = visit.device
    needed = page.level if page else access.USER
    if needed == access.ANYONE:
        return None
    if not device.read("users"):
        raise Refused("notActivated")
    if device.faults and "connections" in device.faults:
        return Reply(status=401, body=login.PAGE_401, content_type="text/html")
    known = login.known(visit)
    if not known.user:
        return login.refused(visit, known)
    visit.user, visit.level = known.user, known.level
    return None


def _open(visit: Visit, found: tuple[Page, str, list[str]] | None, words: list[str]) -> Reply:
    make = visit.device.personality
    if found is None or found[0].on not in ("", make.kind) or not found[0].offered(make):
        raise _missing(visit, words)
    page, _, open_words = found
    if visit.level < page.level:
        raise Refused("lowPrivilege")
    return page.work(visit, *open_words)


def _missing(visit: Visit, words: list[str]) -> Refused:
    """A page that is not there: 403 most often, by firmware and page also 404, 400 or 500."""
    path = "/".join(words)
    status = next((status for start, status in rule_of(visit).missing.items() if path.startswith(start)), 403)
    if any(_matched(method, words) for method in ("GET", "PUT", "POST", "DELETE")):
        return Refused("methodNotAllowed")
    return Refused("invalidOperation" if status == 403 else "notSupport", status)


def _no(visit: Visit, error: Refused) -> Reply:
    rule, asked = rule_of(visit), visit.incoming
    status = error.http
    if rule.refuses_in_200 and asked.method != "GET" and "InputProxy" in asked.path and visit.user:
        status = 200
    body = xml.status(rule, asked.path, error.code, words=error.words)
    return Reply(status=status, body=body, content_type=xml.TYPE)
