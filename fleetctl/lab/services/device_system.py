"""Device management: identity, time, scopes, discovery, reboot and factory default.

Source: devicemgmt.wsdl 26.06; ONVIF Core 26.06 sections 8.2 (capabilities), 8.3 (network), 8.4 (system).
"""

from __future__ import annotations

import calendar
import re
import secrets
import time
import uuid

from fleetctl.lab import backing, firmware
from fleetctl.lab.services import After, Call, Operations
from fleetctl.lab.soap import Element, SoapFault, each, text, true, words

MAX_SCOPES = 20


def device_information(call: Call) -> str:
    """GetDeviceInformation."""
    device, make = call.device, call.device.personality
    told = device.read("info")
    return (
        f"<tds:Manufacturer>{words(told.get('manufacturer', make.manufacturer))}</tds:Manufacturer>"
        f"<tds:Model>{words(told.get('model', make.model))}</tds:Model>"
        f"<tds:FirmwareVersion>{words(firmware.version_of(device))}</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{words(device.serial_number)}</tds:SerialNumber>"
        f"<tds:HardwareId>{words(make.hardware_id)}</tds:HardwareId>"
    )


def _moment(name: str, seconds: float) -> str:
    t = time.gmtime(seconds)
    return (
        f"<tt:{name}><tt:Time><tt:Hour>{t.tm_hour}</tt:Hour><tt:Minute>{t.tm_min}</tt:Minute>"
        f"<tt:Second>{t.tm_sec}</tt:Second></tt:Time><tt:Date><tt:Year>{t.tm_year}</tt:Year>"
        f"<tt:Month>{t.tm_mon}</tt:Month><tt:Day>{t.tm_mday}</tt:Day></tt:Date></tt:{name}>"
    )


def get_time(call: Call) -> str:
    """GetSystemDateAndTime."""
    device = call.device
    told = device.read("time")
    now = device.now(call.lab)
    local = _moment("LocalDateTime", now + device.zone_offset_s()) if told.get("tells_local", True) else ""
    return (
        f"<tds:SystemDateAndTime><tt:DateTimeType>{told['type']}</tt:DateTimeType>"
        f"<tt:DaylightSavings>{words(bool(told['dst']))}</tt:DaylightSavings>"
        f"<tt:TimeZone><tt:TZ>{words(told['tz'])}</tt:TZ></tt:TimeZone>"
        f"{_moment('UTCDateTime', now)}{local}</tds:SystemDateAndTime>"
    )


def set_time(call: Call) -> str:
    """SetSystemDateAndTime. UTCDateTime is ignored in NTP mode; NTP without a server is refused (Core 26.06)."""
    element, device = call.request.element, call.device
    kind = (element[0].text or "").strip()
    dst = true((element[1].text or "").strip())
    tds = element.tag.rpartition("}")[0] + "}"
    zone = element.find(f"{tds}TimeZone")
    moment = element.find(f"{tds}UTCDateTime")
    now = time.time()
    told = device.change("time")
    if zone is not None:
        tz = text(zone, "TZ")
        if not re.fullmatch(device.personality.tz_pattern, tz):
            raise SoapFault("ter:InvalidArgVal", "ter:InvalidTimeZone", reason="An invalid time zone was specified")
        told["tz"] = tz
    told["dst"] = dst or device.personality.keeps_dst
    if kind == "NTP":
        if not told.get("ntp") and not told.get("ntp_from_dhcp"):
            raise SoapFault("ter:InvalidArgVal", "ter:NtpServerUndefined", reason="No NTP server is defined")
        if told["type"] != "NTP":
            told["since"] = now
    elif moment is not None:
        _set_clock(call, _utc(moment), now)
    elif told["type"] == "NTP":
        _set_clock(call, device.now(call.lab), now)
    if not device.personality.capabilities.get("time_mode_fixed"):
        told["type"] = kind
    return ""


