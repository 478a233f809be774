"""ISAPI: what the device can do (System/capabilities). Source: field facts on vendor protocols 1.4."""

from __future__ import annotations

from typing import Any

from fleetctl.lab.isapi import channels
from fleetctl.lab.isapi.pages import Page, reads, rule_of, told
from fleetctl.lab.isapi.security import security_cap
from fleetctl.lab.vendor import Reply, Visit


def device_cap(visit: Visit) -> Reply:
    """GET System/capabilities."""
    rule, make = rule_of(visit), visit.device.personality
    content: dict[str, Any] = {
        "SysCap": {
            "isSupportDst": True,
            "NetworkCap": {"isSupportNtp": True, "isSupportUpnp": True},
            "TestCap": {"isSupportNTPTest": True},
            "VideoCap": {
                "videoInputPortNums": rule.analog if make.recorder else 1,
                "videoOutputPortNums": 2 if make.recorder else 0,
            },
        },
        "SecurityCap": security_cap(visit),
        "RacmCap": channels.racm_cap(rule, make.recorder) if make.recorder else None,
    }
    return told(visit, "DeviceCap", content)


PAGES: dict[tuple[str, str], Page] = {("GET", "System/capabilities"): reads(device_cap)}
