"""A switch's configuration, taken away and put back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fleetctl.errors import BadAnswer
from fleetctl.model import Backup
from fleetctl.protocols.ssh.grammar import parsed

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.platforms import Platform
    from fleetctl.protocols.ssh.session import Session


def take(session: Session) -> Backup:
    """Return the running configuration; raises BadAnswer for one that was cut off."""
    name = _reading(session)
    text = session.text(name).replace("\r", "")
    parsed(session.platform.readings[name], text)
    if len(text) < 40:
        raise BadAnswer("the configuration is empty", raw=text.encode())
    text = _lasting(session.platform, text)
    return Backup(name="config", content=text, shown=shown(session.platform, text))


def _reading(session: Session) -> str:
    return "backup" if session.has("backup") else "config"


def _lasting(platform: Platform, text: str) -> str:
    """Return a configuration without the lines that change by themselves."""
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for line in lines if platform.volatile is None or not platform.volatile.search(line)]
    return "\n".join(kept) + "\n"


def shown(platform: Platform, text: str) -> str:
    """Return a configuration without its secrets."""
    kept = []
    for line in text.splitlines():
        for pattern, instead in platform.secrets:
            line = re.sub(pattern, instead, line)
        kept.append(line)
    return "\n".join(kept) + "\n"


def put(session: Session, content: str) -> list[str]:
    """Type what a kept configuration has and the switch has not; return what the switch has besides, untouched.

    What is typed is read back and saved like every other setting; the platform's own revert is armed meanwhile.
    """
    now = set(_lines(session.text(_reading(session))))
    wanted = list(_lines(content))
    missing = [each for each in wanted if each not in now]
    if missing:
        session.write(list(_typed(missing)), lambda: _left(session, missing), guarded=True)
    return [" / ".join(each) for each in _lines(session.text(_reading(session))) if each not in set(wanted)]


def _left(session: Session, missing: list[tuple[str, ...]]) -> str:
    there = set(_lines(session.text(_reading(session))))
    left = [" / ".join(each) for each in missing if each not in there]
    return f"not there afterwards: {'; '.join(left[:5])}" if left else ""


def _typed(lines: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield what to type: a block's header before its lines, and the way out of it after them."""
    block = ""
    for each in lines:
        if len(each) == 1:
            if block:
                yield "exit"
            block = ""
            yield each[0]
            continue
        if each[0] != block:
            if block:
                yield "exit"
            yield each[0]
            block = each[0]
        yield each[1]
    if block:
        yield "exit"


_PASSING = re.compile(
    r"^(?:[!#]|\s*$|end$|return$|quit$|Building configuration|Current configuration|version |\d+\s|Flags:|: )"
)


def _lines(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the settings of a configuration: (line,), or (header, line) of a block; headers alone are none."""
    header = ""
    rows = [row.rstrip() for row in text.replace("\r", "").splitlines()]
    for number, row in enumerate(rows):
        if _PASSING.match(row) or not row.strip():
            if not row.startswith(" "):
                header = ""
            continue
        if row.startswith((" ", "\t")):
            if header:
                yield header, row.strip()
            continue
        header = row
        following = rows[number + 1] if number + 1 < len(rows) else ""
        if not following.startswith((" ", "\t")):
            yield (row,)
