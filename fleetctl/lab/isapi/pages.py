"""A page of ISAPI: which method, how it is found, who may open it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.lab import access
from fleetctl.lab.generations import Isapi
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.status import http_of
from fleetctl.lab.personality import Personality
from fleetctl.lab.vendor import Reply, Visit

Work = Callable[..., Reply]  # (visit, *what stood for "#" in the path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`level`: the least one needed; `on`: the kind of device that has it, "" for both."""

    work: Work
    level: int = access.USER
    on: str = ""
    offered: Callable[[Personality], bool] = lambda _rule: True


Pages = Mapping[tuple[str, str], Page]  # (method, path below /ISAPI/, "#" for one word)


def reads(work: Work, **other: Any) -> Page:
    """Return a page that is read."""
    return Page(work=work, **other)


def writes(work: Work, level: int = access.ADMINISTRATOR, **other: Any) -> Page:
    """Return a page that changes the device."""
    return Page(work=work, level=level, **other)


def rule_of(visit: Visit) -> Isapi:
    """Return the device's generation."""
    rule = visit.device.personality.isapi
    if rule is None:
        raise TypeError(visit.device.name)
    return rule


def page_of(visit: Visit) -> str:
    """Return the path below /ISAPI/."""
    return visit.incoming.path.removeprefix("/ISAPI/")


def told(visit: Visit, root: str, content: Mapping[str, Any]) -> Reply:
    """Answer with a document."""
    body = xml.document(rule_of(visit), page_of(visit), root, content)
    return Reply(status=200, body=body, content_type=xml.TYPE)


def plain(text: str) -> Reply:
    """Answer with plain text."""
    return Reply(status=200, body=text.encode(), content_type="text/plain")


def done(visit: Visit, code: str = "ok", *, created: int | None = None) -> Reply:
    """Answer that it is done, perhaps with a reserve."""
    body = xml.status(rule_of(visit), visit.incoming.path, code, created=created)
    return Reply(status=http_of(code), body=body, content_type=xml.TYPE, wrote=True)
