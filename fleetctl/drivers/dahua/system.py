"""Identity and time over Dahua's CGI.

Source: field facts, NVR and vendor protocols, 2.3 (General, NTP, Locales), 2.6 (magicBox).
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.aspects.identity import Identity
from fleetctl.aspects.time import Time
from fleetctl.model import UNSET, Cell, Gap, Secrets, Untold
from fleetctl.protocols import zones
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.dahua.zones import index_of, offset_s
from fleetctl.protocols.onvif_parts import tried

_NOBODY: Final = ("", "0.0.0.0", "::")  # noqa: S104


def read_identity(session: Session) -> Identity:
    """Read the names and what the maker gave; there is no place."""
    told = session.identity()
    general, network = tried(session.table, "General"), tried(session.table, "Network")
    return Identity(
        name=_text(general, "General.MachineName"),
        hostname=_text(network, "Network.Hostname"),
        manufacturer=told.manufacturer,
        model=told.model,
        firmware=told.firmware,
        serial_number=told.serial_number,
        mac_address=told.mac_address,
        hardware_id=told.hardware_id,
    )


def _text(table: Any, key: str) -> Any:
    if isinstance(table, Untold):
        return table
    return unicodedata.normalize("NFC", table[key].strip()) if key in table else UNSET


def limit_identity(session: Session, wanted: Identity) -> tuple[Gap, ...]:
    """Tell names that the device's requests cannot carry."""
    odd = [(f, v) for f in ("name", "hostname") if isinstance(v := getattr(wanted, f), str) and "&" in v]
    if not odd or session.takes_any_text():
        return ()
    reason = "the device cannot take a text with & in it"
    return tuple(Gap(field=field, reason=reason, nearest=value.replace("&", "+")) for field, value in odd)


def write_identity(session: Session, wanted: Identity, _secrets: Secrets) -> None:
    """Write the names."""
    values: dict[str, object] = {}
    if isinstance(wanted.name, str):
        values["General.MachineName"] = wanted.name
    if isinstance(wanted.hostname, str):
        values["Network.Hostname"] = wanted.hostname
    session.store(values)


# --- time ------------------------------------------------------------------------------------------


def read_time(session: Session) -> Time:
    """Read the clock's source, zone and servers; they never come from DHCP over this interface."""
    ntp = session.table("NTP")
    on = keyvalue.boolean(ntp.get("NTP.Enable")) or False
    east = offset_s(ntp.get("NTP.TimeZone", ""))
    error_s = tried(session.clock_error_s)
    zone: Any = _as_named(ntp) if east is None else zones.named(east)
    return Time(
        ntp_servers=_servers(ntp) if on else (),
        ntp_from_dhcp=False,
        zone=zone,
        daylight_saving=tried(_daylight_saving, session),
        source="ntp" if on else "manual",
        clock_error_s=round(error_s, 1) if isinstance(error_s, float) else UNSET,
    )


def _as_named(ntp: Mapping[str, str]) -> str:
    """Return a zone that is not in the known list as the device names it."""
    return ntp.get("NTP.TimeZoneDesc") or f"zone {ntp.get('NTP.TimeZone', '')} of the device's list"


def _servers(ntp: Mapping[str, str]) -> tuple[str, ...]:
    first = ntp.get("NTP.Address", "").strip()
    listed = [
        ntp.get(f"NTP.ServerList[{n}].Address", "").strip()
        for n in keyvalue.indexes(ntp, "NTP.ServerList")
        if keyvalue.boolean(ntp.get(f"NTP.ServerList[{n}].Enable")) is not False
    ]
    return tuple(s for s in dict.fromkeys((first, *listed)) if s not in _NOBODY)


def _daylight_saving(session: Session) -> bool:
    return keyvalue.boolean(session.table("Locales").get("Locales.DSTEnable")) or False


def _places(ntp: Mapping[str, str]) -> int:
    """Return how many servers the device takes: one, and those of a list where it has one."""
    listed = list(keyvalue.indexes(ntp, "NTP.ServerList"))
    return 1 + len(listed)


def limit_time(session: Session, wanted: Time) -> tuple[Gap, ...]:
    """Tell zones the device's list does not have, and more servers than it takes."""
    gaps = []
    if isinstance(wanted.zone, str):
        east = zones.fixed_offset_s(wanted.zone)
        if east is None or index_of(east) is None:
            gaps.append(Gap(field="zone", reason=f"{wanted.zone} is not in the device's list of zones"))
    if isinstance(wanted.ntp_servers, tuple) and len(wanted.ntp_servers) > (most := _places(session.table("NTP"))):
        first = wanted.ntp_servers[:most]
        reason = f"the device takes {most} server(s)"
        gaps.append(Gap(field="ntp_servers", reason=reason, nearest=", ".join(first), instead=first))
    if wanted.ntp_from_dhcp is True:
        gaps.append(Gap(field="ntp_from_dhcp", reason="the device takes no servers from DHCP"))
    if wanted.daylight_saving is True:
        gaps.append(Gap(field="daylight_saving", reason="fleetctl sets no summer rules"))
    return tuple(gaps)


def write_time(session: Session, wanted: Time, _secrets: Secrets) -> None:
    """Write servers and zone; a clock set by hand gets the true time, which the device refuses while it follows NTP."""
    ntp = session.table("NTP", fresh=True)
    values: dict[str, object] = {}
    servers = wanted.ntp_servers
    if isinstance(servers, tuple):
        values["NTP.Enable"] = bool(servers)
        if servers:
            values["NTP.Address"] = servers[0]
        for place, number in enumerate(keyvalue.indexes(ntp, "NTP.ServerList"), start=1):
            server = servers[place] if place < len(servers) else ""
            values[f"NTP.ServerList[{number}].Address"] = server
            values[f"NTP.ServerList[{number}].Enable"] = bool(server)
    if isinstance(wanted.zone, str) and (east := zones.fixed_offset_s(wanted.zone)) is not None:
        values["NTP.TimeZone"] = index_of(east)
    if values:
        session.store(values)
    if wanted.daylight_saving is False:
        session.store({"Locales.DSTEnable": False})
    if servers == ():
        _set_clock(session)


def _set_clock(session: Session) -> None:
    east = offset_s(session.table("NTP", fresh=True).get("NTP.TimeZone", "")) or 0
    now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=east)
    session.order("global", "setCurrentTime", f"&time={keyvalue.escaped(f'{now:%Y-%m-%d %H:%M:%S}')}")


CELLS = (
    Cell(aspect="identity", protocol="dahua", read=read_identity, write=write_identity, limits=limit_identity),
    Cell(aspect="time", protocol="dahua", read=read_time, write=write_time, limits=limit_time),
)