def _utc(moment: Element) -> float:
    """Return the seconds of a tt:DateTime; impossible dates are a fault."""
    year, month, day = (int(text(moment, "Date", name)) for name in ("Year", "Month", "Day"))
    hour, minute, second = (int(text(moment, "Time", name)) for name in ("Hour", "Minute", "Second"))
    possible = 1970 <= year <= 2037 and 1 <= month <= 12 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 62
    if not possible or not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidDateTime", reason="An invalid date or time was specified")
    return float(calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0)))


def _set_clock(call: Call, wanted: float, now: float) -> None:
    clock = call.device.change("clock")
    clock["offset_s"] = wanted - now
    clock["set_at"] = now
    call.device.fresh_clock = 0.0


def _scopes(call: Call) -> tuple[list[str], list[str]]:
    told = call.device.read("scopes")
    return list(told.get("fixed", ())), list(told.get("configurable", ()))


def get_scopes(call: Call) -> str:
    """GetScopes."""
    fixed, free = _scopes(call)
    return "".join(
        f"<tds:Scopes><tt:ScopeDef>{kind}</tt:ScopeDef><tt:ScopeItem>{words(item)}</tt:ScopeItem></tds:Scopes>"
        for kind, items in (("Fixed", fixed), ("Configurable", free))
        for item in items
    )


def _told_scopes(call: Call) -> list[str]:
    return [(item.text or "").strip() for item in call.request.element]


def set_scopes(call: Call) -> str:
    """SetScopes replaces every configurable scope; fixed ones cannot be named."""
    fixed, _ = _scopes(call)
    told = _told_scopes(call)
    if any(item in fixed for item in told):
        raise SoapFault("ter:OperationProhibited", "ter:ScopeOverwrite", reason="Fixed scope cannot be overwritten")
    if len(told) > MAX_SCOPES:
        raise SoapFault("ter:Action", "ter:TooManyScopes", code="Receiver", reason="Too many scopes")
    call.device.change("scopes")["configurable"] = told
    return ""


def add_scopes(call: Call) -> str:
    """AddScopes."""
    fixed, free = _scopes(call)
    added = [item for item in _told_scopes(call) if item not in fixed and item not in free]
    if len(free) + len(added) > MAX_SCOPES:
        raise SoapFault("ter:Action", "ter:TooManyScopes", code="Receiver", reason="Too many scopes")
    call.device.change("scopes")["configurable"] = [*free, *added]
    return ""


def remove_scopes(call: Call) -> str:
    """RemoveScopes answers with those it removed; a fixed one is a fault, so is one that is not there."""
    fixed, free = _scopes(call)
    told = _told_scopes(call)
    if any(item in fixed for item in told):
        raise SoapFault("ter:OperationProhibited", "ter:FixedScope", reason="Fixed scope cannot be deleted")
    if not all(item in free for item in told):
        raise SoapFault("ter:InvalidArgVal", "ter:NoScope", reason="Scope does not exist")
    call.device.change("scopes")["configurable"] = [item for item in free if item not in told]
    return each("tds:ScopeItem", told)


def get_discovery(call: Call) -> str:
    """GetDiscoveryMode."""
    return f"<tds:DiscoveryMode>{call.device.read('network').get('discovery', 'Discoverable')}</tds:DiscoveryMode>"


def set_discovery(call: Call) -> str:
    """SetDiscoveryMode."""
    call.device.change("network")["discovery"] = (call.request.element[0].text or "").strip()
    return ""


