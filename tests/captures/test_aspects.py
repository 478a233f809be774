"""Real devices' answers, read by the cells: no exception, and the values that stand in them (`--captures DIR`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleetctl import catalog
from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Device, Endpoint, FrozenMap, Kind, Outcome, Untold
from fleetctl.protocols.http import Response
from fleetctl.protocols.identities import Identity, mac
from fleetctl.protocols.onvif import soap
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.replies import Headers
from fleetctl.protocols.xml import Element, child, text

# Captures of the one collection bear a number where several services have the operation.
_NUMBERED = {("trt", "GetServiceCapabilities"): ".2", ("tev", "GetServiceCapabilities"): ".3"}
_FOLDERS = {"tds": "core", "trt": "media", "tev": "events", "timg": "imaging"}


class Captured:
    """A session whose device is a folder of captures; what was not captured, the device does not offer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: dict[tuple[str, str], list[str]] = {}  # the second question of a kind has the second answer
        self.device = Device(name=folder.name, kind=Kind.CAMERA, site="captures", endpoint=Endpoint(address="10.0.0.1"))

    def has(self, service: str) -> bool:
        return service in (("tds", "trt", "tev") if (self.folder / "core").is_dir() else ("tds", "trt", "tev", "timg"))

    def read(self, service: str, operation: str, body: str = "") -> Element:
        assert is_reading(service, operation)
        again = self.asked.setdefault((service, operation), [])
        if body not in again:
            again.append(body)
        nth = f".{again.index(body) + 1}" if again.index(body) else ""
        names = [f"{operation}{nth}.xml"] if nth else []
        names += [f"{operation}{_NUMBERED.get((service, operation), '')}.xml", f"{operation}.200.xml"]
        names += [f"{_FOLDERS[service]}/{operation}.{kind}.xml" for kind in ("Response", "Error")]
        found = next((p for name in names if (p := self.folder / name).is_file()), None)
        what = f"{service}:{operation}"
        if found is None:
            raise Unsupported(f"{what}: not captured")
        answer = soap.reply(Response(status=200, headers=Headers(()), body=found.read_bytes()))
        return soap.element_of(answer, what, operation)

    def identity(self) -> Identity:
        told, links = self.read("tds", "GetDeviceInformation"), self.read("tds", "GetNetworkInterfaces")
        return Identity(
            manufacturer=text(told, "Manufacturer"),
            model=text(told, "Model"),
            firmware=text(told, "FirmwareVersion"),
            serial_number=text(told, "SerialNumber"),
            hardware_id=text(told, "HardwareId"),
            mac_address=mac(text(child(links, "NetworkInterfaces"), "Info/HwAddress")),
        )

    def clock_error_s(self) -> float | None:
        return None


AXIS = "onvif/AXIS_P3818-PVE_11.9.60"
BOSCH = "onvif/Bosch_AUTODOME_IP_starlight_5000i_7.80.0128"
REOLINK = "onvif/REOLINK_E1_Zoom_v3.1.0.2649_23083101"
HIKVISION = "onvif-raw/HIKVISION_DS-2CD2012-I_V5.2.0"
PELCO = "onvif-raw/PELCO_D6230L_2.9.0.4"
UNSUPPORTED, UNKNOWN = Outcome.UNSUPPORTED, Outcome.UNKNOWN

