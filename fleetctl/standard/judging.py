"""Rules by which a requirement judges what was read of a device. Pure; what is not known never passes."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from fleetctl.model import UNSET, Outcome, Untold

_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})")


class Verdict(enum.StrEnum):
    """What a requirement came to."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WAIVED = "waived"  # it fails, by an agreed exception
    UNSUPPORTED = "unsupported"  # the device does not tell it: not proven
    UNKNOWN = "unknown"  # it answered, but not so that one can tell; or nobody has attested it
    REFUSED = "refused"  # the login was
    UNREACHABLE = "unreachable"


OUTCOMES: Final[Mapping[Verdict, Outcome]] = {
    Verdict.PASS: Outcome.UNCHANGED,
    Verdict.FAIL: Outcome.PENDING,
    Verdict.WAIVED: Outcome.WAIVED,
    Verdict.UNSUPPORTED: Outcome.UNSUPPORTED,
    Verdict.UNKNOWN: Outcome.UNKNOWN,
    Verdict.REFUSED: Outcome.REFUSED,
    Verdict.UNREACHABLE: Outcome.UNREACHABLE,
}
"""The outcomes as which verdicts count for the exit code."""


class Judged(NamedTuple):
    """A verdict with what was found, and why it is no pass where that is not plain."""

    verdict: Verdict
    actual: Any = None
    reason: str = ""


Rule = Callable[[Any, Any], bool]


def _pixels(told: Any) -> int:
    found = _SIZE.fullmatch(str(told))
    return int(found[1]) * int(found[2]) if found else 0


def _administrators_among(accounts: Any, known: Any) -> bool:
    return {name for name, account in accounts.items() if account.level == "administrator"} <= set(known)


RULES: Final[Mapping[str, Rule]] = {
    "equal": lambda actual, value: bool(actual == value),
    "at_least": lambda actual, value: bool(actual >= value),
    "at_most": lambda actual, value: bool(actual <= value),
    "within": lambda actual, value: bool(abs(actual) <= value),
    "at_least_pixels": lambda actual, value: _pixels(actual) >= _pixels(value) > 0,
    "among": lambda actual, value: actual in value,
    "filled": lambda actual, _value: bool(actual),
    "only": lambda actual, value: set(actual) <= set(value),
    "has": lambda actual, value: value in actual,
    "administrators_among": _administrators_among,
}
"""What `is:` may say in a pack: (actual, value) -> met."""


def judge(rule: str, path: tuple[str, ...], value: Any, actual: Any) -> Judged:
    """Judge a setting of an aspect's reading; `path` is (field,), or (field, "*", part): every item must meet it."""
    told = getattr(actual, path[0])
    if (untold := _untold(told)) is not None:
        return untold
    if len(path) == 1:
        return _met(rule, value, told)
    if not told:
        return Judged(Verdict.UNKNOWN, {}, f"there is none in {path[0]}")
    found = {key: getattr(item, path[2]) for key, item in told.items()}
    judged = {key: _untold(each) or _met(rule, value, each) for key, each in found.items()}
    worst = max(judged.values(), key=lambda each: _ORDER.index(each.verdict))
    kept = {key: each.actual for key, each in judged.items() if each.verdict is worst.verdict}
    return Judged(worst.verdict, kept, worst.reason)


_ORDER: Final = (Verdict.PASS, Verdict.UNSUPPORTED, Verdict.UNREACHABLE, Verdict.UNKNOWN, Verdict.REFUSED, Verdict.FAIL)


def _untold(told: Any) -> Judged | None:
    if told is UNSET:
        return Judged(Verdict.UNSUPPORTED, None, "the device does not tell this")
    if isinstance(told, Untold):
        return Judged(_OF.get(told.outcome, Verdict.UNKNOWN), None, told.reason)
    return None


_OF: Final = {Outcome.UNSUPPORTED: Verdict.UNSUPPORTED, Outcome.UNREACHABLE: Verdict.UNREACHABLE}


def unread(outcome: Outcome, reason: str) -> Judged:
    """Return the verdict on a reading that did not come about."""
    known = {each.value: each for each in (Verdict.UNSUPPORTED, Verdict.UNREACHABLE, Verdict.REFUSED)}
    return Judged(known.get(outcome.value, Verdict.UNKNOWN), None, reason)


def _met(rule: str, value: Any, actual: Any) -> Judged:
    try:
        met = RULES[rule](actual, value)
    except (TypeError, AttributeError) as error:
        return Judged(Verdict.UNKNOWN, actual, f"it cannot be judged: {error}")
    return Judged(Verdict.PASS if met else Verdict.FAIL, actual)
