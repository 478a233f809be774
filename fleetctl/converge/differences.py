"""What Ansible's tasks tell, as changes and gaps of an aspect."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fleetctl.catalog.roles import Role
from fleetctl.model import ABSENT, UNSET, Change, Expectation, Gap, Outcome, Place
from fleetctl.protocols.ansible import Diff, State, Told

_MOST: Final = 400  # characters of a value
_NOT_SHOWN: Final = "(not shown)"
_NOT_DONE: Final = "not done"
_DONE: Final = "done"
_SPACES: Final = re.compile(r"\s+")


@dataclass(kw_only=True)
class Looked:
    """What was found of one aspect of one host so far."""

    role: Role
    expectation: Expectation
    device: str
    tasks: int = 0
    failed: tuple[Outcome, str] | None = None
    changes: list[Change] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def take(self, told: Told) -> None:
        """Take what a task of the role did."""
        self.tasks += 1
        if told.state is State.CHANGED:
            for change in _changes(told, self):
                self._add(change)
        elif told.state is State.UNCHECKED:
            reason = "no check mode: what it would do cannot be told"
            self.gaps.append(Gap(field=told.task, outcome=Outcome.UNKNOWN, reason=reason))
        elif told.state in (State.FAILED, State.SUDO):
            outcome = Outcome.FAILED if told.state is State.FAILED else Outcome.REFUSED
            self.failed = self.failed or (outcome, f"{told.task}: {told.message}")

    def unoffered(self) -> None:
        """Add a gap for each field that is expected and that the role cannot set."""
        for each in dataclasses.fields(self.expectation.value):
            if getattr(self.expectation.value, each.name) is not UNSET and each.name not in self.role.offered:
                self.gaps.append(Gap(field=each.name, reason=f"the role {self.role.name} does not set this"))

    def _add(self, change: Change) -> None:
        """Add a change under a name of its own: two tasks may be about one setting or one file."""
        taken = {(each.field, each.key) for each in self.changes}
        key, number = change.key, 1
        while (change.field, key) in taken:
            number += 1
            key = f"{change.key} {number}".strip()
        self.changes.append(dataclasses.replace(change, key=key))


def _changes(told: Told, looked: Looked) -> Iterator[Change]:
    setting = setting_named(told.task, looked.role)
    places: Mapping[str, Place] = looked.expectation.places
    for diff in told.diffs or (Diff(before="", after=""),):
        before, after = (None, _NOT_SHOWN) if told.hidden else values(diff)
        name = setting or (diff.name if diff.name.startswith("/") else "") or told.task
        yield Change(
            device=looked.device,
            aspect=looked.role.name,
            field=name,
            key=diff.name if diff.name != name else "",
            before=before,
            after=after,
            place=places.get(name),
        )


def setting_named(task: str, role: Role) -> str:
    """Return the setting that a task's sentence names, "" if none: `Set the time zone` is of `zone`."""
    words = f" {re.sub(r'[^a-z0-9]+', ' ', task.lower())} "
    found = [o.name for o in role.options if f" {o.name.replace('_', ' ')} " in words]
    return max(found, key=len, default="")


def values(diff: Diff) -> tuple[Hashable, Hashable]:
    """Return the differing lines of a diff as two short texts; ABSENT where there is nothing."""
    if not diff.before and not diff.after:
        return _NOT_DONE, _DONE
    before, after = diff.before.splitlines(), diff.after.splitlines()
    gone, come = [], []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            gone += before[a:b]
            come += after[c:d]
    if not gone and not come:
        return _NOT_DONE, _DONE  # only the end of the last line differs
    return _short(gone), _short(come)


def _short(lines: Sequence[str]) -> Hashable:
    text = "; ".join(filter(None, (_SPACES.sub(" ", line).strip() for line in lines)))
    if not text:
        return ABSENT
    return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(lines)} lines)"
