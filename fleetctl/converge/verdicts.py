"""What a host's tasks amount to: the end of the host as a whole, or how one of its aspects stands."""

from __future__ import annotations

import re
from typing import Final

from fleetctl.converge.differences import Looked
from fleetctl.converge.link import where
from fleetctl.model import Change, Device, Gap, Outcome, worst
from fleetctl.plan import Comparison, gap_reason, waive
from fleetctl.protocols.ansible import State, Told

_MACHINE: Final = re.compile(r"[0-9a-f]{32}")
_SIGNALLED: Final = 128  # a shell's exit code of what a signal ended, and more


def whole(each: Told, device: Device) -> tuple[Outcome, str] | None:
    """Return what ends the host as a whole, None where it is the task's own affair."""
    if each.state is State.UNREACHABLE:
        return Outcome.UNREACHABLE, f"{where(device)}: {each.message}"
    if each.state is State.LOGIN:
        told = f"{where(device)}: SSH refuses the login of {device.user}: {each.message}. Not retried"
        return Outcome.REFUSED, told
    if each.state is State.KEY:
        return Outcome.REFUSED, (
            f"{where(device)} shows another SSH host key than the one on record: another machine, or installed anew. "
            f"Untouched. If that was on purpose: fleetctl adopt --limit {device.name} --replace"
        )
    if each.state is State.SUDO and not each.role:
        told = f"{where(device)}: {device.user} may not become root: {each.message}. See ansible_become_password"
        return Outcome.REFUSED, told
    return None


def cut_off(look: Told) -> bool:
    """Tell whether the first look was ended by a signal, here or there: it says nothing of the login then."""
    return look.code is not None and (look.code < 0 or look.code >= _SIGNALLED)


def identified(each: Told, device: Device) -> tuple[Outcome, str] | None:
    """Return what the first look at a host ends it with: no way in, or another machine; None where all is well."""
    ended, machine = whole(each, device), each.output.strip()
    if ended is not None or each.state is not State.FAILED:
        return ended
    if machine == device.serial_number:
        return Outcome.FAILED, f"{where(device)}: {each.message}"
    if cut_off(each):
        return Outcome.UNREACHABLE, f"{where(device)}: the first look was cut off ({each.message})"
    if each.code == 0 and not _MACHINE.fullmatch(machine):
        return Outcome.UNKNOWN, f"{where(device)}: what it has in /etc/machine-id is no id: {machine[:40]!r}"
    if not _MACHINE.fullmatch(machine):  # sudo's own words do not always come through
        return Outcome.REFUSED, (
            f"{where(device)}: {device.user} may not become root, or there is no /etc/machine-id ({each.message}). "
            "See ansible_become_password, and what sudo allows there"
        )
    return Outcome.REFUSED, (
        f"{where(device)}: another machine answers here: its id is {machine}, expected {device.serial_number}. "
        f"Untouched. If it was replaced on purpose: fleetctl adopt --limit {device.name} --replace"
    )


def judged(looked: Looked) -> tuple[Outcome, str, tuple[Change, ...], tuple[Gap, ...]]:
    """Return what a check amounts to; nothing that could not be told is in step."""
    if looked.failed is not None:
        return *looked.failed, (), tuple(looked.gaps)
    if not looked.tasks:
        return Outcome.UNKNOWN, f"the role {looked.role.name} told nothing of this host", (), ()
    found = Comparison(changes=tuple(looked.changes), gaps=tuple(looked.gaps))
    left = waive(found, looked.role.name, looked.expectation.waivers)
    outcomes = [gap.outcome for gap in left.gaps]
    outcome = worst([*outcomes, Outcome.PENDING] if left.changes else outcomes)
    return outcome, gap_reason(left.gaps), left.changes, left.gaps


def read_back(changes: tuple[Change, ...], after: Looked, said: tuple[Outcome, str] | None) -> tuple[Outcome, str]:
    """Judge by what the last check finds, never by the run's word alone."""
    if said is not None:
        return said
    outcome, reason, left, _ = judged(after)
    if not left:
        return (outcome, reason) if outcome.rank > Outcome.CHANGED.rank else (Outcome.CHANGED, reason)
    before = {(change.field, change.key): change.before for change in changes}
    names = ", ".join(f"{c.field} {c.key}".strip() for c in left)
    if all(before.get((c.field, c.key)) == c.before for c in left):
        return Outcome.NOT_APPLIED, f"Ansible changed it, and a new check finds it as before: {names}"
    return Outcome.FAILED, f"a new check still finds differences: {names}"
