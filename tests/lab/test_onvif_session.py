"""Our sessions against every make of camera in the lab, well and broken; judged by what the lab saw."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.lab import control
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.protocols import discovery
from fleetctl.protocols.onvif import Session, connect
from fleetctl.protocols.onvif.operations import READING
from fleetctl.protocols.xml import text
from tests.judges.labs import PASSWORD, USER, Place, personalities, running


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with running(tmp_path_factory.mktemp("lab"), discovery_port=0) as places:
        yield places


@pytest.fixture
def well(lab: dict[str, Place]) -> Iterator[dict[str, Place]]:
    """The lab, mended and with clean counts before and after."""
    yield lab
    for place in lab.values():
        control.mend(place.state_dir, place.name)
        control.forget(place.state_dir, place.name)


def opened(
    place: Place,
    password: str | None = PASSWORD,
    access: Access = Access.READ,
    facts: dict[str, str] | None = None,
    **more: object,
) -> Session:
    point = {"address": place.address, "port": place.ports["http"], "timeout_s": 5.0, **more}
    endpoint = Endpoint(**point)  # type: ignore[arg-type]
    device = Device(name=place.name, kind=Kind.CAMERA, site="s", user=USER, endpoint=endpoint)
    return connect(device, password=password, access=access, facts=facts)


def misses(place: Place) -> int:
    return sum(place.state()["misses"].values())


@pytest.mark.parametrize("name", personalities())
def test_every_make_is_entered_known_and_remembered(well: dict[str, Place], name: str) -> None:
    place = well[name]
    with opened(place) as session:
        session.prove()
        assert session.credential_proven
        told, state = session.identity(), place.state()["identity"]
        assert told.serial_number in (state["serial_number"], "")
        assert told.mac_address == state["mac_address"]
        assert session.has("trt")
        facts = session.facts()
    assert misses(place) == 0
    control.forget(place.state_dir, place.name)
    with opened(place, facts=facts) as session:
        session.identity()
        assert session.has("trt")
        # Whether a device closes silently is learned when the close is met, which is a matter of time.
        assert {**session.facts(), "keep_alive": ""} == {**facts, "keep_alive": ""}
    asked = control.counts(place.state_dir, place.name)
    assert "tds:GetServices" not in asked
    assert asked.get("tds:GetDeviceInformation", 0) <= 2  # at most one challenge
    assert misses(place) == 0


@pytest.mark.parametrize("name", personalities())
def test_a_wrong_password_is_one_miss_at_every_make(well: dict[str, Place], name: str) -> None:
    place = well[name]
    before = misses(place)
    with opened(place, "wrong", Access.WRITE) as session:
        for _ in range(3):
            with pytest.raises(Refused) as caught:
                session.read("tds", "GetUsers")
            assert caught.value.credential
        with pytest.raises(Refused):
            session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
    assert misses(place) - before == 1
    with opened(place) as session:
        session.prove()  # clears the count


@pytest.mark.parametrize("name", personalities())
def test_everything_that_reads_is_asked_and_nothing_is_written(well: dict[str, Place], name: str) -> None:
    place = well[name]

    def held() -> dict[str, object]:
        return {key: value for key, value in place.state().items() if key not in ("now", "misses")}

    before = held()
    taken = 0
    with opened(place) as session:
        for service, operations in READING.items():
            for operation in sorted(operations):
                try:
                    session.read(service, operation)
                    taken += 1
                except (Unsupported, Rejected):
                    pass
    assert taken > 15
    assert control.writes(place.state_dir, place.name) == {}
    assert held() == before


@pytest.mark.parametrize("name", personalities())
def test_a_picture_is_fetched_where_there_is_one(well: dict[str, Place], name: str) -> None:
    with opened(well[name]) as session:
        try:
            assert session.snapshot().startswith(b"\xff\xd8")
        except Unsupported:
            assert name == "tapo-like"


def test_tls_with_the_labs_own_ca(well: dict[str, Place]) -> None:
    place = well["bosch-like"]
    ca = str(control.described(place.state_dir).ca_file)
    with opened(place, scheme="https", port=place.ports["https"], tls_ca_file=ca) as session:
        session.prove()
    with pytest.raises(Refused, match="does not hold"):
        opened(place, scheme="https", port=place.ports["https"])


def test_probes_find_every_make_that_lets_itself_be_found(well: dict[str, Place]) -> None:
    place = next(iter(well.values()))
    addresses = sorted(each.address for each in well.values())
    found = discovery.probe(addresses, port=place.ports["discovery"], wait_s=3.0)
    assert len(found) >= len(well) - 1
    for one in found:
        (there,) = (each for each in well.values() if each.address == one.address)
        with opened(there, path=one.path) as session:  # the port it tells may be its factory's
            session.prove()
    everybody = discovery.probe(interface="127.0.0.1", port=place.ports["discovery"], wait_s=1.5)
    assert [one.address for one in everybody] == [one.address for one in found]


# --- broken -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", personalities())
def test_a_clock_that_is_off_is_no_reason_to_be_refused(well: dict[str, Place], name: str) -> None:
    place = well[name]
    control.break_(place.state_dir, place.name, "clock", offset_s=-86400.0)
    with opened(place) as session:
        session.prove()
        error = session.clock_error_s()
        assert error is None or error == pytest.approx(-86400.0, abs=2.0)
    assert misses(place) == 0


@pytest.mark.parametrize("name", ["dahua-like", "hikvision-like", "axis-like"])
def test_a_device_out_of_connections_is_not_a_wrong_password(well: dict[str, Place], name: str) -> None:
    place = well[name]
    with opened(place) as session:
        session.prove()
        facts = session.facts() | {"login": "proven"}
        control.break_(place.state_dir, place.name, "connections")
        with pytest.raises((Unreachable, Refused)) as caught:
            session.read("tds", "GetNTP")
        assert not getattr(caught.value, "credential", False)
    with opened(place, facts=facts) as session:
        with pytest.raises((Unreachable, Refused)) as caught:
            session.identity()
        assert not getattr(caught.value, "credential", False)
        facts |= session.facts()
    control.mend(place.state_dir, place.name)
    with opened(place, facts=facts) as session:
        session.prove()
    assert misses(place) == 0


def test_a_locked_account_is_left_alone(well: dict[str, Place]) -> None:
    place = well["hikvision-like"]
    control.break_(place.state_dir, place.name, "lockout")
    with opened(place) as session:
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                session.identity()
            assert not caught.value.credential
            assert "locked" in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("xml-bomb", (BadAnswer,)),
        ("endless-body", (BadAnswer, Unreachable)),
        ("huge-reply", (BadAnswer,)),
        ("html-401", (Unreachable, Refused)),
        ("half-reply", (Unreachable,)),
        ("onvif-off", (Unsupported,)),
        ("unplug", (Unreachable,)),
        ("slow", (Unreachable,)),
        ("wrong-content-type", ()),
        ("broken-utf8", ()),
    ],
)
def test_each_hostile_answer_ends_in_time_as_an_error_of_ours(
    well: dict[str, Place], fault: str, kinds: tuple[type[FleetctlError], ...]
) -> None:
    place = well["bosch-like"]
    with opened(place, timeout_s=1.0) as session:
        session.prove()
        control.break_(place.state_dir, place.name, fault)
        begun = time.monotonic()
        if kinds:
            with pytest.raises(kinds) as caught:
                session.read("tds", "GetDeviceInformation", fresh=True)
            assert not getattr(caught.value, "credential", False)
        else:
            session.read("tds", "GetDeviceInformation", fresh=True)
        assert time.monotonic() - begun < 5.0
    assert misses(place) == 0


def test_a_lossy_line_is_unreachable_or_well_and_nothing_else(well: dict[str, Place]) -> None:
    place = well["reolink-like"]
    with opened(place) as session:
        session.prove()
        facts = session.facts()
    control.break_(place.state_dir, place.name, "loss", rate=0.4, seed=3)
    ended = []
    for _ in range(15):
        try:
            with opened(place, facts=facts) as session:
                ended.append(bool(text(session.read("tds", "GetDeviceInformation"), "Model")))
        except Unreachable:
            ended.append(False)
    assert {True, False} == set(ended)
    assert misses(place) == 0
