"""Both sides of the wire against ONVIF's own schema: all that fleetctl can ask for, all that the lab can answer."""

from __future__ import annotations

import ast
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import fleetctl
from fleetctl import catalog
from fleetctl.errors import FleetctlError
from fleetctl.lab import firmware
from fleetctl.lab.dispatch import OPERATIONS
from fleetctl.lab.personality import of
from fleetctl.model import Access, Device, Endpoint, Expectation, Image, Kind, Order, SecretRef
from fleetctl.plan import compare, wanted
from fleetctl.protocols.onvif import Session, connect, soap
from fleetctl.protocols.upload import Upload
from tests.judges.labs import PASSWORD, USER, Place, personalities, running
from tests.judges.wiretap import Exchange, tapped
from tests.judges.wsdl import SERVICES, Judge, Verdict
from tests.lab import questions
from tests.lab.test_aspects import AFTERWARDS, ASPECTS, EXPECTED, Vault
from tests.lab.wire import Camera
from tests.unit.aspects.cases import requests

WSNT = "http://docs.oasis-open.org/wsn/b-2"
# Where operations are listed, not sent.
LISTS = ("operations.py", "soap.py")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with running(tmp_path_factory.mktemp("lab")) as places:
        yield places


def session_to(place: Place) -> Session:
    endpoint = Endpoint(address=place.address, port=place.ports["http"], rtsp_port=place.ports["rtsp"])
    device = Device(name="cam", kind=Kind.CAMERA, site="lab", endpoint=endpoint, user=USER)
    return connect(device, password=PASSWORD, access=Access.WRITE, facts={})


def tried(work: Callable[..., Any], *arguments: Any) -> Any:
    """Go on after a device's refusal: what was asked is judged all the same."""
    try:
        return work(*arguments)
    except FleetctlError:
        return None


def brought(session: Session, aspect: str, expected: Any) -> None:
    cell = catalog.load().cells[(aspect, "onvif")]
    told = tried(cell.read, session)
    if told is None:
        return
    comparison = compare("cam", Expectation(aspect=aspect, value=expected), told)
    if cell.limits is not None and comparison.changes:
        gaps = tried(cell.limits, session, wanted(expected, comparison.changes))
        comparison = comparison.without(gaps or ())
    if cell.write is not None and comparison.changes:
        tried(cell.write, session, wanted(expected, comparison.changes), Vault())


def acted(session: Session) -> None:
    """Do what drivers can do beside settings; what restarts the camera last."""
    actions = {action.name: action for action in catalog.load().drivers["onvif"].actions}
    for account in ("nvr-2", "nvr-2"):  # made, then changed
        tried(actions["make_account"].run, session, (SecretRef(device="cam", account=account), Vault()))
    tried(session.identity)
    profile = session._first_profile()
    tried(session.stream_uri, profile)
    tried(actions["snapshot"].run, session, None)
    tried(session.read, "tds", "GetSystemBackup")  # asked of those only that announce it, and no make here does
    tried(session.prove)
    tried(actions["stream_path"].run, session, None)
    with tempfile.NamedTemporaryFile() as file:
        content = firmware.made((session.identity().model,), "V9.9.9", size=2_000_000)
        file.write(content)
        file.flush()
        sha256 = hashlib.sha256(content).hexdigest()
        image = Image(
            sha256=sha256, size=len(content), file_name="image", vendor="any", models=("any",), version="V9.9.9"
        )
        order = Order(image=image, body=partial(_body, Path(file.name), image))
        tried(actions["flash"].run, session, order)
    tried(actions["reboot"].run, session, None)


def _body(path: Path, image: Image, before: bytes, after: bytes) -> Upload:
    return Upload(path, image.size, image.sha256, before=before, after=after)


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Exchange]]:
    """All that fleetctl says to one camera of each make when it is asked for everything, and what is answered."""
    heard: dict[str, list[Exchange]] = {}
    with running(tmp_path_factory.mktemp("talk")) as places:
        for name, place in places.items():
            with tapped("GetServices") as old, session_to(place) as session:  # as cameras of before 2012
                assert session.has("trt")
            with tapped() as heard[name], session_to(place) as session:
                for expected in (EXPECTED, AFTERWARDS):
                    for aspect in (*ASPECTS, "events"):
                        if aspect != "events":
                            brought(session, aspect, expected[aspect])
                        else:
                            tried(catalog.load().cells[(aspect, "onvif")].read, session)
                acted(session)
            heard[name] += old
    return heard


@pytest.mark.parametrize("name", personalities())
def test_what_fleetctl_asks_and_the_lab_answers_is_as_onvif_has_it(
    judge: Judge, exchanges: dict[str, list[Exchange]], name: str
) -> None:
    wrong = faults_of(judge, exchanges[name], misspelt=of(name).misspelt_receiver)
    assert len(exchanges[name]) > 50
    assert not wrong, "\n\n".join(wrong[:5])


def faults_of(judge: Judge, heard: list[Exchange], *, misspelt: bool) -> list[str]:
    wrong: dict[str, None] = {}
    for exchange in heard:
        try:
            exchange.judged(judge)
        except Verdict as verdict:
            if not (misspelt and b"Reveiver" in exchange.reply):  # a lie of this make, told on purpose
                wrong[f"{exchange.operation}: {verdict}"] = None
    return list(wrong)


