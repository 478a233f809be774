"""ISAPI: identity, state, clock, reboot and factory reset. Source: field facts on vendor protocols 1.1, 1.5."""

from __future__ import annotations

import calendar
import re
import time
import uuid
from typing import Any, Final

from fleetctl.lab import access, backing, firmware
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, done, plain, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.vendor import After, Reply, Visit

_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)?")
_NAMES: Final = {"camera": "IP CAMERA", "recorder": "Network Video Recorder"}
_NO_IMAGE: Final = {"wrong": "badUpgradePackage", "cut": "upgradeDataErrLength", "busy": "upgrading"}
_MODES: Final = {"NTP": "NTP", "manual": "Manual"}


def firmware_of(device: Any) -> str:
    """Return V5.7.13 of "V5.7.13 build 230829"."""
    return firmware.version_of(device).partition(" ")[0]


def _released(visit: Visit) -> str:
    rest = firmware.version_of(visit.device).partition(" ")[2]
    return rest or rule_of(visit).released


def device_info(visit: Visit) -> Reply:
    """GET System/deviceInfo."""
    device, rule = visit.device, rule_of(visit)
    make = device.personality
    content: dict[str, Any] = {
        "deviceName": device.read("vendor").get("name", _NAMES[make.kind]),
        "deviceID": str(uuid.uuid5(uuid.NAMESPACE_OID, device.mac_address)),
        "deviceDescription": rule.description if make.kind == "camera" else None,
        "deviceLocation": "hangzhou" if make.kind == "camera" else None,
        "systemContact": "Hikvision.China" if make.kind == "camera" else None,
        "model": device.read("info").get("model", make.model),
        "serialNumber": device.serial_number,
        "macAddress": device.mac_address,
        "firmwareVersion": firmware_of(device),
        "firmwareReleasedDate": _released(visit),
        "encoderVersion": "V7.3" if make.kind == "camera" else "V5.0",
        "encoderReleasedDate": "build 170123",
        "bootVersion": "V1.3.4",
        "bootReleasedDate": "100316",
        "hardwareVersion": "0x0",
        "deviceType": rule.device_type,
        "telecontrolID": 88 if make.kind == "camera" else 255,
        "supportBeep": make.kind == "recorder",
        "supportVideoLoss": False,
    }  # fmt: skip
    return told(visit, "DeviceInfo", content)


def set_device_info(visit: Visit) -> Reply:
    """PUT System/deviceInfo: the name is taken, all else ignored."""
    name = xml.text(xml.parsed(visit.incoming.body, "DeviceInfo"), "deviceName")
    if not 1 <= len(name.encode()) <= 32:
        raise Refused("badParameters", words="deviceName: 1 to 32 bytes")
    visit.device.change("vendor")["name"] = name
    return done(visit)


def status(visit: Visit) -> Reply:
    """GET System/status."""
    device = visit.device
    content = {
        "currentDeviceTime": _local_time(visit),
        "deviceUpTime": round(time.time() - max(device.up_at, device.made_at)),
        "CPUList": {"CPU": [{"cpuDescription": "ARMv7 Processor rev 5 (v7l)", "cpuUtilization": 30}]},
        "MemoryList": {
            "Memory": [{"memoryDescription": "DDR Memory", "memoryUsage": " 67", "memoryAvailable": " 48896"}]
        },
    }
    return told(visit, "DeviceStatus", content)


# --- clock -------------------------------------------------------------------------------------------


def _local_time(visit: Visit) -> str:
    """The wall clock's digits with the zone's offset."""
    zone = visit.device.zone_offset_s()
    sign, size = ("-" if zone < 0 else "+"), abs(zone)
    digits = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(visit.local))
    return f"{digits}{sign}{size // 3600:02d}:{size % 3600 // 60:02d}"


def get_time(visit: Visit) -> Reply:
    """GET System/time."""
    kept = visit.device.read("time")
    mode = "NTP" if kept["type"] == "NTP" else "manual"
    return told(visit, "Time", {"timeMode": mode, "localTime": _local_time(visit), "timeZone": kept["tz"]})


def set_time(visit: Visit) -> Reply:
    """PUT System/time: localTime counts in manual mode only; its offset is not looked at, only its digits."""
    sent = xml.parsed(visit.incoming.body, "Time")
    mode = xml.text(sent, "timeMode")
    if mode not in _MODES:
        raise Refused("badParameters", words="timeMode is not possible")
    kept = visit.device.change("time")
    if zone := xml.text(sent, "timeZone"):
        _set_zone(visit, zone)
    if mode == "NTP" and kept["type"] != "NTP":
        kept["since"] = time.time()
    kept["type"] = _MODES[mode]
    if mode == "manual" and (moment := xml.text(sent, "localTime")):
        _set_clock(visit, moment)
    return done(visit)


