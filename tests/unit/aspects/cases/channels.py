"""A recorder's cameras over ONVIF: told, never bound."""

from __future__ import annotations

from fleetctl.aspects.channels import BoundCamera, Channels
from fleetctl.model import FrozenMap
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.recorders import FREE

CASES = (
    Case(
        name="recordings tell names and addresses of their sources",
        answers=FREE,
        reads={
            "cameras": FrozenMap(
                {"1": BoundCamera(name="Quầy 1", address="10.20.1.11"), "2": BoundCamera(name="Quầy 2")}
            ),
            "used": 2,
        },
    ),
    Case(
        name="binding is a person's",
        answers=FREE,
        wanted=Channels(cameras=FrozenMap({"3": BoundCamera(address="10.20.1.13")}), auto_add=False),
        gaps=(("cameras", "3", ""), ("auto_add", "", "")),
    ),
)
