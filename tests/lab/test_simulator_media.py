"""Media, imaging and events: configurations are set as the options say, and what the makes do differently."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lxml import etree

from fleetctl.lab.soap import SERVICES, TT
from tests.lab.wire import Answer, Camera

Give = Callable[[str], Camera]
TR2 = SERVICES["tr2"]


def own(answer: Answer, service: str, token: str, name: str = "Configurations") -> etree._Element:
    """Return the camera's own element of that token."""
    return next(e for e in answer.root.iter(f"{{{SERVICES[service]}}}{name}") if e.get("token") == token)


def put(element: etree._Element, path: str, value: object) -> etree._Element:
    found = element.find("/".join(f"{{{TT}}}{name}" for name in path.split("/")))
    assert found is not None, path
    found.text = str(value)
    return element


def sent(element: etree._Element, service: str, name: str = "Configuration") -> str:
    """Return an element as it goes back, under another name."""
    element.tag = f"{{{SERVICES[service]}}}{name}"
    return etree.tostring(element, encoding="unicode")


def encoder1(it: Camera, token: str, **values: object) -> Answer:
    told = own(it.ask("trt", "GetVideoEncoderConfigurations"), "trt", token)
    for path, value in values.items():
        put(told, path.replace("__", "/"), value)
    return it.ask(
        "trt", "SetVideoEncoderConfiguration", sent(told, "trt") + "<trt:ForcePersistence>true</trt:ForcePersistence>"
    )


def test_an_encoder_is_set_by_its_own_element_and_told_back(camera: Give) -> None:
    it = camera("hikvision")
    assert (
        encoder1(it, "VideoEncoderToken_1", RateControl__FrameRateLimit=15, RateControl__BitrateLimit=2048).status
        == 200
    )
    told = it.ask(
        "trt", "GetVideoEncoderConfiguration", "<trt:ConfigurationToken>VideoEncoderToken_1</trt:ConfigurationToken>"
    )
    assert (told.text("FrameRateLimit"), told.text("BitrateLimit"), told.text("GovLength")) == ("15", "2048", "50")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Resolution__Width", 1921),
        ("RateControl__FrameRateLimit", 60),
        ("RateControl__BitrateLimit", 1),
        ("H264__GovLength", 100000),
        ("H264__H264Profile", "Extended"),
        ("Quality", 99),
    ],
)
def test_a_value_beside_the_options_is_refused_and_nothing_changes(camera: Give, path: str, value: object) -> None:
    it = camera("generic")
    before = it.state()["encoders"]
    assert encoder1(it, "V_ENC_000", **{path: value}).codes[1:] == ["ter:InvalidArgVal", "ter:ConfigModify"]
    assert it.state()["encoders"] == before


def test_a_cheap_camera_moves_an_impossible_value_to_the_nearest_or_ignores_the_whole(camera: Give) -> None:
    it = camera("tapo")
    assert encoder1(it, "main", RateControl__FrameRateLimit=60).status == 200
    assert it.state()["encoders"]["main"]["fps"] == 15


def test_an_element_left_out_of_a_configuration_is_refused(camera: Give) -> None:
    it = camera("axis")
    told = own(it.ask("trt", "GetVideoEncoderConfigurations"), "trt", "default_1_h264")
    told.remove(next(told.iter(f"{{{TT}}}SessionTimeout")))
    force = "<trt:ForcePersistence>true</trt:ForcePersistence>"
    assert it.ask("trt", "SetVideoEncoderConfiguration", sent(told, "trt") + force).codes[1] == "ter:InvalidArgVal"


def test_uniview_refuses_a_multicast_group_of_zeros(camera: Give) -> None:
    it = camera("uniview")
    assert encoder1(it, "VideoEncoder_0", Multicast__Address__IPv4Address="0.0.0.0").codes[-1] == "ter:ConfigModify"
    assert encoder1(it, "VideoEncoder_0", RateControl__FrameRateLimit=12).status == 200