def endpoint_of(mac_address: str) -> str:
    """Return the device's stable endpoint address, made of its MAC as most devices do."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, mac_address)}"


def get_endpoint(call: Call) -> str:
    """GetEndpointReference."""
    return f"<tds:GUID>{endpoint_of(call.device.mac_address)}</tds:GUID>"


def get_wsdl_url(_call: Call) -> str:
    """GetWsdlUrl."""
    return "<tds:WsdlUrl>http://www.onvif.org/</tds:WsdlUrl>"


def reboot(call: Call) -> str:
    """SystemReboot: the answer comes before."""
    call.after = After(reboot=True)
    return f"<tds:Message>{words(call.device.personality.reboot_message)}</tds:Message>"


def factory_default(call: Call) -> str:
    """SetSystemFactoryDefault: Soft keeps the network, Hard keeps nothing; both reboot."""
    call.after = After(reboot=True, reset=(call.request.element[0].text or "").strip())
    return ""


def get_uris(call: Call) -> str:
    """GetSystemUris."""
    return (
        f"<tds:SystemLogUris><tt:SystemLog><tt:Type>System</tt:Type><tt:Uri>{call.base}/system/log</tt:Uri>"
        f"</tt:SystemLog></tds:SystemLogUris><tds:SystemBackupUri>{call.base}/system/backup</tds:SystemBackupUri>"
    )


def start_upgrade(call: Call) -> str:
    """StartFirmwareUpgrade: where the image is to be sent, and how long it may take."""
    if call.device.personality.capabilities.get("firmware", "http") != "http":
        raise SoapFault("ter:ActionNotSupported", reason="Firmware comes another way", code="Receiver", status=500)
    if call.device.flashing is not None:
        raise SoapFault("ter:Action", reason="An upgrade is under way", code="Receiver", status=500)
    call.device.upload = f"/upload/firmware-{secrets.token_hex(8)}"
    return (
        f"<tds:UploadUri>{call.device.personality.foreign_xaddr or call.base}{call.device.upload}</tds:UploadUri>"
        f"<tds:UploadDelay>PT0S</tds:UploadDelay><tds:ExpectedDownTime>PT{round(call.lab.boot_s)}S</tds:ExpectedDownTime>"
    )


def upgrade(call: Call) -> str:
    """UpgradeSystemFirmware: the image came as an attachment (MTOM)."""
    if call.device.personality.capabilities.get("firmware", "http") != "mtom":
        raise SoapFault("ter:ActionNotSupported", reason="Firmware comes another way", code="Receiver", status=500)
    if call.attachment is None:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidFirmware", reason="There is no image")
    try:
        image = firmware.read(call.attachment, call.device)
        if call.device.flashing is not None:
            raise firmware.NotForUs("busy")
    except firmware.NotForUs as error:
        code = "ter:FirmwareUpgradeFailed" if error.why == "busy" else "ter:InvalidFirmware"
        raise SoapFault("ter:InvalidArgVal", code, reason="The firmware was invalid") from None
    call.after = After(image=image)
    return "<tds:Message>upgrading</tds:Message>"


def get_log(_call: Call) -> str:
    """GetSystemLog."""
    return "<tds:SystemLog><tt:String>system start</tt:String></tds:SystemLog>"


def get_backup(call: Call) -> str:
    """GetSystemBackup: one file, beside the envelope. Source: capture HIKVISION DS-2CD2012-I, Pelco D6230L."""
    if not call.device.personality.capabilities.get("backup"):
        raise SoapFault("ter:ActionNotSupported", reason="no backup")
    call.parts["backup@device"] = backing.sealed(call.device)
    return (
        "<tds:BackupFiles><tt:Name>configuration.bin</tt:Name>"
        '<tt:Data xmlns:xmime="http://www.w3.org/2005/05/xmlmime" xmime:contentType="application/octet-stream">'
        '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:backup@device"/>'
        "</tt:Data></tds:BackupFiles>"
    )


OPERATIONS: Operations = {
    "GetSystemBackup": get_backup,
    "GetDeviceInformation": device_information,
    "GetSystemDateAndTime": get_time,
    "SetSystemDateAndTime": set_time,
    "GetScopes": get_scopes,
    "SetScopes": set_scopes,
    "AddScopes": add_scopes,
    "RemoveScopes": remove_scopes,
    "GetDiscoveryMode": get_discovery,
    "SetDiscoveryMode": set_discovery,
    "GetEndpointReference": get_endpoint,
    "GetWsdlUrl": get_wsdl_url,
    "SystemReboot": reboot,
    "StartFirmwareUpgrade": start_upgrade,
    "UpgradeSystemFirmware": upgrade,
    "SetSystemFactoryDefault": factory_default,
    "GetSystemUris": get_uris,
    "GetSystemLog": get_log,
}
