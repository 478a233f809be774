"""Every aspect on every make of camera: read, told what is impossible, written, read back as wanted."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fleetctl import catalog
from fleetctl.aspects.audio import Audio, AudioCodec
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.imaging import DayNight, Imaging
from fleetctl.aspects.network import Network
from fleetctl.aspects.osd import Corner, Osd
from fleetctl.aspects.privacy import Mask, MaskType, Privacy
from fleetctl.aspects.services import Services
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.aspects.video import Codec, Profile, Video
from fleetctl.errors import Unreachable, Unsupported
from fleetctl.lab import control
from fleetctl.model import (
    ABSENT,
    UNSET,
    Access,
    Device,
    Endpoint,
    Expectation,
    FrozenMap,
    Kind,
    Outcome,
    SecretRef,
)
from fleetctl.plan import compare, wanted
from fleetctl.protocols.onvif import Session, connect
from tests.judges.labs import PASSWORD, USER, Place, personalities, running

ASPECTS = ("identity", "time", "video", "audio", "imaging", "osd", "privacy", "network", "services", "users")
CHEAP = "tapo-like"  # answers 200 and does nothing for some of it

EXPECTED: dict[str, Any] = {
    "identity": Identity(name="Quầy 1", location="Phường Việt Hưng", hostname="viet-hung-cam-01"),
    "time": Time(ntp_servers=("10.0.0.10",), ntp_from_dhcp=False, zone="Asia/Ho_Chi_Minh", daylight_saving=False),
    "video": Video(
        main_codec=Codec.H264,
        main_resolution="1280x720",
        main_frame_rate_fps=15.0,
        main_bitrate_kbps=2048,
        main_gop_length=30,
        main_profile=Profile.MAIN,
        sub_codec=Codec.H264,
        sub_resolution="640x360",
        sub_frame_rate_fps=10.0,
        sub_bitrate_kbps=512,
        sub_gop_length=20,
        sub_profile=Profile.MAIN,
    ),
    "audio": Audio(enabled=True, sub_enabled=True, codec=AudioCodec.AAC, bitrate_kbps=32, sample_rate_khz=16),
    "imaging": Imaging(
        brightness=55,
        contrast=45,
        saturation=60,
        sharpness=40,
        day_night=DayNight.NIGHT,
        wide_dynamic_range=True,
        backlight_compensation=True,
    ),
    "osd": Osd(
        text="Việt Hưng - Quầy 1",
        text_position=Corner.LOWER_RIGHT,
        clock=True,
        clock_position=Corner.UPPER_LEFT,
        date_format="dd/MM/yyyy",
        time_format="HH:mm:ss",
    ),
    "privacy": Privacy(
        masks=FrozenMap(
            {
                "upper_left": Mask(polygon=("0,0", "20,0", "20,25", "0,25"), type=MaskType.COLOR, enabled=True),
                "lower_right": Mask(polygon=("80,80", "100,80", "100,100", "80,100"), enabled=False),
            }
        )
    ),
    "network": Network(gateway="192.168.1.254", dns_servers=("10.0.0.53", "10.0.0.54")),
    "services": Services(https=True, rtsp=True, discovery=False, zero_configuration=False, dynamic_dns=False),
    "users": Users(
        accounts=FrozenMap(
            {
                "recorder": Account(level=Level.OPERATOR, password=SecretRef(device="cam", account="recorder")),
                "viewer": Account(level=Level.USER, password=SecretRef(device="cam", account="viewer")),
            }
        )
    ),
}
# The other way round, so that everything is written twice and back from what was never a factory setting.
AFTERWARDS: dict[str, Any] = {
    "identity": Identity(name="Quầy 2", location="", hostname="viet-hung-cam-02"),
    "time": Time(ntp_servers=("ntp.hanoi.gov.vn",), zone="UTC"),
    "video": Video(
        main_codec=Codec.H265, main_frame_rate_fps=12.0, main_gop_length=24, sub_codec=Codec.JPEG, sub_bitrate_kbps=768
    ),
    "audio": Audio(enabled=False, sub_enabled=False, codec=AudioCodec.G711, bitrate_kbps=64, sample_rate_khz=8),
    "imaging": Imaging(brightness=0, contrast=100, day_night=DayNight.AUTO, wide_dynamic_range=False),
    "osd": Osd(text="", clock=False),
    "privacy": Privacy(
        masks=FrozenMap(
            {"upper_left": ABSENT, "lower_right": Mask(polygon=("80,75", "100,75", "100,100", "80,100"), enabled=True)}
        )
    ),
    "network": Network(dns_servers=("10.0.0.55",)),
    "services": Services(rtsp=False, discovery=True, zero_configuration=True, rtsp_port=8554),
    "users": Users(
        accounts=FrozenMap(
            {
                "recorder": ABSENT,
                "viewer": Account(level=Level.OPERATOR, password=SecretRef(device="cam", account="viewer")),
            }
        )
    ),
}


class Vault:
    """A password that every make takes."""

    def reveal(self, ref: SecretRef) -> str:
        return f"Xa-{ref.account}.9"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[dict[str, Place]]:
    """Yield the devices; with `--wsdl DIR` what the official schema does not allow is refused."""
    folder = pytestconfig.getoption("--wsdl")
    strict = {"strict": True, "wsdl_dir": str(folder)} if folder is not None else {}
    with running(tmp_path_factory.mktemp("lab"), **strict) as places:
        yield places


def session_to(place: Place, access: Access) -> Session:
    endpoint = Endpoint(address=place.address, port=place.ports["http"])
    device = Device(name="cam", kind=Kind.CAMERA, site="lab", endpoint=endpoint, user=USER)
    return connect(device, password=PASSWORD, access=access, facts={})


def settled(place: Place, aspect: str, expected: Any) -> tuple[dict[str, Outcome], list[str]]:
    """Bring one aspect to what is expected as the engine does; return the gaps and what is left."""
    cell = catalog.load().cells[(aspect, "onvif")]
    expectation = Expectation(aspect=aspect, value=expected)
    with session_to(place, Access.WRITE) as session:
        comparison = compare("cam", expectation, cell.read(session))
        if cell.limits is not None and comparison.changes:
            with contextlib.suppress(Unsupported):
                comparison = comparison.without(cell.limits(session, wanted(expected, comparison.changes)))
        gaps = {f"{g.field}.{g.key}" if g.key else g.field: g.outcome for g in comparison.gaps}
        if not comparison.changes:
            return gaps, []
        assert cell.write is not None
        cell.write(session, wanted(expected, comparison.changes), Vault())
        session.forget()
        after = compare("cam", expectation, cell.read(session)).without(comparison.gaps)
    return gaps, [f"{c.field}.{c.key}: {c.before!r}, expected {c.after!r}" for c in after.changes]


@pytest.mark.parametrize("name", personalities())
@pytest.mark.parametrize("aspect", [*ASPECTS, "events"])
def test_reading_every_aspect_asks_only_what_reads(lab: dict[str, Place], name: str, aspect: str) -> None:
    place = lab[name]
    before = control.writes(place.state_dir, name)
    with session_to(place, Access.READ) as session:
        try:
            told = catalog.load().cells[(aspect, "onvif")].read(session)
        except Unsupported:
            assert (name, aspect) in NOT_OFFERED
            return
    assert (name, aspect) not in NOT_OFFERED
    assert any(getattr(told, field.name) is not UNSET for field in dataclasses.fields(told))
    assert control.writes(place.state_dir, name) == before


NOT_OFFERED = {(make, "privacy") for make in ("axis-old-like", "generic-like", "reolink-like", CHEAP)} | {
    (CHEAP, "osd")
}


# make -> aspect -> what it cannot be of EXPECTED and AFTERWARDS, with reason; all else must read back.
AXIS: dict[str, set[str]] = {
    "audio": {"enabled", "sub_enabled", "codec", "bitrate_kbps", "sample_rate_khz"},
    "imaging": {"backlight_compensation"},
    "network": {"gateway"},
}
CANNOT: dict[str, dict[str, set[str]]] = {
    "axis-like": AXIS,
    "axis-old-like": {**AXIS, "video": {"main_codec"}},
    "bosch-like": {
        "video": {"sub_codec"},
        "audio": {"bitrate_kbps"},
        "imaging": {"sharpness", "day_night", "wide_dynamic_range"},
        "network": {"gateway"},
    },
    "generic-like": {
        "video": {"main_codec", "sub_codec"},
        "audio": {"codec", "bitrate_kbps", "sample_rate_khz"},
    },
    "reolink-like": {
        "identity": {"name", "location"},
        "video": {"main_resolution", "main_codec", "sub_codec", "sub_bitrate_kbps"},
        "audio": {"codec", "bitrate_kbps", "sample_rate_khz"},
        "imaging": {"wide_dynamic_range", "backlight_compensation"},
        "services": {"zero_configuration"},
    },
    "uniview-like": {"video": {"sub_codec"}, "imaging": {"backlight_compensation"}},
}
EVERYWHERE = {"dynamic_dns"}  # no make of the lab has it


@pytest.mark.parametrize("name", [name for name in personalities() if name != CHEAP])
@pytest.mark.parametrize("aspect", ASPECTS)
def test_what_is_written_reads_back(lab: dict[str, Place], name: str, aspect: str) -> None:
    if (name, aspect) in NOT_OFFERED:
        return
    cannot: set[str] = set()
    for expected in (EXPECTED[aspect], AFTERWARDS[aspect], EXPECTED[aspect]):
        gaps, left = settled(lab[name], aspect, expected)
        assert left == []
        assert set(gaps.values()) <= {Outcome.UNSUPPORTED}
        cannot |= set(gaps)
    assert cannot - EVERYWHERE == CANNOT.get(name, {}).get(aspect, set())


@pytest.mark.parametrize("name", [name for name in personalities() if name != CHEAP])
@pytest.mark.parametrize("aspect", ASPECTS)
def test_what_is_as_wanted_is_not_written_again(lab: dict[str, Place], name: str, aspect: str) -> None:
    if (name, aspect) in NOT_OFFERED:
        return
    settled(lab[name], aspect, EXPECTED[aspect])
    before = control.writes(lab[name].state_dir, name)
    assert settled(lab[name], aspect, EXPECTED[aspect])[1] == []
    assert control.writes(lab[name].state_dir, name) == before


@pytest.mark.parametrize(
    ("aspect", "ignored"),
    [("users", {"accounts.recorder", "accounts.viewer"}), ("identity", {"hostname"}), ("video", None), ("time", None)],
)
def test_a_cheap_camera_that_says_yes_and_does_nothing_is_seen_through(
    lab: dict[str, Place], aspect: str, ignored: set[str] | None
) -> None:
    _, left = settled(lab[CHEAP], aspect, EXPECTED[aspect])
    if ignored is not None:
        assert {told.partition(":")[0].rstrip(".") for told in left} >= ignored
    else:
        assert left


def moved_session(place: Place) -> Session:
    """Return a session to where a device takes a moment to appear."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return session_to(place, Access.READ)
        except Unreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_an_address_changes_and_the_device_is_found_there(lab: dict[str, Place]) -> None:
    place = lab["dahua-like"]
    with session_to(place, Access.WRITE) as session:
        cell = catalog.load().cells[("network", "onvif")]
        actual = cell.read(session)
        assert cell.moves is not None
        assert cell.write is not None
        target = Network(address="127.21.99.1")
        assert cell.moves(actual, target) == (actual.address, "127.21.99.1")
        with contextlib.suppress(Unreachable):
            cell.write(session, target, Vault())
    with moved_session(dataclasses.replace(place, address="127.21.99.1")) as session:
        assert catalog.load().cells[("network", "onvif")].read(session).address == "127.21.99.1"


def test_all_aspects_together_ask_few_questions(lab: dict[str, Place]) -> None:
    """5,000 devices are read in a night: what each is asked counts."""
    place = lab["hikvision-like"]
    with session_to(place, Access.READ) as session:
        session.identity()
        facts = session.facts()
    control.forget(place.state_dir, place.name)
    endpoint = Endpoint(address=place.address, port=place.ports["http"])
    device = Device(name="cam", kind=Kind.CAMERA, site="lab", endpoint=endpoint, user=USER)
    with connect(device, password=PASSWORD, access=Access.READ, facts=facts) as session:
        session.identity()
        for aspect in (*ASPECTS, "events"):
            catalog.load().cells[(aspect, "onvif")].read(session)
    asked = control.counts(place.state_dir, place.name)
    assert sum(asked.values()) <= 24, asked
