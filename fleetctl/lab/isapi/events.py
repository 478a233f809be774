"""ISAPI: what the device does at an event. Source: field facts on vendor protocols 1.5, events of interest.

Nothing happens in the lab: the list is read, an id that is not there is "busy" for ever.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab.isapi.pages import Page, reads, told
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.vendor import Reply, Visit

_KINDS: Final = {
    "camera": ("diskfull", "diskerror", "nicbroken", "ipconflict", "illaccess"),
    "recorder": ("illaccess", "diskfull", "diskerror", "nicbroken", "ipconflict", "recordingfailure"),
}


def _trigger(name: str) -> dict[str, Any]:
    return {"id": name, "eventType": name, "eventDescription": f"{name} Event trigger Information"}


def triggers(visit: Visit) -> Reply:
    """GET Event/triggers."""
    kinds = _KINDS[visit.device.personality.kind]
    return told(visit, "EventTriggerList", {"EventTrigger": [_trigger(name) for name in kinds]})


def trigger(visit: Visit, name: str) -> Reply:
    """GET Event/triggers/ID: 503 for one that is not there, now and for ever."""
    if name not in _KINDS[visit.device.personality.kind]:
        raise Refused("deviceBusy")
    return told(visit, "EventTrigger", _trigger(name))


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "Event/triggers"): reads(triggers),
    ("GET", "Event/triggers/#"): reads(trigger),
}