# device -> aspect -> field -> what stands in the captures; an Outcome stands for Untold, UNSET for not told.
VALUES: dict[str, dict[str, dict[str, Any]]] = {
    AXIS: {
        "identity": {"name": "AXIS P3818-PVE", "location": "", "hostname": "axis-b8a44fa04f26", "manufacturer": "AXIS",
                     "firmware": "11.9.60", "serial_number": "B8A44FA04F26", "mac_address": "b8:a4:4f:a0:4f:26"},
        "time": {"ntp_servers": ("time-a-g.nist.gov",), "ntp_from_dhcp": False, "source": "ntp",
                 "zone": "EST5EDT,M3.2.0,M11.1.0", "daylight_saving": True, "clock_error_s": UNSET},
        "network": {"address": "192.168.2.82", "prefix_length": 24, "gateway": "192.168.0.1", "dns_servers": (),
                    "dhcp": True},
        "services": {"http": True, "http_port": 80, "https": False, "https_port": 443, "rtsp": True, "rtsp_port": 554,
                     "discovery": True, "zero_configuration": False, "dynamic_dns": UNSUPPORTED},
        "users": {"accounts": {"harry": "administrator", "service": "administrator"}},
        "video": {"main_codec": "h264", "main_resolution": "1920x960", "main_frame_rate_fps": 30.0,
                  "main_bitrate_kbps": 2147483647, "main_gop_length": 100, "main_profile": "main",
                  "sub_codec": "jpeg", "sub_resolution": "5120x2560", "sub_gop_length": 1, "sub_profile": "none"},
        "imaging": {"brightness": 50, "contrast": 50, "saturation": 50, "sharpness": 50, "day_night": "auto",
                    "wide_dynamic_range": True, "backlight_compensation": UNSET},
        "audio": {"enabled": False, "sub_enabled": False, "codec": UNSUPPORTED},
        "events": {"pull_point": True, "motion": False, "tamper": True},
    },
    BOSCH: {
        "identity": {"name": "Bosch", "location": "", "hostname": "", "model": "AUTODOME IP starlight 5000i",
                     "serial_number": "044566917926150010", "mac_address": "00:07:5f:e0:a6:04"},
        "time": {"ntp_servers": (), "ntp_from_dhcp": True, "zone": "Etc/GMT+5", "daylight_saving": True},
        "network": {"address": "192.168.2.57", "prefix_length": 24, "gateway": "192.168.2.1", "dhcp": True},
        "services": {"https": True, "rtsp_port": 554, "zero_configuration": True},
        "users": {"accounts": {"live": "user", "service": "administrator", "user": "operator"}},
        "video": {"main_codec": "h264", "main_resolution": "1536x864", "main_frame_rate_fps": 30.0,
                  "main_bitrate_kbps": 1400, "main_gop_length": 60, "main_profile": "main", "sub_codec": "h264",
                  "sub_bitrate_kbps": 1400},
        "imaging": {"brightness": 50, "contrast": 50, "saturation": 50, "sharpness": UNSET, "day_night": UNSET,
                    "backlight_compensation": False},
        "audio": {"enabled": False, "codec": "g711", "bitrate_kbps": 64, "sample_rate_khz": 8},
        "events": {"pull_point": True},
    },
    REOLINK: {
        "identity": {"name": "IPC-BO", "location": "country/china", "hostname": "reolink", "manufacturer": "REOLINK",
                     "serial_number": "192168261", "mac_address": "ec:71:db:46:5a:f7"},
        "time": {"ntp_servers": ("pool.ntp.org",), "zone": "Etc/GMT+8", "daylight_saving": False},
        "network": {"address": "192.168.2.61", "gateway": "192.168.0.1", "dhcp": True},
        "services": {"https": True, "https_port": 443, "zero_configuration": UNSUPPORTED},
        "users": {"accounts": {"admin": "administrator", "service": "administrator"}},
        "video": {"main_resolution": "2048x1536", "main_frame_rate_fps": 15.0, "main_bitrate_kbps": 1024,
                  "main_gop_length": 30, "sub_resolution": "640x480", "sub_gop_length": 60},
        "imaging": {"brightness": 50, "sharpness": 50, "day_night": "auto", "wide_dynamic_range": UNSET},
        "audio": {"enabled": True, "sub_enabled": True, "codec": "aac", "bitrate_kbps": 16, "sample_rate_khz": 16},
        "events": {"pull_point": True, "motion": True, "tamper": True},
    },
    HIKVISION: {
        "identity": {"name": "HIKVISION DS-2CD2012-I", "location": "city/hangzhou", "hostname": "localhost",
                     "firmware": "V5.2.0 build 140721", "serial_number": "DS-2CD2012-I20150201CCWR501088621"},
        "time": {"ntp_servers": (), "ntp_from_dhcp": True, "source": "manual", "zone": "Etc/GMT+7"},
        "network": {"address": "10.10.1.65", "prefix_length": 16, "gateway": "10.10.1.1", "dns_servers": ()},
        "services": {"http": True, "https": UNSUPPORTED, "zero_configuration": True, "dynamic_dns": True},
        "users": {"accounts": {"admin": "administrator"}},
        "video": {"main_codec": "h264", "main_resolution": "1280x720", "main_frame_rate_fps": 10.0,
                  "main_bitrate_kbps": 2048, "main_gop_length": 2, "sub_resolution": "352x240",
                  "sub_frame_rate_fps": 30.0, "sub_gop_length": 50},
        "osd": {"text": "Camera 01", "text_position": "lower_right", "clock": False, "clock_position": "none"},
        "audio": {"enabled": False, "sub_enabled": False, "codec": UNSUPPORTED},
        "events": {"pull_point": True, "motion": True, "tamper": True},
    },
    PELCO: {
        "identity": {"name": "D6230L-J250117", "location": "country/usa", "hardware_id": "00:04:7d:0e:b8:5c",
                     "mac_address": "00:04:7d:0e:b8:5c"},
        "time": {"ntp_servers": (), "ntp_from_dhcp": False, "source": "manual", "zone": "Etc/GMT+7"},
        "network": {"address": "10.10.1.66", "prefix_length": 16, "dhcp": False, "dns_servers": ()},
        "services": {"https": False, "dynamic_dns": UNSUPPORTED, "zero_configuration": True},
        "users": {"accounts": {}},
        "video": {"main_codec": "h264", "main_profile": "high", "main_bitrate_kbps": 6000, "sub_codec": "jpeg",
                  "sub_frame_rate_fps": 5.0},
        "osd": {"text": "", "clock": True, "clock_position": "lower_right", "time_format": "HH:mm:ss TZ"},
        "audio": {"enabled": False, "codec": "g711", "sample_rate_khz": 8},
        "events": {"pull_point": True, "motion": True, "tamper": True},
    },
}  # fmt: skip

