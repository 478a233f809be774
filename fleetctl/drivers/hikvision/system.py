"""Identity and time over ISAPI.

Source: field facts, NVR and vendor protocols, 1.5 (deviceInfo, time).
"""

from __future__ import annotations

import datetime
import ipaddress
import unicodedata
from typing import Any, Final

from fleetctl.aspects.identity import Identity
from fleetctl.aspects.time import Time
from fleetctl.drivers.hikvision.documents import changed, first_text, items
from fleetctl.model import UNSET, Cell, Gap, Secrets
from fleetctl.protocols import zones
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, text

_INFO: Final = "/ISAPI/System/deviceInfo"
_TIME: Final = "/ISAPI/System/time"
_SERVERS: Final = "/ISAPI/System/time/ntpServers"
_LONGEST_NAME: Final = 32  # bytes


def read_identity(session: Session) -> Identity:
    """Read the name and what the maker gave; ISAPI has no place, and no host name that all firmware tells."""
    told, info = session.identity(), session.read(_INFO)
    return Identity(
        name=unicodedata.normalize("NFC", text(info, "deviceName")),
        manufacturer=told.manufacturer,
        model=told.model,
        firmware=told.firmware,
        serial_number=told.serial_number,
        mac_address=told.mac_address,
        hardware_id=told.hardware_id,
    )


def limit_identity(_session: Session, wanted: Identity) -> tuple[Gap, ...]:
    """Tell a name that is too long, in bytes."""
    if isinstance(wanted.name, str) and len(wanted.name.encode()) > _LONGEST_NAME:
        cut = wanted.name.encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
        return (Gap(field="name", reason=f"the device takes {_LONGEST_NAME} bytes", nearest=cut),)
    return ()


def write_identity(session: Session, wanted: Identity, _secrets: Secrets) -> None:
    """Write the name in the device's own document."""
    if isinstance(wanted.name, str):
        session.write("PUT", _INFO, changed(session.read(_INFO, fresh=True), {"deviceName": wanted.name}))


# --- time ------------------------------------------------------------------------------------------


def read_time(session: Session) -> Time:
    """Read the clock's source, zone and servers; servers never come from DHCP over ISAPI."""
    clock = session.read(_TIME)
    mode = text(clock, "timeMode").lower()
    zone = zones.parse(text(clock, "timeZone"))
    error_s = session.clock_error_s()
    return Time(
        ntp_servers=tried(_servers, session) if mode == "ntp" else (),
        ntp_from_dhcp=False,
        zone=zones.named(zone.offset_s) if zone is not None and not zone.summer else text(clock, "timeZone"),
        daylight_saving=bool(zone is not None and zone.summer),
        source=mode or UNSET,
        clock_error_s=UNSET if error_s is None else round(error_s, 1),
    )


def _entries(session: Session) -> list[Element]:
    return items(session.read(_SERVERS), "NTPServer")


def _servers(session: Session) -> tuple[str, ...]:
    return tuple(server for entry in _entries(session) if (server := _server(entry)))


def _server(entry: Element) -> str:
    by_name = text(entry, "addressingFormatType").lower() == "hostname"
    told = text(entry, "hostName") if by_name else first_text(entry, "ipAddress", "ipv6Address")
    return "" if told in ("0.0.0.0", "::") or text(entry, "enabled").lower() == "false" else told  # noqa: S104


def limit_time(session: Session, wanted: Time) -> tuple[Gap, ...]:
    """Tell zones that cannot be set, and more servers than the device has places for."""
    gaps = []
    if isinstance(wanted.zone, str) and zones.fixed_offset_s(wanted.zone) is None:
        gaps.append(Gap(field="zone", reason=f"{wanted.zone} is no known zone, or has daylight saving"))
    if isinstance(wanted.ntp_servers, tuple) and len(wanted.ntp_servers) > 1:
        most = tried(_entries, session)
        if isinstance(most, list) and 0 < len(most) < len(wanted.ntp_servers):
            first = wanted.ntp_servers[: len(most)]
            reason = f"the device takes {len(most)} server(s)"
            gaps.append(Gap(field="ntp_servers", reason=reason, nearest=", ".join(first), instead=first))
    if wanted.ntp_from_dhcp is True:
        gaps.append(Gap(field="ntp_from_dhcp", reason="the device takes no servers from DHCP"))
    if wanted.daylight_saving is True:
        gaps.append(Gap(field="daylight_saving", reason="fleetctl sets no summer rules"))
    return tuple(gaps)


def write_time(session: Session, wanted: Time, _secrets: Secrets) -> None:
    """Write the servers, then source and zone. With NTP no local time is sent, which some firmware would apply."""
    servers = wanted.ntp_servers
    if isinstance(servers, tuple) and servers:
        for number, entry in enumerate(_entries(session)):
            _write_server(session, entry, servers[number] if number < len(servers) else "")
    clock = session.read(_TIME, fresh=True)
    values: dict[str, Any] = {}
    if isinstance(servers, tuple):
        values["timeMode"] = "NTP" if servers else "manual"
    if isinstance(wanted.zone, str) and (offset_s := zones.fixed_offset_s(wanted.zone)) is not None:
        values["timeZone"] = posix(offset_s)
    elif wanted.daylight_saving is False:
        zone = zones.parse(text(clock, "timeZone"))
        values["timeZone"] = posix(zone.offset_s) if zone is not None else text(clock, "timeZone")
    mode = str(values.get("timeMode", text(clock, "timeMode")))
    if mode.lower() == "manual":
        told = zones.parse(str(values.get("timeZone", text(clock, "timeZone"))))
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=told.offset_s if told else 0)
        values["localTime"] = f"{now:%Y-%m-%dT%H:%M:%S}"
        session.write("PUT", _TIME, changed(clock, values))
    else:
        session.write("PUT", _TIME, changed(clock, values, remove=("localTime",)))


def _write_server(session: Session, entry: Element, server: str) -> None:
    """Write one server; a place that is not needed is emptied where it can be switched off, else left."""
    key = text(entry, "id") or "1"
    if not server:
        if text(entry, "enabled"):
            session.write("PUT", f"{_SERVERS}/{key}", changed(entry, {"enabled": False}))
        elif _server(entry):
            session.write("PUT", f"{_SERVERS}/{key}", _addressed(entry, "0.0.0.0"))  # noqa: S104
        return
    session.write("PUT", f"{_SERVERS}/{key}", _addressed(entry, server))


def _addressed(entry: Element, server: str) -> Element:
    more: dict[str, object] = {"enabled": True} if text(entry, "enabled") else {}
    try:
        ipaddress.IPv4Address(server)
    except ValueError:
        return changed(entry, {"addressingFormatType": "hostname", "hostName": server, **more}, remove=("ipAddress",))
    return changed(entry, {"addressingFormatType": "ipaddress", "ipAddress": server, **more}, remove=("hostName",))


def posix(offset_s: int) -> str:
    """Return a zone as the device writes it: always CST, the sign turned round."""
    hours, rest = divmod(abs(offset_s), 3600)
    return f"CST{'-' if offset_s >= 0 else '+'}{hours}:{rest // 60:02}:00"


CELLS = (
    Cell(aspect="identity", protocol="isapi", read=read_identity, write=write_identity, limits=limit_identity),
    Cell(aspect="time", protocol="isapi", read=read_time, write=write_time, limits=limit_time),
)