def test_every_request_of_the_aspects_cases_is_as_onvif_has_it(judge: Judge) -> None:
    told = list(requests())
    assert len(told) > 200
    for aspect, case, service, operation, body in told:
        try:
            assert judge.request(service, soap.envelope(service, operation, body)) == operation
        except Verdict as verdict:
            raise Verdict(f"{aspect}: {case}: {verdict}") from None


def test_no_operation_that_fleetctl_names_went_unjudged(judge: Judge, exchanges: dict[str, list[Exchange]]) -> None:
    judged = {exchange.operation for heard in exchanges.values() for exchange in heard}
    judged |= {operation for _, _, _, operation, _ in requests()}
    official = set().union(*(judge.operations(service) for service in SERVICES))
    root = Path(fleetctl.__file__).parent
    named: dict[str, str] = {}
    for room in ("aspects", "drivers", "protocols"):
        for path in sorted((root / room).rglob("*.py")):
            if path.name not in LISTS:
                named |= {name: str(path.relative_to(root)) for name in constants(path) if name in official}
    assert len(named) > 50
    assert {name: where for name, where in named.items() if name not in judged} == {}


def constants(path: Path) -> Iterator[str]:
    """Yield the strings of a module; f"Add{kind}Configuration" as every kind that the lab knows."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            if parts.count(None) == 1:
                for kind in ("AudioSource", "AudioEncoder"):
                    yield "".join(str(kind if part is None else part) for part in parts)


SUBSCRIBED = ("PullMessages", "Renew", "Unsubscribe", "SetSynchronizationPoint")  # asked at the subscription


def questioned(judge: Judge, place: Place) -> None:
    """Ask one camera for everything; what it refuses is an answer too."""
    with session_to(place) as session:
        tried(session.prove)
        for service, offered in OPERATIONS.items():
            names = sorted((*offered, "GetServiceCapabilities"))
            read = (name for name in names if name.startswith("Get"))
            for question in questions.reading(judge, place.state(), service, read):
                tried(session.write, *question)
        tried(session.write, "tev", "CreatePullPointSubscription", "")
        for orders in (questions.profiles, questions.overlays, questions.device):
            for question in orders(place.state()):
                tried(session.write, *question)
        for question in questions.unchanged(session, place.state()):
            tried(session.write, *question)
        tried(session.write, *questions.reset())


@pytest.fixture(scope="module")
def answers(judge: Judge, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Exchange]]:
    """All that a camera of each make answers to everything it can be asked."""
    heard: dict[str, list[Exchange]] = {}
    with running(tmp_path_factory.mktemp("answers")) as places:
        for name, place in places.items():
            with tapped() as heard[name]:
                questioned(judge, place)
    return heard


@pytest.mark.parametrize("name", personalities())
def test_everything_the_lab_can_be_asked_is_answered_as_onvif_has_it(
    judge: Judge, answers: dict[str, list[Exchange]], name: str
) -> None:
    wrong = faults_of(judge, answers[name], misspelt=of(name).misspelt_receiver)
    assert not wrong, "\n\n".join(wrong[:5])
    assert len([exchange for exchange in answers[name] if exchange.status == 200]) > 40


def test_no_operation_of_the_lab_is_left_out_and_each_is_carried_out_by_some_make(
    answers: dict[str, list[Exchange]], exchanges: dict[str, list[Exchange]]
) -> None:
    heard = [exchange for one in (answers, exchanges) for some in one.values() for exchange in some]
    done = {(exchange.service, exchange.operation) for exchange in heard if exchange.status == 200}
    offered = {(service, operation) for service, known in OPERATIONS.items() for operation in known}
    offered -= {each for each in offered if each[0] in ("trc", "trv")}  # of recorders: test_recorder_onvif.py
    never = {("trt", "GetAudioOutputs"), ("trt", "GetAudioOutputConfigurations")}  # no make has a loudspeaker
    assert offered - done - never - {("tev", operation) for operation in SUBSCRIBED} == set()


@pytest.mark.parametrize("name", [name for name in personalities() if "tev" in of(name).paths])
def test_what_a_subscription_answers_is_as_onvif_has_it(judge: Judge, lab: dict[str, Place], name: str) -> None:
    place = lab[name]
    camera = Camera(place.state_dir, name, place.address, place.ports, of(name), (USER, PASSWORD))
    made = camera.ask("tev", "CreatePullPointSubscription")
    judge.reply("tev", made.body, "CreatePullPointSubscription")
    at = urlsplit(made.text("Address") or "")
    for operation, body in (
        ("PullMessages", "<tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>10</tev:MessageLimit>"),
        ("SetSynchronizationPoint", ""),
        ("Renew", "<wsnt:TerminationTime>PT60S</wsnt:TerminationTime>"),
        ("Unsubscribe", ""),
    ):
        prefix = "wsnt" if operation in ("Renew", "Unsubscribe") else "tev"
        asked = camera.envelope(f'<{prefix}:{operation} xmlns:wsnt="{WSNT}">{body}</{prefix}:{operation}>')
        judge.request("tev", asked)
        told = camera.post(at.path, asked)
        if told.status == 401:
            told = camera.post(at.path, asked, {"Authorization": camera.answer(told, "POST", at.path)})
        assert told.status == 200, told.body
        judge.reply("tev", told.body, operation)