ASPECTS = ("audio", "events", "identity", "imaging", "network", "osd", "privacy", "services", "time", "users", "video")
# Neither imaging nor Media2 was captured there.
NOT_THERE = {(name, "imaging") for name in (HIKVISION, PELCO)} | {(name, "privacy") for name in VALUES}
NOT_THERE |= {(name, "osd") for name in (AXIS, BOSCH, REOLINK)}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_captured_device_is_read_with_the_values_that_stand_in_it(captures: Path, name: str, aspect: str) -> None:
    session = Captured(captures / name)
    cell = catalog.load().cells[(aspect, "onvif")]
    if (name, aspect) in NOT_THERE:
        with pytest.raises(Unsupported):
            cell.read(session)
        return
    told = cell.read(session)
    for field, expected in VALUES[name][aspect].items():
        actual = getattr(told, field)
        if isinstance(actual, Untold):
            actual = actual.outcome
        if isinstance(actual, FrozenMap):
            actual = {key: str(item.level) for key, item in actual.items()}
        assert actual == expected, field


@pytest.mark.parametrize("name", VALUES)
def test_what_a_captured_device_cannot_do_is_asked_without_an_exception(captures: Path, name: str) -> None:
    """Everything it is, wanted again: nothing of it may be impossible, whatever its options look like."""
    session = Captured(captures / name)
    for aspect in ("audio", "imaging", "users", "video"):
        if (name, aspect) in NOT_THERE:
            continue
        cell = catalog.load().cells[(aspect, "onvif")]
        assert cell.limits is not None
        try:
            gaps = cell.limits(session, cell.read(session))
        except Unsupported:
            continue  # its options were not captured
        assert gaps == ()
