"""The plays of a batch of hosts: each role once, on the hosts that have it, so that one role's failure is its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fleetctl.catalog.roles import play_of
from fleetctl.model import FrozenMap

IDENTITY: Final = "Look which machine answers, and whether it lets us become root"

_SAME: Final = "(serial_number | default('', true) | string) in ['', fleetctl__machine.stdout | default('') | trim]"


def plays(
    aspects: Sequence[tuple[str, Sequence[str]]], *, check: bool, not_ready: Mapping[str, str] = FrozenMap()
) -> list[Mapping[str, Any]]:
    """Return the plays for (role, hosts) in this order; a host that is another machine is out after the first.

    Each role's play is that of its own playbook, with the role in a block: what fails in it ends it on that host,
    and the next role begins all the same. A check need not wait for the host before, as a write may (`serial`).
    Roles are told what fleetctl knows: that it fills the vault before a write, and which devices are `not_ready`, so
    that no account of theirs may be counted on, with the reason.
    """
    hosts = sorted({host for _, names in aspects for host in names})
    told = {"fleetctl__fills_vault": True, "fleetctl__not_ready": dict(not_ready)}
    return [_first(hosts), *(_play(role, names, told, check=check) for role, names in aspects if names)]


def _first(hosts: Sequence[str]) -> Mapping[str, Any]:
    look = {
        "name": IDENTITY,
        "ansible.builtin.raw": "cat /etc/machine-id",  # raw: what has no Python yet tells it, too
        "register": "fleetctl__machine",
        "changed_when": False,
        "check_mode": False,
        "failed_when": f"fleetctl__machine.rc | default(1) != 0 or not ({_SAME})",
    }
    return {"name": "identity", "hosts": list(hosts), "gather_facts": False, "become": True, "tasks": [look]}


def _play(role: str, hosts: Sequence[str], told: Mapping[str, Any], *, check: bool) -> Mapping[str, Any]:
    own = {"roles", "hosts", "name", "tags", *(["serial"] if check else [])}
    play = {name: told for name, told in play_of(role).items() if name not in own}
    values = {**play.pop("vars", {}), **told}
    return {"name": role, "hosts": sorted(hosts), **play, "vars": values, "tasks": list(_tasks(role))}


def _tasks(role: str) -> Iterator[Mapping[str, Any]]:
    told = next(_options(entry) for entry in play_of(role)["roles"] if _name(entry) == role)
    yield {
        "block": [{"name": role, "ansible.builtin.import_role": {"name": role}, **told}],
        "rescue": [{"ansible.builtin.meta": "noop"}],
    }


def _name(entry: Any) -> str:
    return str(entry if isinstance(entry, str) else entry.get("role", entry.get("name", "")))


def _options(entry: Any) -> Mapping[str, Any]:
    """Return what a playbook says of a role beside its name (`when`, `vars`)."""
    if isinstance(entry, str):
        return {}
    return {name: told for name, told in entry.items() if name not in ("role", "name", "tags")}
