"""A camera on a recorder's channel, page by page: what is read, and that a write is the device's own document."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fleetctl import catalog
from fleetctl.aspects.osd import Corner, Osd
from fleetctl.aspects.video import Codec, Profile, Video
from fleetctl.drivers.dahua import behind as dahua
from fleetctl.drivers.hikvision import behind, overlays, streams
from fleetctl.errors import Refused, Unreachable, Unsupported
from fleetctl.model import UNSET, Kind
from fleetctl.protocols.xml import parse, text
from tests.unit.drivers.fakes import RECORDER, SECRETS, FakeDahua, FakeIsapi

CHANNELS = "/ISAPI/ContentMgmt/InputProxy/channels"
STREAMS = "/ISAPI/ContentMgmt/StreamingProxy/channels"
OVERLAYS = f"{CHANNELS}/3/video/overlays"
ON_THREE = dataclasses.replace(RECORDER, channel=3)
CHANNEL = """<InputProxyChannelList xmlns="http://www.isapi.org/ver20/XMLSchema"><InputProxyChannel version="2.0">
<id>3</id><name>Cửa sau</name><sourceInputPortDescriptor><proxyProtocol>HIKVISION</proxyProtocol>
<ipAddress>192.168.254.4</ipAddress><managePortNo>8000</managePortNo><userName>admin</userName><connMode>plugplay</connMode>
<model>DS-2CD2143G0-I</model><serialNumber>DS-2CD2143G0-I2018</serialNumber><firmwareVersion>V5.5.98</firmwareVersion>
</sourceInputPortDescriptor><enableTiming>true</enableTiming></InputProxyChannel></InputProxyChannelList>"""
STATUS = """<InputProxyChannelStatusList><InputProxyChannelStatus><id>3</id><online>{online}</online>
<chanDetectResult>{why}</chanDetectResult></InputProxyChannelStatus></InputProxyChannelStatusList>"""
STREAM = """<StreamingChannel version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><id>301</id><enabled>true</enabled>
<Video><videoCodecType>H.264</videoCodecType><videoResolutionWidth>2560</videoResolutionWidth>
<videoResolutionHeight>1440</videoResolutionHeight><videoQualityControlType>VBR</videoQualityControlType>
<constantBitRate>4096</constantBitRate><vbrUpperCap>6144</vbrUpperCap><maxFrameRate>{rate}</maxFrameRate>
<GovLength>50</GovLength><H264Profile>High</H264Profile><SmartCodec><enabled>true</enabled></SmartCodec>
<vendorOnly>7</vendorOnly></Video></StreamingChannel>"""
POSSIBLE = """<StreamingChannel><Video><videoCodecType opt="H.264,H.265"/><videoResolutionWidth opt="2560,1920"/>
<videoResolutionHeight opt="1440,1080"/><vbrUpperCap min="32" max="8192"/><constantBitRate min="32" max="4000"/>
<maxFrameRate opt="2000,1500,0"/>
<GovLength min="1" max="400"/><H264Profile opt="Main,High"/></Video></StreamingChannel>"""
OVERLAY = """<VideoOverlay xmlns="http://www.isapi.org/ver20/XMLSchema"><normalizedScreenSize>
<normalizedScreenWidth>704</normalizedScreenWidth><normalizedScreenHeight>576</normalizedScreenHeight></normalizedScreenSize>
<fontSize>adaptive</fontSize><TextOverlayList><TextOverlay><id>1</id><enabled>false</enabled><positionX>0</positionX>
<positionY>576</positionY><displayText/></TextOverlay><TextOverlay><id>2</id><enabled>{on}</enabled><positionX>512</positionX>
<positionY>32</positionY><displayText>Phường cũ</displayText></TextOverlay></TextOverlayList><DateTimeOverlay>
<enabled>true</enabled><positionX>0</positionX><positionY>544</positionY><dateStyle>DD-MM-YYYY</dateStyle>
<timeStyle>24hour</timeStyle><displayWeek>true</displayWeek></DateTimeOverlay></VideoOverlay>"""


def recorder(**pages: Any) -> Any:
    told = {
        CHANNELS: CHANNEL,
        f"{CHANNELS}/status": STATUS.format(online="true", why="connect"),
        f"{STREAMS}/301": STREAM.format(rate=1500),
        f"{STREAMS}/301/capabilities": POSSIBLE,
        OVERLAYS: OVERLAY.format(on="true"),
    }
    return FakeIsapi({**told, **pages}, device=ON_THREE)


def test_the_recorder_says_who_is_on_a_channel() -> None:
    told = behind.camera(recorder(), "3")
    assert (told.serial_number, told.model) == ("DS-2CD2143G0-I2018", "DS-2CD2143G0-I")
    with pytest.raises(Unreachable, match="channel 4: the recorder has no camera there"):
        behind.camera(recorder(), "4")


@pytest.mark.parametrize(
    ("why", "error"), [("netUnreachable", Unreachable), ("passwordError", Refused), ("userLocked", Refused)]
)
def test_a_channel_without_a_picture_is_told_as_what_it_is(why: str, error: type[Exception]) -> None:
    session = recorder(**{f"{CHANNELS}/status": STATUS.format(online="false", why=why)})
    with pytest.raises(error, match="channel 3") as told:
        behind.camera(session, "3")
    assert not getattr(told.value, "credential", False), "it cost none of the recorder's own tries"


def test_a_title_is_written_in_the_channels_whole_document_without_what_the_recorder_only_tells() -> None:
    session = recorder()
    behind.write_identity(session, behind.Identity(name="Cửa trước"), SECRETS)
    ((method, path, body),) = session.ordered
    sent = parse(body.encode())
    assert (method, path, text(sent, "name")) == ("PUT", f"{CHANNELS}/3", "Cửa trước")
    assert text(sent, "sourceInputPortDescriptor/ipAddress") == "192.168.254.4"
    assert "serialNumber" not in body
    with pytest.raises(Unsupported, match="its own clock"):
        behind.read_time(session)


def test_streams_are_read_from_the_recorders_pages_of_the_channel() -> None:
    told = streams.read(recorder())
    assert (told.main_codec, told.main_resolution, told.main_profile) == (Codec.H264, "2560x1440", Profile.HIGH)
    assert (told.main_frame_rate_fps, told.main_bitrate_kbps, told.main_smart_codec) == (15.0, 6144, True)
    assert "one stream only" in str(told.sub_codec)
    camera = FakeIsapi(
        {"/ISAPI/Streaming/channels/101": STREAM.format(rate=0)}, device=dataclasses.replace(ON_THREE, kind=Kind.CAMERA)
    )
    assert "not offered" in str(streams.read(camera).main_frame_rate_fps)  # type: ignore[arg-type]


def test_all_the_pictures_there_are_is_the_most_the_camera_offers() -> None:
    assert streams.read(recorder(**{f"{STREAMS}/301": STREAM.format(rate=0)})).main_frame_rate_fps == 20.0


def test_a_stream_is_written_as_the_cameras_own_document_with_what_differs() -> None:
    session = recorder()
    wanted = Video(main_bitrate_kbps=2048, main_frame_rate_fps=12.5, main_smart_codec=False)
    streams.write(session, wanted, SECRETS)
    ((_, path, body),) = session.ordered
    sent = parse(body.encode())
    assert path == f"{STREAMS}/301"
    assert [text(sent, f"Video/{n}") for n in ("vbrUpperCap", "constantBitRate", "maxFrameRate", "vendorOnly")] == [
        "2048", "4096", "1250", "7",
    ]  # fmt: skip
    assert text(sent, "Video/SmartCodec/enabled") == "false"


def test_what_a_stream_cannot_be_is_told_with_the_nearest() -> None:
    wanted = Video(
        main_codec=Codec.JPEG, main_resolution="1920x1200", main_frame_rate_fps=25.0, main_bitrate_kbps=9000,
        main_profile=Profile.BASELINE, main_gop_length=30,
    )  # fmt: skip
    gaps = {gap.field: gap.nearest for gap in streams.limits(recorder(), wanted)}
    assert gaps == {
        "main_codec": "h264", "main_resolution": "1920x1080", "main_frame_rate_fps": "20",
        "main_bitrate_kbps": "8192", "main_profile": "main",
    }  # fmt: skip


def test_the_first_text_that_is_on_and_the_clock_are_read() -> None:
    told = overlays.read(recorder())
    assert (told.text, told.text_position) == ("Phường cũ", Corner.UPPER_RIGHT)
    assert (told.clock, told.clock_position, told.date_format) == (True, Corner.LOWER_LEFT, "dd-MM-yyyy")
    assert overlays.read(recorder(**{OVERLAYS: OVERLAY.format(on="false")})).text == ""


@pytest.mark.parametrize(("on", "changed"), [("true", "2"), ("false", "1")])
def test_the_text_that_is_shown_is_changed_else_a_free_one_is_taken(on: str, changed: str) -> None:
    session = recorder(**{OVERLAYS: OVERLAY.format(on=on)})
    overlays.write(session, Osd(text="Phường Việt Hưng", text_position=Corner.LOWER_LEFT), SECRETS)
    ((_, path, body),) = session.ordered
    sent = parse(body.encode())
    shown = [each for each in sent.iter("{*}TextOverlay") if text(each, "displayText") == "Phường Việt Hưng"]
    assert [(text(each, "id"), text(each, "enabled")) for each in shown] == [(changed, "true")]
    assert (path, text(sent, "DateTimeOverlay/displayWeek"), text(sent, "fontSize")) == (OVERLAYS, "true", "adaptive")
    again = overlays.read(recorder(**{OVERLAYS: body}))
    assert (again.text, again.text_position) == ("Phường Việt Hưng", Corner.LOWER_LEFT)


def test_a_date_with_the_same_parts_is_given_in_place_of_one_the_maker_does_not_write() -> None:
    (gap,) = overlays.limits(recorder(), Osd(date_format="dd/MM/yyyy"))
    assert (gap.field, gap.instead) == ("date_format", "dd-MM-yyyy")
    (gap,) = overlays.limits(recorder(), Osd(date_format="EEEE"))
    assert gap.instead is UNSET


def test_a_dahua_recorder_says_who_is_on_a_channel_and_takes_its_title() -> None:
    slot = "table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_2"
    table = f"{slot}.Enable=true\n{slot}.Address=10.1.1.9\n{slot}.SerialNo=5L03\n{slot}.DeviceType=IPC-HDW\n"
    session = FakeDahua(
        {"RemoteDevice": table, "ChannelTitle": "table.ChannelTitle[2].Name=Cửa sau\n"},
        {"LogicDeviceManager getCameraState": "states[0].channel=2\nstates[0].connectionState=Connected\n"},
        device=ON_THREE,
    )
    told: Any = session
    assert (dahua.camera(told, "3").serial_number, dahua.read_identity(told).name) == ("5L03", "Cửa sau")
    dahua.write_identity(told, dahua.Identity(name="Cửa trước"), SECRETS)
    assert session.stored == [{"ChannelTitle[2].Name": "Cửa trước"}]
    with pytest.raises(Unreachable, match="no camera there"):
        dahua.camera(told, "4")


def test_the_makers_own_cell_is_taken_only_where_something_is_expected_that_onvif_cannot_reach() -> None:
    registry = catalog.load()
    driver = registry.drivers["hikvision"]
    plain, smart = Video(main_bitrate_kbps=2048), Video(main_smart_codec=False)
    told = [registry.cell(driver, "video", expected) for expected in (None, plain, smart)]
    assert [cell.protocol if cell else "" for cell in told] == ["onvif", "onvif", "isapi"]
    unproven = dataclasses.replace(driver, better=())
    assert registry.cell(unproven, "video", smart) == registry.cells["video", "onvif"]
