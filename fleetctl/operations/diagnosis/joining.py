"""Causes put together across the devices of a site: what is down behind one thing is told as that one thing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetctl.model import Device, Diagnosed, FrozenMap, Kind, Outcome
from fleetctl.operations import wiring
from fleetctl.operations.diagnosis.causes import CAUSES, command, found
from fleetctl.operations.diagnosis.chains import Chain

AWAY: Final = frozenset({"no-answer", "hangs"})
_OF_DISKS: Final = frozenset({"disk-unformatted", "disk-failed", "disk-full", "disk-none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One line of a site's check: what is wrong, whom it takes along, and what mends it."""

    told: Diagnosed
    along: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The exact command that mends it."""
        return command(self.told)

    @property
    def outcome(self) -> Outcome:
        """How it counts."""
        return self.told.outcome


def joined(
    devices: Mapping[str, Device], asked: Iterable[str], own: Mapping[str, Diagnosed], chains: Sequence[Chain]
) -> tuple[Wrong, ...]:
    """Return the lines of a site, in the order of the layers; `asked` are the devices that were examined."""
    examined = set(asked)
    away = {name for name, told in own.items() if told.cause in AWAY}
    if len(examined) > 1 and away == examined:
        first = devices[min(examined)]
        told = found(first, "site-away")
        values = FrozenMap({**told.values, "device": first.site})
        lost = Diagnosed(
            device=first.site,
            site=told.site,
            layer=told.layer,
            cause=told.cause,
            outcome=told.outcome,
            values=values,
        )
        return (Wrong(told=lost, along=tuple(sorted(examined))),)
    found_own = {**own, **_of_channels(devices, own, chains)}
    roots = {name: _root(devices, name, told, found_own) for name, told in found_own.items()}
    along: dict[str, list[str]] = {}
    for name, root in roots.items():
        if root:
            along.setdefault(root, []).append(name)
    own_trouble = {name: told for name, told in found_own.items() if not roots[name]}
    lines = [Wrong(told=told, along=tuple(sorted(along.get(name, ())))) for name, told in own_trouble.items()]
    order = list(CAUSES)
    return tuple(sorted(lines, key=lambda wrong: (-len(wrong.along), order.index(wrong.told.cause), wrong.told.device)))


def _of_channels(
    devices: Mapping[str, Device], own: Mapping[str, Diagnosed], chains: Sequence[Chain]
) -> dict[str, Diagnosed]:
    """Return what is wrong with the channels of cameras that are well themselves."""
    found_there = {}
    for chain in chains:
        camera = devices[chain.camera]
        if chain.camera in own:
            continue
        if not chain.channel:
            found_there[camera.name] = found(camera, "unbound")
        elif chain.cause:
            reason = chain.trouble or "it does not say why"
            found_there[camera.name] = found(
                camera, chain.cause, channel=chain.channel, recorder=chain.recorder, reason=reason
            )
    return found_there


def _root(devices: Mapping[str, Device], name: str, told: Diagnosed, own: Mapping[str, Diagnosed]) -> str:
    """Return the other device whose trouble this one's is, "" where it is its own."""
    device = devices[name]
    if told.cause in AWAY and device.kind is not Kind.SWITCH:
        switch = wiring.switch_of(devices, device)
        if switch in own and own[switch].cause in AWAY:
            return switch
    recorder = told.values.get("recorder", "")
    if recorder in own and told.cause == "channel-unknown":
        return recorder
    if recorder in own and told.cause == "not-recording" and own[recorder].cause in _OF_DISKS:
        return recorder
    return ""
