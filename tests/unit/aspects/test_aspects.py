"""What holds for all aspects, and what a table of cases cannot say."""

from __future__ import annotations

import dataclasses
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl import catalog
from fleetctl.aspects import services, time, users
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.imaging import _level
from fleetctl.aspects.network import Network, moves
from fleetctl.aspects.osd import Osd
from fleetctl.aspects.privacy import Mask, MaskType
from fleetctl.aspects.services import Services
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.errors import Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import ABSENT, Access, FrozenMap, Kind, Outcome, Untold, setting_of
from fleetctl.protocols.xml import child, text
from tests.unit.aspects.cases import ASPECTS, cell_of
from tests.unit.aspects.cases.identity import FREE, hostname
from tests.unit.aspects.cases.services import AXIS
from tests.unit.aspects.cases.time import clock
from tests.unit.aspects.cases.users import BOSCH
from tests.unit.aspects.fakes import SECRETS, FakeSession, request

COMPUTED = frozenset(("clock_error_s", "used", "holds_days", "oldest_days", "bitrate_kbps", "capacity_gb", "channels"))
"""Measured by fleetctl itself, or for all channels what one channel has."""


def test_the_catalogue_has_those_of_cameras_and_recorders_and_a_cell_for_each() -> None:
    registry = catalog.load()
    found = {aspect.name for kind in (Kind.CAMERA, Kind.NVR) for aspect in registry.aspects_of(kind)}
    assert found >= set(ASPECTS)
    assert {aspect for aspect, protocol in registry.cells if protocol == "onvif"} >= set(ASPECTS)


def test_what_may_cut_the_way_is_written_last() -> None:
    order = [aspect.name for aspect in catalog.load().aspects_of(Kind.CAMERA) if aspect.name in ASPECTS]
    assert order[-3:] == ["network", "services", "users"]
    assert order.index("video") < order.index("audio")


@pytest.mark.parametrize("name", ASPECTS)
def test_every_setting_says_what_it_is_and_where_that_stands(name: str) -> None:
    aspect = catalog.load().aspects[name]
    told = [*dataclasses.fields(aspect.type)]
    if name == "users":
        told += dataclasses.fields(Account)
    if name == "privacy":
        told += dataclasses.fields(Mask)
    for field in told:
        setting = setting_of(field)
        assert setting.doc, field.name
        assert setting.source or setting.instruction or field.name in COMPUTED, field.name
        if field.name.endswith(("_s", "_kbps", "_fps", "_khz", "_percent")):
            assert setting.unit, field.name


@pytest.mark.parametrize("name", ASPECTS)
def test_a_cell_goes_to_another_process(name: str) -> None:
    cell = cell_of(name)
    assert pickle.loads(pickle.dumps(cell)) == cell  # noqa: S301


def test_events_are_read_only() -> None:
    assert catalog.load().aspects["events"].applied_by == ""
    assert cell_of("events").write is None


# --- values ---------------------------------------------------------------------------------------


def test_the_same_vietnamese_text_is_the_same_value_however_it_was_typed() -> None:
    apart = unicodedata.normalize("NFD", "Phường Việt Hưng")
    assert Osd(text=apart) == Osd(text="Phường Việt Hưng")
    assert Identity(location=apart, name=apart) == Identity(location="Phường Việt Hưng", name="Phường Việt Hưng")


def test_zones_of_one_offset_and_servers_in_any_case_are_the_same_value() -> None:
    assert Time(zone="Asia/Bangkok", ntp_servers=("NTP.vn",)) == Time(zone="Asia/Ho_Chi_Minh", ntp_servers=("ntp.vn",))


CORNERS = st.tuples(st.integers(0, 100), st.integers(0, 100))


@given(st.lists(CORNERS, min_size=3, max_size=8, unique=True), st.integers(0, 7), st.booleans(), st.booleans())
def test_a_shape_is_one_value_wherever_it_begins_and_whichever_way_it_goes(
    points: list[tuple[int, int]], turn: int, back: bool, closed: bool
) -> None:
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))
    turned = points[turn % len(points) :] + points[: turn % len(points)]
    if back and area:
        turned = turned[::-1]
    if closed:
        turned = [*turned, turned[0]]
    one = Mask(polygon=tuple(f"{x},{y}" for x, y in points))
    assert Mask(polygon=tuple(f"{x},{y}" for x, y in turned)) == one
    assert Mask(polygon=one.polygon) == one


def test_a_shape_that_is_none_is_left_for_others_to_tell() -> None:
    assert Mask(polygon=("a", "1,1", "2,2")).polygon == ("a", "1,1", "2,2")
    assert Mask(polygon=("1,1", "2,2"), type=MaskType.COLOR).polygon == ("1,1", "2,2")


@given(st.integers(0, 100), st.sampled_from([(0.0, 100.0), (0.0, 255.0), (-100.0, 100.0), (0.0, 1.0), (-1.0, 1.0)]))
def test_a_percentage_survives_the_cameras_range(percent: int, span: tuple[float, float]) -> None:
    low, high = span
    assert round((_level(percent, span) - low) / (high - low) * 100) == percent


# --- guards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [ABSENT, Account(level=Level.OPERATOR)])
def test_the_account_in_use_is_not_touched_even_if_nobody_asked_for_limits(account: object) -> None:
    session = FakeSession(BOSCH)
    wanted = Users(accounts=FrozenMap({"fleetctl": account, "new": Account(level=Level.USER)}))  # type: ignore[dict-item]
    with pytest.raises(Refused, match="fleetctl logs in with this account") as refused:
        users.write(session, wanted, SECRETS)
    assert not refused.value.credential
    assert session.ordered == []