def _set_zone(visit: Visit, zone: str) -> None:
    if not re.fullmatch(visit.device.personality.tz_pattern, zone):
        raise Refused("badParameters", words="timeZone is not possible")
    kept = visit.device.change("time")
    kept["tz"], kept["dst"] = zone, "DST" in zone


def _set_clock(visit: Visit, moment: str) -> None:
    found = _MOMENT.fullmatch(moment)
    if found is None:
        raise Refused("badParameters", words="localTime is not possible")
    parts = tuple(int(part) for part in found.groups()[:6])
    if not 1970 <= parts[0] <= 2037 or not 1 <= parts[1] <= 12 or parts[2] > calendar.monthrange(*parts[:2])[1]:
        raise Refused("badParameters", words="localTime is not possible")
    clock = visit.device.change("clock")
    now = time.time()
    clock["offset_s"] = calendar.timegm((*parts, 0, 0, 0)) - visit.device.zone_offset_s() - now
    clock["set_at"] = now
    visit.device.fresh_clock = 0.0


def get_zone(visit: Visit) -> Reply:
    """GET System/time/timeZone: plain text on most firmware."""
    zone = str(visit.device.read("time")["tz"])
    return told(visit, "timeZone", {"#": zone}) if rule_of(visit).xml_scalars else plain(zone)


def set_zone(visit: Visit) -> Reply:
    """PUT System/time/timeZone: the bare text, or XML."""
    _set_zone(visit, _scalar(visit, "timeZone"))
    return done(visit)


def get_local_time(visit: Visit) -> Reply:
    """GET System/time/localTime: plain text on most firmware."""
    moment = _local_time(visit)
    return told(visit, "localTime", {"#": moment}) if rule_of(visit).xml_scalars else plain(moment)


def set_local_time(visit: Visit) -> Reply:
    """PUT System/time/localTime: the clock is set by hand."""
    _set_clock(visit, _scalar(visit, "localTime"))
    return done(visit)


def _scalar(visit: Visit, name: str) -> str:
    body = visit.incoming.body.strip()
    if not body.startswith(b"<"):
        return body.decode("utf-8", "replace")
    root = xml.parsed(body, name)
    return xml.text(root, name) or (root.text or "").strip()


def _server(visit: Visit) -> dict[str, Any]:
    kept, rule = visit.device.read("time"), rule_of(visit)
    host = next(iter(kept.get("ntp", ())), "time.windows.com")
    numeric = bool(re.fullmatch(r"[0-9.]+", host))
    content: dict[str, Any] = {
        "id": 1,
        "addressingFormatType": "ipaddress" if numeric else "hostname",
        "ipAddress" if numeric else "hostName": host,
        "portNo": kept.get("ntp_port", 123),
        "synchronizeInterval": kept.get("ntp_interval", 60),
    }
    if rule.ntp_extra:
        content |= {
            "enabled": True,
            "portType": "custom",
            "customPortNo": kept.get("ntp_port", 123),
            "hostNameExampleList": {"hostNameExample": ["time.windows.com", "pool.ntp.org"]},
        }
    return content


def servers(visit: Visit) -> Reply:
    """GET System/time/ntpServers."""
    return told(visit, "NTPServerList", {"NTPServer": [_server(visit)]})


def server(visit: Visit, number: str) -> Reply:
    """GET System/time/ntpServers/1."""
    if number != "1":
        raise Refused("invalidOperation")
    return told(visit, "NTPServer", _server(visit))


def set_servers(visit: Visit) -> Reply:
    """PUT System/time/ntpServers."""
    sent = xml.each(xml.parsed(visit.incoming.body, "NTPServerList"), "NTPServer")
    if len(sent) != 1:
        raise Refused("badXmlContent", words="one NTPServer is expected")
    return _keep_server(visit, sent[0])


def set_server(visit: Visit, number: str) -> Reply:
    """PUT System/time/ntpServers/1."""
    if number != "1":
        raise Refused("invalidOperation")
    return _keep_server(visit, xml.parsed(visit.incoming.body, "NTPServer"))


def _keep_server(visit: Visit, sent: Any) -> Reply:
    kind = xml.text(sent, "addressingFormatType")
    host = xml.text(sent, {"ipaddress": "ipAddress", "hostname": "hostName"}.get(kind, "?"))
    if not 1 <= len(host) <= 64:
        raise Refused("badXmlContent", words="addressingFormatType and its address are expected")
    kept = visit.device.change("time")
    kept["ntp"] = [host]
    kept["ntp_port"] = xml.number(sent, "portNo", least=1, most=65535, default=123)
    kept["ntp_interval"] = xml.number(sent, "synchronizeInterval", least=1, most=10080, default=60)
    return done(visit)


