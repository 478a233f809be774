"""Names of ports: every way a console writes one comes to one short name."""

from __future__ import annotations

import re
from typing import Final

# What stands for each kind of port; consoles write it long, short, or with other capitals.
_SHORT: Final = (
    ("10gigabitethernet", "te"),
    ("tengigabitethernet", "te"),
    ("ten-gigabitethernet", "te"),
    ("xge", "te"),
    ("gigabitethernet", "gi"),
    ("ge", "gi"),
    ("gi", "gi"),
    ("te", "te"),
    ("fastethernet", "fa"),
    ("fa", "fa"),
)
_NAMED: Final = re.compile(r"(?P<kind>(?:10)?[a-z-]+?)\s*(?P<number>\d[\d/]*)")


def canonical(port: str) -> str:
    """Return the one name of a port: `GigabitEthernet1/0/3`, `Gi1/0/3` and `GE1/0/3` are gi1/0/3; ether5 is ether5."""
    told = port.strip().lower()
    found = _NAMED.fullmatch(told)
    if found is None:
        return told
    kind = next((short for long, short in _SHORT if found["kind"] == long), found["kind"])
    return f"{kind}{found['number']}"


def written(port: str, long: dict[str, str]) -> str:
    """Return a port as a console wants it typed; `long` says what stands for gi, te and fa there."""
    found = _NAMED.fullmatch(port)
    if found is None or found["kind"] not in long:
        return port
    return f"{long[found['kind']]}{found['number']}"


def in_order(port: str) -> tuple[tuple[int, int | str], ...]:
    """Return what sorts ports as people count them: gi1/0/2 before gi1/0/10."""
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", port) if part)
