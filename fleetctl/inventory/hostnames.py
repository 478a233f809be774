"""Names of hosts: ranges such as `cam-[01:04]`, ports, and what counts as an address (Ansible's rules)."""

from __future__ import annotations

import ipaddress
import re
import string
from typing import Final

_RANGE_NUMBER: Final = r"\[[0-9]+:[0-9]+(?::[0-9]+)?\]"
_RANGE: Final = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]"
_LABEL: Final = rf"(?:\w|{_RANGE})(?:[\w-]|{_RANGE})*(?<![_-])"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_OCTET: Final = rf"(?:[01]?[0-9]{{1,2}}|2[0-4][0-9]|25[0-5]|{_RANGE_NUMBER})"
_IPV4: Final = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_RANGE_HEX: Final = re.compile(r"\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]", re.IGNORECASE)
_BRACKETED_PORT: Final = re.compile(r"\[(.+)\]:([0-9]+)")
_PORT: Final = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")
MAX_HOSTS: Final = 65_536


def _is_host(text: str) -> bool:
    if _IPV4.fullmatch(text) or _HOSTNAME.fullmatch(text):
        return True
    if ":" not in text or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(_RANGE_HEX.sub("0", text))
    except ValueError:
        return False
    return True


def split_port(text: str) -> tuple[str, int | None] | None:
    """Return (host, port) of `host`, `host:port` or `[host]:port`, ranges allowed; None if it is no address."""
    port: int | None = None
    for form in (_BRACKETED_PORT, _PORT):
        if found := form.fullmatch(text):
            text, port = found.group(1), int(found.group(2))
    return (text, port) if _is_host(text) else None


def expanded(pattern: str) -> tuple[tuple[str, ...], int | None]:
    """Return the host names a key of `hosts:` stands for, and its port. Raises ValueError for a bad range."""
    split = split_port(pattern)
    name, port = split if split is not None else (pattern, None)
    if "[" not in name:
        return (name,), port
    return tuple(_unrolled(name)), port


def _unrolled(name: str) -> list[str]:
    head, _, rest = name.partition("[")
    inside, closed, tail = rest.partition("]")
    if not closed:
        raise ValueError("the range is not closed with ]")
    bounds = inside.split(":")
    if len(bounds) not in (2, 3):
        raise ValueError("a range is [begin:end] or [begin:end:step]")
    first, last = bounds[0] or "0", bounds[1]
    if not last:
        raise ValueError("the range does not say where it ends")
    members = _members(first, last, bounds[2] if len(bounds) == 3 else "1")
    if len(members) > MAX_HOSTS:
        raise ValueError(f"the range stands for more than {MAX_HOSTS} hosts")
    names = [f"{head}{member}{tail}" for member in members]
    return [each for one in names for each in _unrolled(one)] if "[" in tail else names


def _members(first: str, last: str, step_told: str) -> list[str]:
    if not step_told.isdecimal() or int(step_told) < 1:
        raise ValueError("the step of a range is a whole number, 1 or more")
    step = int(step_told)
    letters = string.ascii_letters
    if len(first) == 1 and len(last) == 1 and first in letters and last in letters:
        begin, end = letters.index(first), letters.index(last)
        if begin > end:
            raise ValueError("the range begins after its end")
        return list(letters[begin : end + 1 : step])
    if not (first.isdecimal() and last.isdecimal()):
        raise ValueError("the bounds of a range are two numbers or two letters")
    width = len(first) if first.startswith("0") and len(first) > 1 else 0
    if width and width != len(last):
        raise ValueError("with leading zeros both bounds need the same number of digits")
    if int(first) > int(last):
        raise ValueError("the range begins after its end")
    if int(last) - int(first) > MAX_HOSTS * step:
        raise ValueError(f"the range stands for more than {MAX_HOSTS} hosts")
    return [str(number).zfill(width) for number in range(int(first), int(last) + 1, step)]
