"""What a console prints, line by line, as records; what is cut off or not understood is an error, never less."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fleetctl.errors import BadAnswer, UsageError

Record = Mapping[str, str]
KIND: Final = "kind"
MAX_LINE: Final = 4096
_KEYS: Final = frozenset({"start", "one", "of", "match", "set", "more", "skip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One sort of line.

    `start` begins a record of that kind, which later lines of the block add to; `one` is a record of one line; `of`
    adds to a begun record. `set` are values the line means without saying them. `more`: other rules look at it too.
    """

    match: re.Pattern[str]
    start: str = ""
    one: str = ""
    of: str = ""
    set: Mapping[str, str] = field(default_factory=dict)
    more: bool = False
    skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many records of some kinds there must be: the switch's own number, in group `total` of `match`.

    `command` is what prints it; "": the answer itself.
    """

    kinds: tuple[str, ...]
    match: re.Pattern[str]
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One command that only reads, and how its answer is understood.

    `whole` must be in the answer, else it was cut off. `ends`: a line that ends the block begun. `strict`: a line
    that no rule knows is an error, as in tables; a configuration holds much that nobody asks for. What has no end
    one could look for is held against the switch's own `count`, or is read `twice`.
    """

    command: str
    rules: tuple[Rule, ...]
    whole: re.Pattern[str]
    ends: re.Pattern[str] | None = None
    strict: bool = False
    count: Count | None = None
    twice: bool = False
    join: re.Pattern[str] | None = None  # a line that goes on from the one before
    defaults: Mapping[str, Record] = field(default_factory=dict)  # of a kind: what a record says by saying nothing


def reading(told: Mapping[str, Any], where: str) -> Reading:
    """Return a reading as a platform's file describes it; raises UsageError."""
    try:
        return Reading(
            command=str(told["command"]),
            rules=tuple(_rule(each) for each in told["rules"]),
            whole=re.compile(told["whole"], re.MULTILINE),
            ends=re.compile(told["ends"]) if "ends" in told else None,
            strict=bool(told.get("strict", False)),
            count=_count(told["count"]) if "count" in told else None,
            twice=bool(told.get("twice", False)),
            join=re.compile(told["join"]) if "join" in told else None,
            defaults={k: {n: str(v) for n, v in r.items()} for k, r in told.get("defaults", {}).items()},
        )
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise UsageError(f"{where}: not a reading: {error!r}") from None


def _count(told: Mapping[str, Any]) -> Count:
    match = re.compile(told["match"], re.MULTILINE)
    if "total" not in match.groupindex:
        raise ValueError("a count names its number (?P<total>...)")
    return Count(kinds=tuple(told["kinds"]), match=match, command=str(told.get("command", "")))


def _rule(told: Mapping[str, Any]) -> Rule:
    if unknown := told.keys() - _KEYS:
        raise ValueError(f"a rule has no {min(unknown)}")
    if odd := [name for name in told.get("set", {}) if not isinstance(name, str)]:
        raise ValueError(f"YAML reads a name as {odd[0]!r}; choose another")
    values = {name: told[name] for name in ("start", "one", "of", "more", "skip") if name in told}
    return Rule(match=re.compile(told["match"]), set={n: str(v) for n, v in told.get("set", {}).items()}, **values)


def parsed(reading: Reading, text: str) -> tuple[Record, ...]:
    """Return the records of an answer, in its order; raises BadAnswer for one that is cut off or not understood."""
    lines = [line.rstrip()[:MAX_LINE] for line in text.replace("\r", "").split("\n")]
    if not reading.whole.search("\n".join(lines)):
        raise BadAnswer(f"`{reading.command}`: the answer is not whole", raw=text.encode("utf-8", "replace"))
    records: list[dict[str, str]] = []
    current: dict[str, str] | None = None
    for line in _joined(lines, reading.join):
        current = _take(reading, line, records, current)
    return tuple({**reading.defaults.get(record[KIND], {}), **record} for record in records)


def _take(
    reading: Reading, line: str, records: list[dict[str, str]], current: dict[str, str] | None
) -> dict[str, str] | None:
    """Let the rules look at one line; return the record that following lines add to."""
    known = False
    for rule in reading.rules:
        if rule.of and (current is None or current[KIND] != rule.of):
            continue
        found = rule.match.search(line)
        if found is None:
            continue
        known = True
        told = {**rule.set, **{n: v for n, v in found.groupdict().items() if v is not None}}
        if rule.start or rule.one:
            made = {KIND: rule.start or rule.one, **told}
            records.append(made)
            current = made if rule.start else current
        elif current is not None and rule.of:
            current.update(told)
        if not rule.more:
            return current
    if not known and line.strip():
        if reading.strict:
            raise BadAnswer(f"`{reading.command}`: not understood: {line.strip()[:120]!r}", raw=line.encode())
        if reading.ends is not None and reading.ends.search(line):
            return None
    return current


def _joined(lines: list[str], join: re.Pattern[str] | None) -> Iterator[str]:
    if join is None:
        yield from lines
        return
    whole = ""
    for line in lines:
        if whole and join.search(line):
            whole += " " + line.strip()
            continue
        if whole:
            yield whole
        whole = line
    yield whole
