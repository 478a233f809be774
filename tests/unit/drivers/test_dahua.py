"""Given a Dahua recorder's tables, this value; given this wanted, exactly these requests."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fleetctl.aspects.channels import BoundCamera, Channels, Credential, Speech
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.network import Network
from fleetctl.aspects.recording import Recording, Schedule, Track
from fleetctl.aspects.retention import Kept, Retention
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.drivers.dahua import actions, channels, network, storage, system, tracks, users
from fleetctl.errors import Refused, Rejected, Unsupported
from fleetctl.model import ABSENT, FrozenMap, Outcome, SecretRef, Untold
from tests.unit.drivers.fakes import RECORDER, SECRETS, FakeDahua


def remote(number: int, address: str, enable: str = "true", protocol: str = "Onvif") -> str:
    name = f"table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_{number}"
    return "".join(
        f"{name}.{key}={value}\r\n"
        for key, value in {
            "Address": address, "Enable": enable, "ProtocolType": protocol, "Port": 37777, "HttpPort": 8080,
            "UserName": "ghihinh", "Password": "******", "SerialNo": "SN-9",
        }.items()
    )  # fmt: skip


TWO = remote(0, "10.20.1.11") + remote(1, "10.20.1.99", protocol="Private") + remote(2, "192.168.0.0", "false")
STATES = "states[0].channel=0\r\nstates[0].connectionState=Connected\r\n"
STATES += "states[1].channel=1\r\nstates[1].connectionState=ConnectFailed\r\n"
TABLES: dict[str, Any] = {
    "RemoteDevice": TWO,
    "ChannelTitle": "table.ChannelTitle[0].Name=Quầy 1\r\ntable.ChannelTitle[1].Name= \r\n",
    "AutoAddRemoteDevice": "table.AutoAddRemoteDevice.Enable=true\r\n",
}
PAGES = {"LogicDeviceManager getCameraState": STATES}
APIS: dict[str, Any] = {f"LogicDeviceManager/{v}": {} for v in ("setCamera", "addCameraByGroup", "deleteCameraByGroup")}
CAMERA = BoundCamera(
    camera="viet-hung-cam-01",
    protocol=Speech.ONVIF,
    address="10.20.1.11",
    port=80,
    user="ghihinh",
    password=SecretRef(device="viet-hung-cam-01", account="ghihinh"),
    credential=Credential.ACCEPTED,
)


def wanted(**cameras: Any) -> Channels:
    return Channels(cameras=FrozenMap({key[1:]: item for key, item in cameras.items()}))


def test_channels_are_read_from_the_table_the_titles_and_the_states() -> None:
    told = channels.read(FakeDahua(TABLES, PAGES))  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    assert told.cameras["1"] == BoundCamera(
        name="Quầy 1",
        protocol=Speech.ONVIF,
        address="10.20.1.11",
        port=8080,
        user="ghihinh",
        credential=Credential.ACCEPTED,
        sets_clock=False,
    )
    assert (told.cameras["2"].credential, told.cameras["2"].protocol) == (Credential.REFUSED, Speech.OWN)
    assert set(told.cameras) == {"1", "2"}
    assert (told.used, told.most, told.auto_add) == (2, 3, True)
    assert isinstance(told.sync_settings, Untold)


def test_states_that_are_a_json_page_only_are_asked_there() -> None:
    apis = {"LogicDeviceManager/getCameraState": {"states": [{"channel": 0, "connectionState": "Unconnect"}]}}
    told = channels.read(FakeDahua(TABLES, {}, apis))  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    credential: Any = told.cameras["1"].credential
    assert (credential.outcome, "does not reach the camera" in credential.reason) == (Outcome.UNREACHABLE, True)


def test_a_channel_is_set_without_letting_the_slot_go_and_a_new_one_added() -> None:
    tables = TABLES | {"RemoteDevice": remote(0, "10.20.1.11") + remote(1, "192.168.0.0", "false")}
    told = FakeDahua(tables, {"LogicDeviceManager getCameraState": STATES.replace("ConnectFailed", "Connected")}, APIS)
    second = dataclasses.replace(CAMERA, address="10.20.1.12")
    channels.write(told, wanted(_1=CAMERA, _2=second), SECRETS)  # type: ignore[arg-type]
    (verb, body), (verb2, body2) = told.ordered
    assert (verb, verb2) == ("LogicDeviceManager/setCamera", "LogicDeviceManager/addCameraByGroup")
    assert "'Password': 'secret-of-viet-hung-cam-01/ghihinh'" in body
    assert "'HttpPort': 80" in body
    assert "'Port': 37777" in body
    assert "'uniqueChannel': 1" in body2


def test_firmware_without_the_pages_takes_it_in_the_table_over_https_only() -> None:
    session = FakeDahua(TABLES, PAGES)
    with pytest.raises(Unsupported, match="HTTP"):
        channels.write(session, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]
    endpoint = dataclasses.replace(RECORDER.endpoint, scheme="https")
    safe = FakeDahua(TABLES, PAGES, device=dataclasses.replace(RECORDER, endpoint=endpoint))
    channels.write(safe, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]
    (values,) = safe.stored
    assert values['RemoteDevice["uuid:System_CONFIG_NETCAMERA_INFO_0"].Address'] == "10.20.1.11"
    assert values['RemoteDevice["uuid:System_CONFIG_NETCAMERA_INFO_0"].Enable'] is True


def test_conflicts_are_a_persons() -> None:
    session = FakeDahua(TABLES, PAGES)
    gaps = channels.limits(session, wanted(_2=CAMERA, _9=dataclasses.replace(CAMERA, address="10.20.1.50")))  # type: ignore[arg-type]
    assert [(g.key, g.outcome) for g in gaps] == [("2", Outcome.FAILED), ("9", Outcome.UNSUPPORTED)]
    decided = dataclasses.replace(CAMERA, address="10.20.1.12", replaces="10.20.1.99")
    assert channels.limits(session, wanted(_2=decided)) == ()  # type: ignore[arg-type]


def test_a_channel_is_paused_by_its_switch_and_switched_on_with_the_login_it_is_given_next() -> None:
    table = "uuid:System_CONFIG_NETCAMERA_INFO_0"
    session = FakeDahua(TABLES, PAGES, APIS)
    channels.pause(session, "1")  # type: ignore[arg-type]
    assert session.stored == [{f'RemoteDevice["{table}"].Enable': False}], "no login is sent"
    off = FakeDahua(TABLES | {"RemoteDevice": remote(0, "10.20.1.11", "false")}, PAGES, APIS)
    told = channels.read(off)  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    assert told.cameras["1"].credential is Credential.UNUSED, "it keeps its camera, and differs from what is expected"
    channels.write(off, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]
    assert [order[0] for order in off.ordered] == ["LogicDeviceManager/setCamera"], "its place is not taken anew"
    assert off.stored == [{f'RemoteDevice["{table}"].Enable': True}]
    with pytest.raises(Unsupported):
        channels.pause(session, "3")  # type: ignore[arg-type]


def test_a_camera_is_taken_off() -> None:
    session = FakeDahua(TABLES, PAGES, APIS)
    channels.write(session, wanted(_2=ABSENT), SECRETS)  # type: ignore[arg-type]
    assert session.ordered == [("LogicDeviceManager/deleteCameraByGroup", "{'group': [{'uniqueChannels': [1]}]}")]


def sections(*told: str) -> str:
    lines = ["table.RecordMode[0].Mode=0", "table.Record[0].Enable=false", "table.Record[0].PreRecord=4"]
    for day in range(7):
        day_told = [*told, *["0 00:00:00-24:00:00"] * 6][:6]
        lines += [f"table.Record[0].TimeSection[{day}][{n}]={one}" for n, one in enumerate(day_told)]
    return "\r\n".join(lines)


def recorder(record: str, mode: str = "0") -> FakeDahua:
    text = f"table.RecordMode[0].Mode={mode}\r\n"
    return FakeDahua(TABLES | {"Record": record, "RecordMode": text}, PAGES)


@pytest.mark.parametrize(
    ("record", "mode", "schedule"),
    [
        (sections("1 00:00:00-24:00:00"), "0", Schedule.ALWAYS),
        (sections("7 00:00:00-23:59:59"), "0", Schedule.ALWAYS),
        (sections("6 00:00:00-24:00:00"), "0", Schedule.MOTION),
        (sections("1 08:00:00-09:00:00", "2 10:00:00-11:00:00", "1 12:00:00-13:00:00"), "0", Schedule.OTHER),
        (sections("1 00:00:00-24:00:00"), "2", Schedule.OFF),
        (sections(), "1", Schedule.ALWAYS),
    ],
)
def test_a_schedule_is_read_as(record: str, mode: str, schedule: Schedule) -> None:
    told = tracks.read_recording(recorder(record, mode))  # type: ignore[arg-type]
    assert isinstance(told.channels, FrozenMap)
    assert told.channels["1"].schedule is schedule
    assert told.channels["1"].pre_record_s == 4


def test_office_hours_are_written_and_read_back() -> None:
    session = recorder(sections("1 00:00:00-24:00:00"))
    told = Track(schedule=Schedule.OFFICE, office_hours="07:30-17:30", pre_record_s=5)
    tracks.write_recording(session, Recording(channels=FrozenMap({"1": told})), SECRETS)  # type: ignore[arg-type]
    (values,) = session.stored
    assert values["Record[0].TimeSection[0][0]"] == "2 00:00:00-24:00:00"
    assert values["Record[0].TimeSection[1][0]"] == "1 07:30:00-17:30:00"
    assert (values["RecordMode[0].Mode"], values["Record[0].PreRecord"]) == ("0", 5)
    lines = dict(line.split("=", 1) for line in sections("1 00:00:00-24:00:00").split("\r\n"))
    lines |= {f"table.{key}": str(value) for key, value in values.items()}
    again = recorder("\r\n".join(f"{key}={value}" for key, value in lines.items()))
    read = tracks.read_recording(again)  # type: ignore[arg-type]
    assert isinstance(read.channels, FrozenMap)
    assert (read.channels["1"].schedule, read.channels["1"].office_hours) == (Schedule.OFFICE, "07:30-17:30")


def test_retention_is_one_for_all_and_may_be_hidden() -> None:
    tables = TABLES | {"StorageGlobal": "table.StorageGlobal.FileHoldTime=0\r\ntable.StorageGlobal.OverWrite=true"}
    told = tracks.read_retention(FakeDahua(tables, PAGES))  # type: ignore[arg-type]
    assert isinstance(told.channels, FrozenMap)
    assert told.channels["1"] == Kept(days=0, overwrite=True)
    hidden = FakeDahua(TABLES | {"StorageGlobal": Rejected("no right, or not there", code="403")}, PAGES)
    untold = tracks.read_retention(hidden).channels  # type: ignore[arg-type]
    assert isinstance(untold, FrozenMap)
    assert isinstance(untold["1"].days, Untold)
    apart = Retention(channels=FrozenMap({"1": Kept(days=7), "2": Kept(days=14)}))
    assert [gap.field for gap in tracks.limit_retention(hidden, apart)] == ["channels"]  # type: ignore[arg-type]


DISK = (
    "list.info[0].Name=/dev/sda\r\nlist.info[0].State={state}\r\nlist.info[0].Detail[0].Path=/dev/sda0\r\n"
    "list.info[0].Detail[0].TotalBytes=2000324395008.000000\r\nlist.info[0].Detail[0].IsError={error}\r\n"
)


@pytest.mark.parametrize(
    ("state", "error", "health"),
    [("Success", "false", "ok"), ("Success", "true", "failed"), ("Odd", "false", "unknown")],
)
def test_a_disk_is_read_as(state: str, error: str, health: str) -> None:
    page = {"storageDevice getDeviceAllInfo": DISK.format(state=state, error=error)}
    told = storage.read_storage(FakeDahua({}, page)).disks  # type: ignore[arg-type]
    assert isinstance(told, FrozenMap)
    assert told["1"].health == health


def test_a_disk_in_use_is_never_formatted() -> None:
    session = FakeDahua({}, {"storageDevice getDeviceAllInfo": DISK.format(state="Success", error="false")})
    with pytest.raises(Refused, match="recordings would be lost"):
        actions.format_disk(session, ("1", "8J00001PAZ"))  # type: ignore[arg-type]
    assert session.ordered == []


NTP = (
    "table.NTP.Enable=false\r\ntable.NTP.Address=time.windows.com\r\ntable.NTP.TimeZone=13\r\n"
    "table.NTP.ServerList[0].Address= \r\ntable.NTP.ServerList[0].Enable=false\r\n"
)
CLOCK = {"NTP": NTP, "Locales": "table.Locales.DSTEnable=true\r\n"}


def test_time_is_read_and_written_by_index() -> None:
    session = FakeDahua(CLOCK)
    told = system.read_time(session)  # type: ignore[arg-type]
    assert (told.ntp_servers, told.zone, told.daylight_saving) == ((), "Asia/Shanghai", True)
    target = Time(ntp_servers=("10.0.0.10", "10.0.0.11"), zone="Asia/Ho_Chi_Minh", daylight_saving=False)
    assert system.limit_time(session, target) == ()  # type: ignore[arg-type]
    system.write_time(session, target, SECRETS)  # type: ignore[arg-type]
    assert session.stored == [
        {
            "NTP.Enable": True,
            "NTP.Address": "10.0.0.10",
            "NTP.ServerList[0].Address": "10.0.0.11",
            "NTP.ServerList[0].Enable": True,
            "NTP.TimeZone": 12,
        },
        {"Locales.DSTEnable": False},
    ]


def test_names_with_an_ampersand_cannot_be_told() -> None:
    (gap,) = system.limit_identity(FakeDahua({}), Identity(name="A & B"))  # type: ignore[arg-type]
    assert gap.nearest == "A + B"


def test_the_address_is_written_in_one_request() -> None:
    table = "table.Network.DefaultInterface=eth0\r\ntable.Network.eth0.IPAddress=10.20.1.2\r\n"
    session = FakeDahua({"Network": table + "table.Network.eth0.SubnetMask=255.255.0.0\r\n"})
    assert network.read_network(session).prefix_length == 16  # type: ignore[arg-type]
    network.write_network(session, Network(prefix_length=24, gateway="10.20.1.1"), SECRETS)  # type: ignore[arg-type]
    assert session.stored == [{"Network.eth0.SubnetMask": "255.255.255.0", "Network.eth0.DefaultGateway": "10.20.1.1"}]


PEOPLE = "users[0].Name=admin\r\nusers[0].Group=admin\r\nusers[1].Name=old\r\nusers[1].Group=user\r\n"


def test_accounts_are_made_and_removed_and_there_is_no_operator() -> None:
    session = FakeDahua({}, {"userManager getUserInfoAll": PEOPLE})
    told = Users(accounts=FrozenMap({"lanhdao": Account(level=Level.USER), "old": ABSENT}))  # type: ignore[dict-item]
    users.write(session, told, SECRETS)  # type: ignore[arg-type]
    assert [(page, action) for page, action, _ in session.ordered] == [  # type: ignore[misc]
        ("userManager", "addUser"),
        ("userManager", "deleteUser"),
    ]
    assert "user.Group=user" in session.ordered[0][2]
    between = Users(accounts=FrozenMap({"x": Account(level=Level.OPERATOR), "admin": ABSENT}))  # type: ignore[dict-item]
    gaps = users.limits(session, between)  # type: ignore[arg-type]
    assert [(gap.key, gap.nearest) for gap in gaps] == [("admin", ""), ("x", "user")]
