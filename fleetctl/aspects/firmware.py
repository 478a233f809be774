"""Firmware: which version each model should have. Read and judged here; written by `fleetctl firmware roll` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleetctl.model import (
    Aspect,
    Cell,
    Disruption,
    FrozenMap,
    Gap,
    Kind,
    Outcome,
    Parser,
    Unset,
    Verdict,
    older,
    release_of,
    setting,
    verdict,
)
from fleetctl.standard.floors import FLOORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one model should have."""

    version: str | Unset = setting("version and build, as its maker writes them", instruction=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """Versions by model, and what the device has."""

    target: FrozenMap[Version] | Unset = setting(
        "by model, what `fleetctl firmware roll` brings it to", instruction=True, short="version"
    )
    minimum: FrozenMap[Version] | Unset = setting(
        "by model, the oldest that an audit lets pass", instruction=True, short="version"
    )
    known_floors: bool | Unset = setting(
        "an audit also tells firmware with a hole that fleetctl knows of", instruction=True
    )
    maker: str | Unset = setting("maker", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    model: str | Unset = setting("model", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    version: str | Unset = setting("version", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")


ASPECT = Aspect(
    name="firmware",
    type=Firmware,
    kinds=frozenset({Kind.CAMERA, Kind.NVR, Kind.SWITCH}),
    disruption=Disruption.REBOOT,
    doc="Version of the firmware: judged by audit and plan, written by `firmware roll` only",
    applied_by="firmware roll",
)


def read(session: Any) -> Firmware:
    """Read what the device says it is; every protocol's session tells that."""
    told = session.identity()
    return Firmware(maker=told.manufacturer, model=told.model, version=told.firmware)


def judge(actual: Firmware, expected: Firmware, parse: Parser = release_of) -> tuple[Gap, ...]:
    """Tell firmware that is too old, not the target, or known to be open to anybody; `parse` is its maker's."""
    gaps: list[Gap] = []
    model, version = str(actual.model or ""), str(actual.version or "")
    if (least := named(expected.minimum, model)) and (too_old := older(version, least, parse)) is not False:
        outcome = Outcome.FAILED if too_old else Outcome.UNKNOWN
        told = f"{version} is older than {least}" if too_old else f"{version!r} cannot be compared with {least}"
        gaps.append(Gap(field="minimum", key=model, outcome=outcome, reason=f"{told}: fleetctl firmware plan"))
    if (target := named(expected.target, model)) and (found := verdict(target, version, parse)) is not Verdict.VERIFIED:
        outcome = Outcome.PENDING if found is Verdict.FAILED else Outcome.UNKNOWN
        reason = f"has {version}, {target} is wanted: fleetctl firmware plan"
        gaps.append(Gap(field="target", key=model, outcome=outcome, reason=reason))
    for floor in FLOORS if expected.known_floors is True else ():
        if (hole := floor.open_in(str(actual.maker or ""), version)) is not False:
            outcome = Outcome.FAILED if hole else Outcome.UNKNOWN
            told = f"{version} has {floor.advisory} ({floor.doc})" if hole else f"{version!r} may have {floor.advisory}"
            gaps.append(Gap(field="known_floors", outcome=outcome, reason=told))
    return tuple(gaps)


def named(versions: FrozenMap[Version] | Unset, model: str) -> str:
    """Return what a table of versions says of a model, whatever its case; "" for nothing."""
    if isinstance(versions, Unset):
        return ""
    found = {key.casefold(): item for key, item in versions.items() if isinstance(item, Version)}
    item = found.get(model.strip().casefold())
    return item.version if item is not None and isinstance(item.version, str) else ""


CELLS = tuple(
    Cell(aspect="firmware", protocol=protocol, read=read, judge=judge)
    for protocol in ("onvif", "isapi", "dahua", "ssh")
)
