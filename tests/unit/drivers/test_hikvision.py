"""Given a Hikvision recorder's documents, this value; given this wanted, exactly these requests."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from fleetctl.aspects.channels import BoundCamera, Channels, Credential, Speech
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.recording import Recording, Schedule, Stream, Track
from fleetctl.aspects.retention import Kept, Retention
from fleetctl.aspects.storage import Health
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.drivers.hikvision import actions, channels, storage, system, tracks, users
from fleetctl.errors import Refused, Rejected, Unsupported
from fleetctl.model import ABSENT, FrozenMap, Outcome, SecretRef, Untold
from fleetctl.protocols.xml import child, parse, text
from tests.unit.drivers.fakes import SECRETS, FakeIsapi

HIK = 'xmlns="http://www.hikvision.com/ver20/XMLSchema" version="1.0"'
STD = 'xmlns="http://www.isapi.org/ver20/XMLSchema" version="2.0"'


def slot(key: str, address: str, more: str = "", tail: str = "<enableTiming>true</enableTiming>") -> str:
    return (
        f"<InputProxyChannel {HIK}><id>{key}</id><name>Cổng {key}</name><sourceInputPortDescriptor>"
        f"<proxyProtocol>HIKVISION</proxyProtocol><addressingFormatType>ipaddress</addressingFormatType>"
        f"<ipAddress>{address}</ipAddress><managePortNo>8000</managePortNo><srcInputPort>1</srcInputPort>"
        f"<userName>admin</userName><streamType>auto</streamType><deviceID></deviceID>{more}"
        f"</sourceInputPortDescriptor><enableAnr>false</enableAnr>{tail}</InputProxyChannel>"
    )


def listed(*slots: str) -> str:
    return f'<InputProxyChannelList {HIK} size="7">{"".join(slots)}</InputProxyChannelList>'


def standing(**states: str) -> str:
    told = "".join(
        f"<InputProxyChannelStatus><id>{key[1:]}</id><online>{str(state == 'connect').lower()}</online>"
        f"<chanDetectResult>{state}</chanDetectResult></InputProxyChannelStatus>"
        for key, state in states.items()
    )
    return f"<InputProxyChannelStatusList {HIK}>{told}</InputProxyChannelStatusList>"


SERIAL = "<model>DS-2CD</model><serialNumber>S-99</serialNumber><firmwareVersion>V5</firmwareVersion>"
TWO = listed(slot("1", "10.20.1.11", SERIAL), slot("2", "10.20.1.99", SERIAL))
PAGES: dict[str, Any] = {
    channels.CHANNELS: TWO,
    channels.STATUS: standing(_1="connect", _2="passwordError"),
    "/ISAPI/System/capabilities": f"<DeviceCap {HIK}><RacmCap><inputProxyNums>8</inputProxyNums></RacmCap></DeviceCap>",
    "/ISAPI/ContentMgmt/InputProxy/syncIPCPasswd": f"<SyncIPCPasswd {HIK}><enabled>true</enabled></SyncIPCPasswd>",
}
CAMERA = BoundCamera(
    camera="viet-hung-cam-01",
    protocol=Speech.ONVIF,
    address="10.20.1.11",
    port=80,
    user="ghihinh",
    password=SecretRef(device="viet-hung-cam-01", account="ghihinh"),
    credential=Credential.ACCEPTED,
    sets_clock=False,
)


def wanted(**cameras: Any) -> Channels:
    return Channels(cameras=FrozenMap({key[1:]: item for key, item in cameras.items()}))


def test_channels_are_read_with_what_became_of_the_login() -> None:
    told = channels.read(FakeIsapi(PAGES))  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    assert told.cameras["1"] == BoundCamera(
        name="Cổng 1",
        protocol=Speech.OWN,
        address="10.20.1.11",
        port=8000,
        user="admin",
        credential=Credential.ACCEPTED,
        sets_clock=True,
    )
    assert told.cameras["2"].credential is Credential.REFUSED
    assert (told.used, told.most, told.sync_password) == (2, 8, True)


@pytest.mark.parametrize(
    ("state", "outcome"), [("netUnreachable", Outcome.UNREACHABLE), ("userLocked", Outcome.BLOCKED)]
)
def test_an_offline_channel_says_nothing_of_the_login(state: str, outcome: Outcome) -> None:
    told = channels.read(FakeIsapi(PAGES | {channels.STATUS: standing(_1=state)}))  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    credential: Any = told.cameras["1"].credential
    assert isinstance(credential, Untold)
    assert credential.outcome is outcome


def test_firmware_without_the_switch_sets_no_clock() -> None:
    told = channels.read(FakeIsapi(PAGES | {channels.CHANNELS: listed(slot("1", "10.20.1.11", tail=""))}))  # type: ignore[arg-type]
    assert isinstance(told.cameras, FrozenMap)
    assert told.cameras["1"].sets_clock is False


def test_an_empty_slot_and_a_plug_and_play_channel_have_no_address_of_ours() -> None:
    plug = slot("3", "192.168.254.4", "<connMode>plugplay</connMode>")
    told = channels.read(FakeIsapi(PAGES | {channels.CHANNELS: listed(slot("1", "0.0.0.0"), plug)}))  # type: ignore[arg-type]
    assert told.cameras == FrozenMap({"3": BoundCamera(name="Cổng 3")})


def test_a_channel_is_corrected_in_its_own_whole_document() -> None:
    session = FakeIsapi(PAGES)
    channels.write(session, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]
    ((method, path, body),) = session.ordered
    assert (method, path) == ("PUT", f"{channels.CHANNELS}/1")
    sent = parse(body.encode())
    source = child(sent, "sourceInputPortDescriptor")
    assert [str(part.tag).rpartition("}")[2] for part in (() if source is None else source)] == [
        "proxyProtocol", "addressingFormatType", "ipAddress", "managePortNo", "srcInputPort", "userName", "password",
        "streamType", "deviceID",
    ]  # fmt: skip
    assert text(source, "password") == "secret-of-viet-hung-cam-01/ghihinh"
    assert text(source, "proxyProtocol") == "ONVIF"
    assert (text(sent, "name"), text(sent, "enableTiming")) == ("Cổng 1", "false")
    assert 'xmlns="http://www.hikvision.com/ver20/XMLSchema"' in body


def test_a_channel_is_paused_in_its_own_whole_document_at_a_port_where_nobody_answers() -> None:
    session = FakeIsapi(PAGES)
    channels.pause(session, "1")  # type: ignore[arg-type]
    ((method, path, body),) = session.ordered
    assert (method, path) == ("PUT", f"{channels.CHANNELS}/1")
    source = child(parse(body.encode()), "sourceInputPortDescriptor")
    assert text(source, "managePortNo") == "9"
    assert (text(source, "ipAddress"), text(source, "userName")) == ("10.20.1.11", "admin")
    assert "password" not in body
    plug = FakeIsapi(PAGES | {channels.CHANNELS: listed(slot("1", "192.168.254.4", "<connMode>plugplay</connMode>"))})
    for refusing, key in ((plug, "1"), (session, "7")):
        with pytest.raises(Unsupported):
            channels.pause(refusing, key)  # type: ignore[arg-type]


def test_a_new_channel_is_posted_in_the_recorders_own_namespace() -> None:
    session = FakeIsapi(PAGES | {channels.CHANNELS: f"<InputProxyChannelList {STD}/>"})
    channels.ONLINE_S, before = 0.0, channels.ONLINE_S
    try:
        channels.write(session, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]
    finally:
        channels.ONLINE_S = before
    ((method, path, body),) = session.ordered
    assert (method, path) == ("POST", channels.CHANNELS)
    assert "http://www.isapi.org/ver20/XMLSchema" in body
    sent = parse(body.encode())
    assert (text(sent, "id"), text(sent, "sourceInputPortDescriptor/managePortNo")) == ("1", "80")


def test_a_channel_of_another_camera_is_a_conflict_that_a_person_decides() -> None:
    session = FakeIsapi(PAGES)
    item = CAMERA
    gaps = channels.limits(session, wanted(_2=item))  # type: ignore[arg-type]
    assert [(g.key, g.outcome) for g in gaps] == [("2", Outcome.FAILED)]
    assert "10.20.1.99 (serial S-99)" in gaps[0].reason
    other = BoundCamera(**{f: getattr(item, f) for f in ("camera", "protocol", "port", "user")}, address="10.20.1.12")
    decided = BoundCamera(camera="c", address="10.20.1.12", replaces="10.20.1.99")
    assert [g.key for g in channels.limits(session, wanted(_2=other))] == ["2"]  # type: ignore[arg-type]
    assert channels.limits(session, wanted(_2=decided)) == ()  # type: ignore[arg-type]


def test_a_camera_on_another_channel_already_and_a_channel_beyond_the_last_are_told() -> None:
    gaps = channels.limits(FakeIsapi(PAGES), wanted(_5=CAMERA, _9=CAMERA))  # type: ignore[arg-type]
    assert [(g.key, g.outcome) for g in gaps] == [("5", Outcome.FAILED), ("9", Outcome.UNSUPPORTED)]


def test_two_cameras_change_places_without_a_person() -> None:
    pages = PAGES | {channels.CHANNELS: listed(slot("1", "10.20.1.12"), slot("2", "10.20.1.11"))}
    swap = wanted(_1=CAMERA, _2=BoundCamera(camera="b", address="10.20.1.12", port=80, user="ghihinh"))
    assert channels.limits(FakeIsapi(pages), swap) == ()  # type: ignore[arg-type]


def test_what_the_recorder_says_of_a_binding_is_told_in_its_words_and_ours() -> None:
    refusal = Rejected("InputProxy/channels: the camera is on another channel (channelDeviceExist)", code="x")
    session = FakeIsapi(PAGES | {f"PUT {channels.CHANNELS}/1": refusal})
    with pytest.raises(Rejected, match="channelDeviceExist"):
        channels.write(session, wanted(_1=CAMERA), SECRETS)  # type: ignore[arg-type]


def test_older_firmware_that_puts_a_camera_elsewhere_is_not_left_so() -> None:
    class Older(FakeIsapi):
        def write(self, method: str, path: str, content: Any = "", **more: Any) -> Any:
            done = super().write(method, path, content, **more)
            if method == "POST":
                self.pages[channels.CHANNELS] = listed(slot("1", "10.20.1.11"))
            return done

    session = Older(PAGES | {channels.CHANNELS: listed()})
    with pytest.raises(Rejected, match="first free channel, which is 1"):
        channels.write(session, wanted(_4=CAMERA), SECRETS)  # type: ignore[arg-type]
    assert session.ordered[-1][:2] == ("DELETE", f"{channels.CHANNELS}/1")


# --- recording and retention -----------------------------------------------------------------------


def block(day: str, begin: str, last: str, end: str, mode: str = "CMR") -> str:
    return (
        f"<ScheduleAction><id>1</id><ScheduleActionStartTime><DayOfWeek>{day}</DayOfWeek><TimeOfDay>{begin}</TimeOfDay>"
        f"</ScheduleActionStartTime><ScheduleActionEndTime><DayOfWeek>{last}</DayOfWeek><TimeOfDay>{end}</TimeOfDay>"
        f"</ScheduleActionEndTime><ScheduleDSTEnable>false</ScheduleDSTEnable><Description>kept</Description>"
        f"<Actions><Record>true</Record><ActionRecordingMode>{mode}</ActionRecordingMode></Actions></ScheduleAction>"
    )


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NVR_WEEK = "".join(block(day, "00:00:00", DAYS[(n + 1) % 7], "00:00:00") for n, day in enumerate(DAYS))
CAMERA_WEEK = "".join(block(day, "00:00:00", day, "24:00:00", "MOTION") for day in DAYS)


def track(key: str, blocks: str, on: str = "true", enable: str = "true", more: str = "") -> str:
    return (
        f"<Track><id>{key}</id><Channel>{key[:-2]}</Channel><Enable>{enable}</Enable><Duration>P30DT0H</Duration>{more}"
        f"<LoopEnable>true</LoopEnable><TrackSchedule><ScheduleBlockList><ScheduleBlock>"
        f"<ScheduleBlockGUID>g</ScheduleBlockGUID>{blocks}</ScheduleBlock></ScheduleBlockList></TrackSchedule>"
        f"<CustomExtensionList><CustomExtension><enableSchedule>{on}</enableSchedule><SaveAudio>false</SaveAudio>"
        f"<PreRecordTimeSeconds>5</PreRecordTimeSeconds><HolidaySchedule/></CustomExtension></CustomExtensionList>"
        f"</Track>"
    )


def recorder(*tracks_: str) -> FakeIsapi:
    return FakeIsapi(PAGES | {"/ISAPI/ContentMgmt/record/tracks": f"<TrackList {HIK}>{''.join(tracks_)}</TrackList>"})


@pytest.mark.parametrize(
    ("document", "schedule"),
    [
        (track("101", NVR_WEEK), Schedule.ALWAYS),
        (track("101", CAMERA_WEEK), Schedule.MOTION),
        (track("101", NVR_WEEK, on="false"), Schedule.OFF),
        (track("101", NVR_WEEK, enable="false"), Schedule.ALWAYS),
        (track("101", block("Monday", "08:00:00", "Monday", "09:00:00")), Schedule.OTHER),
    ],
    ids=["whole days", "a camera's whole days", "enableSchedule switches", "Enable means nothing", "odd"],
)
def test_a_schedule_is_read_as(document: str, schedule: Schedule) -> None:
    told = tracks.read_recording(recorder(document))  # type: ignore[arg-type]
    assert isinstance(told.channels, FrozenMap)
    assert told.channels["1"].schedule is schedule


def test_office_hours_are_written_in_the_recorders_own_blocks_and_read_back() -> None:
    session = recorder(track("101", NVR_WEEK))
    told = Track(schedule=Schedule.OFFICE, office_hours="07:30-17:30", audio=True)
    tracks.write_recording(session, Recording(channels=FrozenMap({"1": told})), SECRETS)  # type: ignore[arg-type]
    ((method, path, body),) = session.ordered
    assert (method, path) == ("PUT", "/ISAPI/ContentMgmt/record/tracks/101")
    assert body.count("ScheduleAction>") == 2 * (5 * 3 + 2)
    assert "<Description>kept</Description>" in body
    assert "<HolidaySchedule" in body
    again = recorder(body)
    read = tracks.read_recording(again)  # type: ignore[arg-type]
    assert isinstance(read.channels, FrozenMap)
    now = read.channels["1"]
    assert (now.schedule, now.office_hours, now.audio) == (Schedule.OFFICE, "07:30-17:30", True)


def test_the_sub_stream_is_recorded_by_its_own_track_and_the_other_is_switched_off() -> None:
    session = recorder(track("101", NVR_WEEK), track("102", NVR_WEEK, on="false"))
    told = Track(schedule=Schedule.ALWAYS, stream=Stream.SUB)
    tracks.write_recording(session, Recording(channels=FrozenMap({"1": told})), SECRETS)  # type: ignore[arg-type]
    assert [(path[-3:], "<enableSchedule>true" in body) for _, path, body in session.ordered] == [
        ("101", False),
        ("102", True),
    ]


@pytest.mark.parametrize(
    ("more", "days"), [("<durationEnabled>true</durationEnabled>", 30), ("<durationEnabled>false</durationEnabled>", 0)]
)
def test_a_duration_counts_only_where_it_is_switched_on(more: str, days: int) -> None:
    told = tracks.read_retention(recorder(track("101", NVR_WEEK, more=more)))  # type: ignore[arg-type]
    assert told.channels == FrozenMap({"1": Kept(days=days, overwrite=True)})


def test_retention_is_written_into_each_track() -> None:
    session = recorder(track("101", NVR_WEEK))
    tracks.write_retention(session, Retention(channels=FrozenMap({"1": Kept(days=14)})), SECRETS)  # type: ignore[arg-type]
    assert "<Duration>P14DT0H</Duration>" in session.ordered[0][2]


# --- storage ---------------------------------------------------------------------------------------


def hdd(key: str, status: str, more: str = "") -> str:
    return (
        f"<hdd><id>{key}</id><status>{status}</status><capacity>1000204</capacity><freeSpace>0</freeSpace>{more}</hdd>"
    )


STATES = {"1": "ok", "2": "unformatted", "3": "notexist", "4": "smartFailed"}
DISKS = f"<storage {HIK}><hddList>{''.join(hdd(k, v) for k, v in STATES.items())}</hddList></storage>"


def test_disks_are_read_and_ghost_rows_dropped() -> None:
    told = storage.read_storage(FakeIsapi({storage.STORAGE: DISKS}))  # type: ignore[arg-type]
    assert isinstance(told.disks, FrozenMap)
    assert {key: disk.health for key, disk in told.disks.items()} == {
        "1": Health.OK,
        "2": Health.UNFORMATTED,
        "4": Health.FAILED,
    }
    assert told.disks["1"].capacity_gb == 1000.2
    assert storage.capacity_bytes(FakeIsapi({storage.STORAGE: DISKS})) == 1000204e6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "serial", "why"),
    [("1", "DS-7608NI-K2123", "not unformatted"), ("2", "wrong", "serial number"), ("9", "x", "there is no disk 9")],
)
def test_a_disk_is_not_formatted_when(key: str, serial: str, why: str) -> None:
    session = FakeIsapi({storage.STORAGE: DISKS})
    with pytest.raises(Refused, match=why):
        actions.format_disk(session, (key, serial))  # type: ignore[arg-type]
    assert session.ordered == []


def test_an_unformatted_disk_is_formatted_with_its_serial_typed() -> None:
    session = FakeIsapi({storage.STORAGE: DISKS})
    actions.format_disk(session, ("2", "ds 7608ni-k2123"))  # type: ignore[arg-type]
    assert session.ordered == [("PUT", f"{storage.STORAGE}/hdd/2/format", "")]


# --- system, users -----------------------------------------------------------------------------------

CLOCK = (
    f"<Time {STD}><timeMode>NTP</timeMode><localTime>2026-01-02T03:04:05+08:00</localTime>"
    "<timeZone>CST-8:00:00</timeZone></Time>"
)
SERVERS = (
    f'<NTPServerList {HIK} size="7"><NTPServer><id>1</id><addressingFormatType>hostname</addressingFormatType>'
    "<hostName>time.windows.com</hostName><portNo>123</portNo><synchronizeInterval>60</synchronizeInterval>"
    "<portType>kept</portType></NTPServer></NTPServerList>"
)
CLOCKED = {"/ISAPI/System/time": CLOCK, "/ISAPI/System/time/ntpServers": SERVERS}


def test_time_is_read_from_posix_zone_and_servers() -> None:
    told = system.read_time(FakeIsapi(CLOCKED))  # type: ignore[arg-type]
    assert (told.zone, told.ntp_servers, told.source) == ("Asia/Shanghai", ("time.windows.com",), "ntp")


def test_time_is_written_whole_without_a_local_time_that_firmware_would_apply() -> None:
    session = FakeIsapi(CLOCKED)
    system.write_time(session, Time(ntp_servers=("10.0.0.10",), zone="Asia/Ho_Chi_Minh"), SECRETS)  # type: ignore[arg-type]
    (_, server, body), (_, clock, time) = session.ordered
    assert (server, clock) == ("/ISAPI/System/time/ntpServers/1", "/ISAPI/System/time")
    assert "<ipAddress>10.0.0.10</ipAddress><portNo>123</portNo>" in body
    assert "<portType>kept</portType>" in body
    assert "hostName" not in body
    assert "<timeZone>CST-7:00:00</timeZone>" in time
    assert "localTime" not in time
    assert "http://www.isapi.org/ver20/XMLSchema" in time


def test_a_name_is_written_into_the_whole_document() -> None:
    info = f"<DeviceInfo {HIK}><deviceName>NVR</deviceName><deviceID>kept</deviceID></DeviceInfo>"
    session = FakeIsapi({"/ISAPI/System/deviceInfo": info})
    system.write_identity(session, Identity(name="Đầu ghi <1>"), SECRETS)  # type: ignore[arg-type]
    sent = parse(session.ordered[0][2].encode())
    assert (text(sent, "deviceName"), text(sent, "deviceID")) == ("Đầu ghi <1>", "kept")
    long = Identity(name="Đầu ghi của Phường Việt Hưng, Long Biên")
    (gap,) = system.limit_identity(session, long)  # type: ignore[arg-type]
    assert len(gap.nearest.encode()) <= 32


PEOPLE = (
    f"<UserList {HIK}><User><id>1</id><userName>admin</userName><userLevel>Administrator</userLevel></User>"
    "<User><id>2</id><userName>fleetctl</userName><userLevel>Administrator</userLevel></User>"
    "<User><id>3</id><userName>blind</userName><userLevel>Viewer</userLevel></User></UserList>"
)


def permission(preview: str) -> str:
    return (
        f"<UserPermission {HIK}><id>3</id><remotePermission><preview>{preview}</preview><videoChannelPermissionList>"
        f"<videoChannelPermission><id>1</id><preview>{preview}</preview></videoChannelPermission>"
        "</videoChannelPermissionList></remotePermission></UserPermission>"
    )


ACCOUNTS = {users.USERS: PEOPLE, "/ISAPI/Security/UserPermission/3": permission("false")}


def test_a_viewer_that_may_see_nothing_is_no_viewer() -> None:
    told = users.read(FakeIsapi(ACCOUNTS))  # type: ignore[arg-type]
    assert isinstance(told.accounts, FrozenMap)
    assert told.accounts["blind"].level is Level.ANONYMOUS
    session = FakeIsapi(ACCOUNTS)
    users.write(session, Users(accounts=FrozenMap({"blind": Account(level=Level.USER)})), SECRETS)  # type: ignore[arg-type]
    assert [(m, p) for m, p, _ in session.ordered] == [
        ("PUT", f"{users.USERS}/3"),
        ("PUT", "/ISAPI/Security/UserPermission/3"),
    ]
    assert session.ordered[1][2].count("<preview>true</preview>") == 2


def test_a_new_account_comes_with_the_acting_ones_password_where_the_firmware_wants_it() -> None:
    cap = f"<DeviceCap {HIK}><SecurityCap><isSupportUserCheck>true</isSupportUserCheck></SecurityCap></DeviceCap>"
    session = FakeIsapi(ACCOUNTS | {"/ISAPI/System/capabilities": cap})
    told = Users(accounts=FrozenMap({"ghihinh": Account(level=Level.OPERATOR)}))
    users.write(session, told, SECRETS)  # type: ignore[arg-type]
    ((method, path, body),) = session.ordered
    assert (method, path) == ("POST", users.USERS)
    assert "<id>4</id><userName>ghihinh</userName><password>secret-of-viet-hung-nvr/ghihinh</password>" in body
    assert "<loginPassword>secret-of-viet-hung-nvr/fleetctl</loginPassword><userLevel>Operator</userLevel>" in body


def test_the_account_in_use_and_admin_are_never_removed() -> None:
    session = FakeIsapi(ACCOUNTS)
    gone = Users(accounts=FrozenMap({"fleetctl": ABSENT, "admin": ABSENT}))  # type: ignore[dict-item]
    assert {gap.key for gap in users.limits(session, gone)} == {"fleetctl", "admin"}  # type: ignore[arg-type]
    with pytest.raises(Refused):
        users.write(session, gone, SECRETS)  # type: ignore[arg-type]
    assert session.ordered == []


# --- footage -----------------------------------------------------------------------------------------


def test_footage_is_read_page_by_page() -> None:
    def answer(body: str) -> str:
        first = "<searchResultPostion>0</searchResultPostion>" in body
        hour = 8 if first else 9
        return (
            f"<CMSearchResult {HIK}><responseStatusStrg>{'MORE' if first else 'OK'}</responseStatusStrg><matchList>"
            f"<searchMatchItem><trackID>101</trackID><timeSpan><startTime>2026-11-25T0{hour}:00:00Z</startTime>"
            f"<endTime>2026-11-25T0{hour}:30:00Z</endTime></timeSpan></searchMatchItem></matchList></CMSearchResult>"
        )

    session = FakeIsapi({"POST /ISAPI/ContentMgmt/search": answer, channels.CHANNELS: listed(slot("1", "10.20.1.11"))})
    span = tuple(datetime.datetime(2026, 11, 25, hour, tzinfo=datetime.UTC) for hour in (0, 12))
    told = actions.find_footage(session, span)  # type: ignore[arg-type]
    assert [(s.channel, s.begin.hour, s.end.minute) for s in told] == [("1", 8, 30), ("1", 9, 30)]


def test_a_search_that_is_too_wide_is_answered_by_the_days_of_months() -> None:
    day = "<day><dayOfMonth>3</dayOfMonth><record>true</record></day>"
    month, empty = (
        f"<trackDailyDistribution {HIK}><dayList>{told}</dayList></trackDailyDistribution>" for told in (day, "")
    )
    pages = {
        "/ISAPI/System/time": CLOCK,
        "POST /ISAPI/ContentMgmt/search": Rejected("fails (HTTP 500)", code="500"),
        "POST /ISAPI/ContentMgmt/record/tracks/101/dailyDistribution": lambda body: (
            month if "<monthOfYear>1</monthOfYear>" in body else empty
        ),
    }
    from fleetctl.drivers.hikvision import footage

    found = footage.oldest(FakeIsapi(pages), ["1"])  # type: ignore[arg-type]
    assert found == datetime.datetime(2026, 1, 3, tzinfo=datetime.UTC)
