"""Why something is not as expected: it was right and moved, the standard moved, or it was never brought there.

For each aspect of each device the store remembers, setting by setting, a digest of what is expected, since when, and
whether the device was ever seen to be so. Pure.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fleetctl.codec import encode, text
from fleetctl.model import UNSET, Cause, FrozenMap, setting_of

WHOLE: Final = ""  # stands for the aspect as a whole: for what no setting of it is named after


class Asked(NamedTuple):
    """What is expected of one setting: its digest, since when (seconds), ever seen right, and as from the start."""

    digest: str
    since: float
    right: bool
    first: bool  # the device was never expected to be otherwise


Memory = Mapping[str, Asked]
"""By `field`, by `field.key` for the items of a keyed field, and WHOLE."""


def name_of(field: str, key: str) -> str:
    """Return the name of a setting, or of an item, within its aspect."""
    return f"{field}.{key}" if key else field


def digests(expected: Any) -> dict[str, str]:
    """Return a digest for each setting that is expected, and WHOLE; what is measured has none of its own."""
    return {**dict(_digests(expected)), WHOLE: _digest(encode(expected))}


def _digests(expected: Any) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(expected):
        value = getattr(expected, field.name)
        if value is UNSET or setting_of(field).observed or setting_of(field).instruction:
            continue
        if isinstance(value, FrozenMap):
            for key, item in value.items():
                yield name_of(field.name, key), _digest(encode(item))
        else:
            yield field.name, _digest(encode(value))


def _digest(value: Any) -> str:
    return hashlib.blake2b(text(value).encode(), digest_size=6).hexdigest()


def looked(
    before: Memory | None,
    expected: Any,
    not_right: Iterable[str],
    now: float,
    *,
    compared: bool,
    known: bool = False,
) -> Memory:
    """Return what is remembered after a look at an aspect's expected value; `before` is None at the first one.

    `not_right` names what differs, or cannot be told, or is waived; `compared` is False where the device could not be
    read. `known`: it was looked at before anything was remembered, so what differs is taken to have moved.
    """
    wrong = set(not_right)
    if before is not None and before[WHOLE].digest == _digest(encode(expected)):
        if compared and not wrong and all(asked.right for asked in before.values()):
            return before  # as on most nights
        now_asked = {name: asked.digest for name, asked in before.items()}
    else:
        now_asked = digests(expected)
    within = {name[:at] for name in wrong for at, letter in enumerate(name) if letter == "."}
    told: dict[str, Asked] = {}
    for name, digest in now_asked.items():
        asked = before.get(name) if before is not None else None
        if asked is None or asked.digest != digest:
            asked = Asked(digest, now, right=known and before is None, first=before is None)
        off = bool(wrong) if name == WHOLE else name in wrong or name in within or name.partition(".")[0] in wrong
        told[name] = asked._replace(right=True) if compared and not off else asked
    return told


def righted(before: Memory, names: Iterable[str]) -> Memory:
    """Return what is remembered once these settings were written and read back."""
    done = {name: before[name]._replace(right=True) for name in names if name in before}
    return {**before, **done}


def cause(memory: Memory, name: str) -> tuple[Cause, float]:
    """Return why a setting is not as expected, and since when that has been expected."""
    asked = memory.get(name) or memory[WHOLE]
    if asked.right:
        return Cause.DRIFT, asked.since
    return (Cause.NEW if asked.first else Cause.PENDING), asked.since


def written(memory: Memory) -> str:
    """Return the memory as the store keeps it."""
    return text({name: [a.digest, a.since, int(a.right), int(a.first)] for name, a in sorted(memory.items())})


def read(told: str) -> Memory:
    """Return the memory that `written` wrote."""
    return {name: Asked(a[0], a[1], bool(a[2]), bool(a[3])) for name, a in json.loads(told).items()}
