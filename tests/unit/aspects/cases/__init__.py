"""All cases of all aspects, and every request that they make: what the judge of requests goes through."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from fleetctl import catalog
from fleetctl.drivers.onvif import DRIVER
from fleetctl.errors import FleetctlError
from fleetctl.model import Cell
from fleetctl.protocols.onvif_receivers import Stream, bind
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.recorders import BOUND
from tests.unit.aspects.fakes import SECRETS, FakeSession

ASPECTS = (
    "audio",
    "channels",
    "events",
    "identity",
    "imaging",
    "network",
    "osd",
    "privacy",
    "recording",
    "retention",
    "services",
    "time",
    "users",
    "video",
)
NEW_CHANNEL = BOUND | {
    "trv:GetReceivers": "",
    "trv:CreateReceiver": "<trv:Receiver><tt:Token>V9</tt:Token></trv:Receiver>",
    "trc:CreateRecording": "<trc:RecordingToken>R3</trc:RecordingToken>",
}
CASES: dict[str, tuple[Case, ...]] = {
    name: importlib.import_module(f"tests.unit.aspects.cases.{name}").CASES for name in ASPECTS
}


def cell_of(aspect: str) -> Cell:
    """Return the ONVIF cell of an aspect."""
    return catalog.load().cells[(aspect, "onvif")]


def session_of(case: Case) -> FakeSession:
    """Return a device that gives the case's answers."""
    return FakeSession(case.answers, device=case.device)


def requests() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (aspect, case, service, operation, body) of every request of every case, questions and orders."""
    for aspect, cases in CASES.items():
        cell = cell_of(aspect)
        for case in cases:
            session = session_of(case)
            try:
                if case.reads:
                    cell.read(session)
                if case.gaps is not None and cell.limits is not None:
                    cell.limits(session, case.wanted)
                if case.requests is not None and cell.write is not None:
                    cell.write(session, case.wanted, SECRETS)
            except FleetctlError:
                pass  # what was sent until then is judged all the same
            for service, operation, body in (*session.asked, *session.ordered):
                yield aspect, case.name, service, operation, body
    session = FakeSession(NEW_CHANNEL)
    stream = Stream(address="10.20.1.12", port=554, path="/live?x=1", user="ghihinh")
    bind(session, None, "Quầy 2", stream, "Mật khẩu <2>")  # by itself: a write of the aspect waits for the stream
    for service, operation, body in (*session.asked, *session.ordered):
        yield "channels", "a new channel", service, operation, body
    told = {action.name: action.run for action in DRIVER.actions}
    for name, argument in (("pause_channel", "1"), ("reset", False), ("reset", True)):
        session = FakeSession(BOUND)
        told[name](session, argument)
        for service, operation, body in (*session.asked, *session.ordered):
            yield name, str(argument), service, operation, body