def test_the_account_in_use_may_be_raised_and_given_its_level_again() -> None:
    session = FakeSession({"tds:GetUsers": BOSCH["tds:GetUsers"].replace("Administrator", "Operator")})
    users.write(session, Users(accounts=FrozenMap({"fleetctl": Account(level=Level.ADMINISTRATOR)})), SECRETS)
    assert [operation for _, operation, _ in session.ordered] == ["SetUser"]


def test_a_new_account_needs_a_level() -> None:
    with pytest.raises(Unsupported, match="needs a level"):
        users.write(FakeSession(BOSCH), Users(accounts=FrozenMap({"new": Account()})), SECRETS)


def test_a_level_of_the_makers_own_is_unknown() -> None:
    session = FakeSession({"tds:GetUsers": "<tds:User><tt:Username>x</tt:Username><tt:UserLevel>Extended</tt:UserLevel></tds:User>"})  # fmt: skip  # noqa: E501
    accounts = users.read(session).accounts
    assert isinstance(accounts, FrozenMap)
    level: object = accounts["x"].level
    assert isinstance(level, Untold)
    assert level.outcome is Outcome.UNKNOWN


def test_the_door_in_use_is_not_closed_even_if_nobody_asked_for_limits() -> None:
    session = FakeSession(AXIS)
    with pytest.raises(Refused, match="fleetctl comes by it"):
        services.write(session, Services(http=False, discovery=False), SECRETS)
    assert session.ordered == []


def test_a_reading_session_cannot_be_made_to_write() -> None:
    session = FakeSession(FREE, access=Access.READ)
    write = cell_of("identity").write
    assert write is not None
    with pytest.raises(PermissionError):
        write(session, Identity(name="x"), SECRETS)


# --- single cells -----------------------------------------------------------------------------------


def test_an_address_moves_only_where_it_changes() -> None:
    actual = Network(address="10.0.0.1", prefix_length=24)
    assert moves(actual, Network(address="10.0.0.2")) == ("10.0.0.1", "10.0.0.2")
    assert moves(actual, Network(address="10.0.0.1")) is None
    assert moves(actual, Network(gateway="10.0.0.254")) is None


def test_a_device_that_goes_away_with_the_change_of_address_is_told_as_unreachable() -> None:
    from tests.unit.aspects.cases.network import STATIC

    session = FakeSession(STATIC | {"tds:SetNetworkInterfaces": Unreachable("gone")})
    write = cell_of("network").write
    assert write is not None
    with pytest.raises(Unreachable):
        write(session, Network(address="10.20.2.11"), SECRETS)


def test_a_host_name_is_set_though_the_switch_for_dhcp_is_missing() -> None:
    session = FakeSession(
        {"tds:GetHostname": hostname("x", from_dhcp=True), "tds:SetHostnameFromDHCP": Rejected("no", code="Action")}
    )
    write = cell_of("identity").write
    assert write is not None
    write(session, Identity(hostname="cam-1"), SECRETS)
    assert [operation for _, operation, _ in session.ordered] == ["SetHostnameFromDHCP", "SetHostname"]


def test_a_clock_without_servers_is_set_by_hand_before_the_last_server_goes() -> None:
    session = FakeSession({"tds:GetSystemDateAndTime": clock()})
    time.write(session, Time(ntp_servers=()), SECRETS)
    (_, first, body), (_, second, _) = session.ordered
    assert (first, second) == ("SetSystemDateAndTime", "SetNTP")
    told = request("tds", first, body)
    assert text(told, "DateTimeType") == "Manual"
    assert int(text(told, "UTCDateTime/Date/Year")) >= 2026
    assert child(told, "UTCDateTime/Time/Second") is not None


def test_the_zone_alone_leaves_a_clock_set_by_hand_by_hand() -> None:
    session = FakeSession({"tds:GetSystemDateAndTime": clock(source="Manual")})
    time.write(session, Time(zone="UTC"), SECRETS)
    ((_, _, body),) = session.ordered
    assert text(request("tds", "SetSystemDateAndTime", body), "DateTimeType") == "Manual"


def test_a_clock_that_tells_no_possible_time_has_no_error() -> None:
    session = FakeSession({"tds:GetSystemDateAndTime": clock()}, clock_error_s=None)
    assert not time.read(session).clock_error_s
    session = FakeSession({"tds:GetSystemDateAndTime": clock()}, clock_error_s=-3.14159)
    assert time.read(session).clock_error_s == -3.1


@pytest.mark.parametrize("name", ASPECTS)
def test_a_device_that_knows_nothing_is_unsupported_not_broken(name: str) -> None:
    session = FakeSession({})
    try:
        told = cell_of(name).read(session)
    except Unsupported:
        return
    for field in dataclasses.fields(told):
        value = getattr(told, field.name)
        assert not value or isinstance(value, Untold), field.name


@pytest.mark.parametrize("name", ASPECTS)
def test_a_device_that_answers_with_nothing_is_read_without_an_exception(name: str) -> None:
    """Every operation answers, and every answer is empty."""

    class Empty(FakeSession):
        def has(self, service: str) -> bool:
            return True

        def _answer(self, service: str, operation: str, body: str):  # type: ignore[no-untyped-def]
            return request(service, f"{operation}Response")

    try:
        cell_of(name).read(Empty({}))
    except Unsupported:
        return