def test_h265_is_called_h264_in_media1_by_dahua_and_said_plainly_in_media2(camera: Give) -> None:
    it = camera("dahua")
    assert it.ask("trt", "GetVideoEncoderConfigurations").texts("Encoding") == ["H264", "H264"]
    assert it.ask("tr2", "GetVideoEncoderConfigurations").texts("Encoding") == ["H265", "H265"]
    assert encoder1(it, "00000", RateControl__FrameRateLimit=12).status == 200
    assert it.state()["encoders"]["00000"]["codec"] == "H265", "who sets H264 in Media1 sets what it was told"


def test_h265_is_hidden_in_media1_by_the_others(camera: Give) -> None:
    it = camera("hikvision")
    told = own(it.ask("tr2", "GetVideoEncoderConfigurations"), "tr2", "VideoEncoderToken_1")
    put(told, "Encoding", "H265")
    told.set("Profile", "Main")
    assert it.ask("tr2", "SetVideoEncoderConfiguration", sent(told, "tr2")).status == 200
    assert it.ask("trt", "GetVideoEncoderConfigurations").texts("Name") == ["VideoEncoder_2"]
    assert it.ask("trt", "GetProfiles").texts("Encoding") == ["H264"]


def test_media2_options_come_one_per_codec_with_lists_as_attributes(camera: Give) -> None:
    it = camera("reolink")
    told = it.ask("tr2", "GetVideoEncoderConfigurationOptions", "<tr2:ConfigurationToken>000</tr2:ConfigurationToken>")
    (options,) = told.root.iter(f"{{{TR2}}}Options")
    assert options.get("FrameRatesSupported") == "20 15 12 10"
    assert options.get("GovLengthRange") == "1 100"


def test_sound_goes_on_by_adding_its_source_before_its_encoder(camera: Give) -> None:
    it = camera("hikvision")

    def add(kind: str, token: str) -> Answer:
        tokens = (
            f"<trt:ProfileToken>Profile_1</trt:ProfileToken><trt:ConfigurationToken>{token}</trt:ConfigurationToken>"
        )
        return it.ask("trt", f"Add{kind}Configuration", tokens)

    assert add("AudioEncoder", "MainAudioEncoderToken").codes[-1] == "ter:ConfigurationConflict"
    assert add("AudioSource", "AudioSourceConfigToken").status == 200
    assert add("AudioEncoder", "MainAudioEncoderToken").status == 200
    assert it.ask("trt", "GetProfiles").text("SampleRate") == "8"
    all_of_it = "<tr2:Configuration><tr2:Type>AudioSource</tr2:Type></tr2:Configuration>"
    gone = it.ask("tr2", "RemoveConfiguration", f"<tr2:ProfileToken>Profile_1</tr2:ProfileToken>{all_of_it}")
    assert gone.status == 200
    assert it.state()["profiles"]["Profile_1"]["AudioEncoder"] == ""


def test_a_camera_without_a_microphone_says_so(camera: Give) -> None:
    assert camera("axis").ask("trt", "GetAudioSources").codes[1:] == ["ter:ActionNotSupported", "ter:AudioNotSupported"]


def test_profiles_are_made_filled_and_deleted_but_not_the_fixed_ones(camera: Give) -> None:
    it = camera("dahua")
    made = it.ask(
        "tr2",
        "CreateProfile",
        "<tr2:Name>third</tr2:Name><tr2:Configuration><tr2:Type>VideoSource</tr2:Type></tr2:Configuration>",
    )
    token = made.text("Token")
    assert it.ask(
        "tr2", "GetStreamUri", f"<tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>{token}</tr2:ProfileToken>"
    ).codes[-1] == ("ter:IncompleteConfiguration")
    assert it.ask("trt", "DeleteProfile", f"<trt:ProfileToken>{token}</trt:ProfileToken>").status == 200
    fixed = it.ask("trt", "DeleteProfile", "<trt:ProfileToken>MediaProfile000</trt:ProfileToken>")
    assert fixed.codes[-1] == "ter:DeletionOfFixedProfile"


