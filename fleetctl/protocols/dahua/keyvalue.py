"""The lines Dahua pages answer with, and the words of the requests they take.

Source: field facts, NVR and vendor protocols, 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from fleetctl.errors import Unsupported

_KEY: Final = re.compile(r"[A-Za-z_][\w.:\-\[\]@]*=")
MAX_URL: Final = 1900


def parsed(body: bytes) -> dict[str, str]:
    """Return the values by key: split at the first `=`; a line without a key goes on with the value before it."""
    told: dict[str, str] = {}
    one: dict[str, str] = {}  # a schedule is thousands of lines with few values: each is kept once
    last = ""
    for line in body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if _KEY.match(line):
            last, _, value = line.partition("=")
            told[last] = one.setdefault(value, value)
        elif last and line:
            told[last] += f"\n{line}"
    return told


def under(values: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return what stands under a prefix, by the rest of its key: `Record[0]` of `Record[0].PreRecord`."""
    return {
        key[len(prefix) :].lstrip("."): value
        for key, value in values.items()
        if key.startswith(prefix) and (len(key) == len(prefix) or key[len(prefix)] in ".[")
    }


def indexes(values: Mapping[str, str], prefix: str) -> Iterator[int]:
    """Yield the numbers in `prefix[n]`, ascending."""
    pattern = re.compile(re.escape(prefix) + r"\[(\d{1,4})\]")
    yield from sorted({int(match[1]) for key in values if (match := pattern.match(key))})


def boolean(told: str | None) -> bool | None:
    """Return true and false, None for anything else."""
    return {"true": True, "false": False, "1": True, "0": False}.get((told or "").strip().lower())


def number(told: str | None) -> float | None:
    """Return a number (`2000324395008.000000`), None for anything else."""
    try:
        value = float(told or "")
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def escaped(value: object) -> str:
    """Return a value as it may stand in a request: a raw blank makes the device refuse the whole of it.

    `&` cannot be told at all, since devices decode before they split; an empty value would be ignored, so that
    one blank clears. Raises Unsupported for `&`.
    """
    told = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if "&" in told:
        raise Unsupported("the device cannot take a text with & in it")
    return quote(told or " ", safe="/:*-_.,;()!@")


def queries(values: Mapping[str, object]) -> Iterator[str]:
    """Yield `&key=value...` in pieces that fit into a request; keys are the device's own names."""
    piece = ""
    for key, value in values.items():
        one = f"&{quote(key, safe='[].:_-')}={escaped(value)}"
        if piece and len(piece) + len(one) > MAX_URL:
            yield piece
            piece = ""
        piece += one
    if piece:
        yield piece
