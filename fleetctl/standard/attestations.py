"""Attestations: what cannot be checked from outside, seen by a person who kept the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fleetctl.standard.faults import Fleet
from fleetctl.standard.judging import Judged, Verdict
from fleetctl.standard.shapes import LAYERS
from fleetctl.standard.waivers import is_day

NAME: Final = "attestations"
VARIABLES: Final = tuple(NAME + layer for layer in LAYERS)
_MEND: Final = "write {by: NAME, date: 2026-11-25, evidence: attestations/photo.jpg} under attestations_site"


def attested(device: str, requirement: str, fleet: Fleet, root: Path, today: str) -> Judged:
    """Return the verdict on what a person attested of a device's site; evidence is a file below the inventory's folder.

    What nobody attested, or without evidence, is unknown and never passes.
    """
    item: Any = None
    values = fleet.values(device)
    for variable in VARIABLES:
        given = values.get(variable)
        if given is not None and isinstance(given.value, Mapping) and requirement in given.value:
            item = given.value[requirement]
    if not isinstance(item, Mapping):
        return Judged(Verdict.UNKNOWN, None, f"nobody has attested it: {_MEND}")
    by, day, evidence = (str(item.get(name) or "").strip() for name in ("by", "date", "evidence"))
    if not by or not is_day(day) or not evidence:
        return Judged(Verdict.UNKNOWN, None, f"the attestation is not complete: {_MEND}")
    if day > today:
        return Judged(Verdict.UNKNOWN, None, f"the attestation is of {day}, a day to come")
    path = (root / evidence).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        return Judged(Verdict.UNKNOWN, None, f"there is no evidence {evidence} in the inventory's folder")
    if item.get("met", True) is not True:
        return Judged(Verdict.FAIL, f"{by}, {day}", f"attested as not met: {evidence}")
    return Judged(Verdict.PASS, f"{by}, {day}", evidence)