def osd(source: str, token: str, kind: str, inner: str, position: str = "UpperLeft") -> str:
    return (
        f'<trt:OSD token="{token}"><tt:VideoSourceConfigurationToken>{source}</tt:VideoSourceConfigurationToken>'
        f"<tt:Type>Text</tt:Type><tt:Position><tt:Type>{position}</tt:Type></tt:Position>"
        f"<tt:TextString><tt:Type>{kind}</tt:Type>{inner}</tt:TextString></trt:OSD>"
    )


def test_texts_keep_their_vietnamese_letters_and_there_are_only_so_many(camera: Give) -> None:
    it = camera("generic")
    words = "Phường Việt Hưng - Quầy 1"
    changed = osd("V_SRC_CFG", "OSD_1", "Plain", f"<tt:PlainText>{words}</tt:PlainText>", "LowerLeft")
    assert it.ask("trt", "SetOSD", changed).status == 200
    assert words in it.ask("trt", "GetOSDs").texts("PlainText")
    one_more = osd("V_SRC_CFG", "", "Plain", "<tt:PlainText>x</tt:PlainText>")
    assert it.ask("trt", "CreateOSD", one_more).codes[-1] == "ter:MaxOSDs"
    assert it.ask("trt", "DeleteOSD", "<trt:OSDToken>OSD_1</trt:OSDToken>").status == 200
    assert it.ask("trt", "CreateOSD", one_more).text("OSDToken") == "osd_0"


@pytest.mark.parametrize(
    "wrong",
    [
        osd("V_SRC_CFG", "OSD_1", "Plain", f"<tt:PlainText>{'x' * 49}</tt:PlainText>"),
        osd("V_SRC_CFG", "OSD_1", "Plain", "<tt:PlainText>x</tt:PlainText>", "Centre"),
        osd("V_SRC_CFG", "OSD_1", "DateAndTime", "<tt:DateFormat>d.M.yy</tt:DateFormat>"),
        osd("V_SRC_CFG", "OSD_1", "Plain", "<tt:FontSize>900</tt:FontSize><tt:PlainText>x</tt:PlainText>"),
        osd("nowhere", "OSD_1", "Plain", "<tt:PlainText>x</tt:PlainText>"),
    ],
)
def test_a_text_beside_the_options_is_refused(camera: Give, wrong: str) -> None:
    it = camera("generic")
    before = it.state()["osds"]
    assert it.ask("trt", "SetOSD", wrong).codes[1] == "ter:InvalidArgVal"
    assert it.state()["osds"] == before


def mask(token: str, *points: tuple[float, float]) -> str:
    corners = "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in points)
    return (
        f'<tr2:Mask token="{token}"><tr2:ConfigurationToken>VideoSourceToken</tr2:ConfigurationToken>'
        f"<tr2:Polygon>{corners}</tr2:Polygon><tr2:Type>Color</tr2:Type><tr2:Enabled>true</tr2:Enabled></tr2:Mask>"
    )


def test_masks_are_rectangles_where_the_camera_says_so(camera: Give) -> None:
    it = camera("hikvision")
    asked = "<tr2:ConfigurationToken>VideoSourceToken</tr2:ConfigurationToken>"
    (options,) = it.ask("tr2", "GetMaskOptions", asked).root.iter(f"{{{TR2}}}Options")
    assert options.get("RectangleOnly") == "true"
    assert it.ask("tr2", "CreateMask", mask("", (0, 0), (0.5, 0.5), (0, 0.5))).codes[-1] == "ter:InvalidPolygon"
    token = it.ask("tr2", "CreateMask", mask("", (0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5))).text("Token")
    assert token
    moved = it.ask("tr2", "SetMask", mask(token, (-1, -1), (-0.5, -1), (-0.5, -0.5), (-1, -0.5)))
    assert moved.status == 200
    (first, *_) = it.ask("tr2", "GetMasks").root.iter(f"{{{TT}}}Point")
    assert first.get("x") == "-1.000000"
    assert it.ask("tr2", "DeleteMask", f"<tr2:Token>{token}</tr2:Token>").status == 200