def try_server(visit: Visit) -> Reply:
    """POST System/time/ntpServers/test: whether a server answers the device."""
    sent = xml.parsed(visit.incoming.body, "NTPTestDescription")
    host = xml.text(sent, "ipAddress") or xml.text(sent, "hostName")
    known = visit.world.spec.ntp_servers
    if not host or (known and host not in known):
        raise Refused("NTPUnconnect")
    return done(visit)


def time_capabilities(visit: Visit) -> Reply:
    """GET System/time/capabilities."""
    content = {
        "timeMode": {"@opt": "NTP,manual", "#": "NTP"},
        "localTime": {"@min": 0, "@max": 256, "#": _local_time(visit)},
        "timeZone": {"@min": 0, "@max": 256, "#": visit.device.read("time")["tz"]},
    }
    return told(visit, "Time", content)


def server_capabilities(visit: Visit) -> Reply:
    """GET System/time/ntpServers/capabilities."""
    content = {
        "id": {"@min": 1, "@max": 1},
        "addressingFormatType": {"@opt": "ipaddress,hostname", "#": "hostname"},
        "hostName": {"@min": 1, "@max": 64},
        "portNo": {"@min": 1, "@max": 65535, "@def": 123, "#": 123},
        "synchronizeInterval": {"@min": 1, "@max": 10080, "@default": 60, "#": 60},
    }
    return told(visit, "NTPServerList", {"NTPServer": [content]})


# --- life --------------------------------------------------------------------------------------------


def reboot(visit: Visit) -> Reply:
    """PUT System/reboot."""
    visit.after = After(reboot=True)
    return done(visit)


def factory_reset(visit: Visit) -> Reply:
    """PUT System/factoryReset?mode=basic|full: basic keeps network and accounts."""
    mode = visit.query.get("mode", "")
    if mode not in ("basic", "full"):
        raise Refused("badParameters", words="mode is basic or full")
    visit.after = After(reset="Hard" if mode == "full" else "Basic")
    return done(visit)


def update_firmware(visit: Visit) -> Reply:
    """PUT System/updateFirmware: the raw file; what it is shows once it is whole."""
    try:
        visit.after = After(image=firmware.taken(visit.incoming, visit.device))
    except firmware.NotForUs as error:
        raise Refused(_NO_IMAGE[error.why]) from None
    return done(visit)


def upgrade_status(visit: Visit) -> Reply:
    """GET System/upgradeStatus."""
    flashing = visit.device.flashing
    content = {"upgrading": flashing is not None, "percent": flashing.percent() if flashing is not None else 0}
    return told(visit, "upgradeStatus", content)


def configuration(visit: Visit) -> Reply:
    """GET System/configurationData: a file that only the device understands; newer firmware wants a key for it."""
    if rule_of(visit).sealed_configuration:
        raise Refused("invalidOperation")
    return Reply(status=200, body=backing.sealed(visit.device), content_type="application/octet-stream")


PAGES: dict[tuple[str, str], Page] = {
    ("PUT", "System/updateFirmware"): writes(update_firmware),
    ("GET", "System/upgradeStatus"): reads(upgrade_status),
    ("GET", "System/deviceInfo"): reads(device_info),
    ("PUT", "System/deviceInfo"): writes(set_device_info),
    ("GET", "System/status"): reads(status),
    ("GET", "System/time"): reads(get_time),
    ("PUT", "System/time"): writes(set_time),
    ("GET", "System/time/capabilities"): reads(time_capabilities),
    ("GET", "System/time/timeZone"): reads(get_zone),
    ("PUT", "System/time/timeZone"): writes(set_zone),
    ("GET", "System/time/localTime"): reads(get_local_time),
    ("PUT", "System/time/localTime"): writes(set_local_time),
    ("GET", "System/time/ntpServers"): reads(servers),
    ("PUT", "System/time/ntpServers"): writes(set_servers),
    ("GET", "System/time/ntpServers/capabilities"): reads(server_capabilities),
    ("POST", "System/time/ntpServers/test"): writes(try_server),
    ("GET", "System/time/ntpServers/#"): reads(server),
    ("PUT", "System/time/ntpServers/#"): writes(set_server),
    ("GET", "System/configurationData"): reads(configuration, level=access.ADMINISTRATOR),
    ("PUT", "System/reboot"): writes(reboot, access.ADMINISTRATOR),
    ("PUT", "System/factoryReset"): writes(factory_reset, access.ADMINISTRATOR),
}