def imaging(it: Camera, source: str, inner: str) -> Answer:
    told = (
        f"<timg:VideoSourceToken>{source}</timg:VideoSourceToken><timg:ImagingSettings>{inner}</timg:ImagingSettings>"
    )
    return it.ask("timg", "SetImagingSettings", f"{told}<timg:ForcePersistence>true</timg:ForcePersistence>")


def test_imaging_is_set_within_the_options_and_what_is_not_named_stays(camera: Give) -> None:
    it = camera("dahua")
    assert imaging(it, "00000", "<tt:Brightness>60</tt:Brightness><tt:IrCutFilter>ON</tt:IrCutFilter>").status == 200
    told = it.ask("timg", "GetImagingSettings", "<timg:VideoSourceToken>00000</timg:VideoSourceToken>")
    assert (told.text("Brightness"), told.text("Contrast"), told.text("IrCutFilter")) == ("60", "50", "ON")
    assert imaging(it, "00000", "<tt:Brightness>101</tt:Brightness>").codes[-1] == "ter:SettingsInvalid"
    assert imaging(it, "nowhere", "<tt:Brightness>1</tt:Brightness>").codes[-1] == "ter:NoSource"


def test_what_a_camera_lacks_is_not_in_its_options(camera: Give) -> None:
    told = camera("bosch").ask("timg", "GetOptions", "<timg:VideoSourceToken>1</timg:VideoSourceToken>")
    assert told.texts("IrCutFilterModes") == []
    assert told.text("Sharpness") is None


def test_a_pull_point_brings_nothing_and_there_are_few_of_them(camera: Give) -> None:
    it = camera("reolink")

    def subscribe() -> Answer:
        return it.ask(
            "tev", "CreatePullPointSubscription", "<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>"
        )

    made = subscribe()
    path = re.sub(r"^http://[^/]+", "", made.text("Address") or "")
    pulled = it.post(
        path,
        it.envelope(
            "<tev:PullMessages><tev:Timeout>PT0S</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit></tev:PullMessages>"
        ),
    )
    assert pulled.status == 200
    assert pulled.texts("NotificationMessage") == []
    assert subscribe().status == 200
    assert subscribe().codes[-1] == "ter:MaxPullPoints"
    renamed = it.envelope('<n:Unsubscribe xmlns:n="http://docs.oasis-open.org/wsn/b-2"/>')
    assert it.post(path, renamed).status == 200
    assert it.state()["subscriptions"] == 1


def test_stream_and_snapshot_are_where_the_camera_says(camera: Give) -> None:
    it = camera("hikvision")
    transport = "<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    setup = f"<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>{transport}</trt:StreamSetup>"
    token = "<trt:ProfileToken>Profile_2</trt:ProfileToken>"
    uri = it.ask("trt", "GetStreamUri", setup + token).text("Uri")
    assert (
        uri == f"rtsp://{it.address}:{it.ports['rtsp']}/Streaming/Channels/102?transportmode=unicast&profile=Profile_2"
    )
    snapshot = it.ask("trt", "GetSnapshotUri", token).text("Uri") or ""
    path = re.sub(r"^http://[^/]+", "", snapshot)
    refused = it.send("GET", path)
    assert refused.status == 401
    picture = it.send("GET", path, headers={"Authorization": it.answer(refused, "GET", path)})
    assert picture.body.startswith(b"\xff\xd8\xff")
    assert picture.header("content-type") == ["image/jpeg"]
