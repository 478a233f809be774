"""Address and open doors over Dahua's CGI.

Source: field facts, NVR and vendor protocols, 2.3: HTTP, HTTPS and telnet are not readable on all units, and table
names are never guessed, so that only RTSP's port is told.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

from fleetctl.aspects.network import Network
from fleetctl.aspects.services import Services
from fleetctl.model import UNSET, Cell, Gap, Secrets, Unset
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.onvif_parts import tried

_NONE: Final = ("", "0.0.0.0", "::")  # noqa: S104


def _prefix(table: Mapping[str, str]) -> str:
    return f"Network.{table.get('Network.DefaultInterface', 'eth0') or 'eth0'}"


def read_network(session: Session) -> Network:
    """Read address, router and DNS servers of the interface in use."""
    table = session.table("Network")
    own = keyvalue.under(table, _prefix(table))
    dhcp = keyvalue.boolean(own.get("DhcpEnable")) or False
    dns = (own.get("DnsServers[0]", ""), own.get("DnsServers[1]", ""))
    gateway = own.get("DefaultGateway", "")
    return Network(
        address=own.get("IPAddress") or UNSET,
        prefix_length=_length(own.get("SubnetMask", "")),
        gateway="" if gateway in _NONE else gateway,
        dns_servers=() if dhcp else tuple(server for server in dns if server not in _NONE),
        dhcp=dhcp,
    )


def _length(mask: str) -> int | Unset:
    try:
        return ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen
    except ValueError:
        return UNSET


def limit_network(_session: Session, wanted: Network) -> tuple[Gap, ...]:
    """Tell more DNS servers than there are places for."""
    if isinstance(wanted.dns_servers, tuple) and len(wanted.dns_servers) > 2:
        first = wanted.dns_servers[:2]
        return (Gap(field="dns_servers", reason="the device takes 2", nearest=", ".join(first), instead=first),)
    return ()


def write_network(session: Session, wanted: Network, _secrets: Secrets) -> None:
    """Write what differs, in one request: each would end the session."""
    prefix = _prefix(session.table("Network", fresh=True))
    values: dict[str, object] = {}
    if isinstance(wanted.dhcp, bool):
        values[f"{prefix}.DhcpEnable"] = wanted.dhcp
    if isinstance(wanted.address, str):
        values[f"{prefix}.IPAddress"] = wanted.address
    if isinstance(wanted.prefix_length, int):
        mask = ipaddress.IPv4Network(f"0.0.0.0/{wanted.prefix_length}").netmask
        values[f"{prefix}.SubnetMask"] = str(mask)
    if isinstance(wanted.gateway, str):
        values[f"{prefix}.DefaultGateway"] = wanted.gateway or "0.0.0.0"  # noqa: S104
    if isinstance(wanted.dns_servers, tuple):
        for number, server in enumerate((*wanted.dns_servers, "0.0.0.0", "0.0.0.0")[:2]):  # noqa: S104
            values[f"{prefix}.DnsServers[{number}]"] = server
    session.store(values)


def moves(actual: Network, wanted: Network) -> tuple[str, str] | None:
    """Return the old and the new address where writing changes it."""
    if isinstance(wanted.address, str) and isinstance(actual.address, str) and wanted.address != actual.address:
        return actual.address, wanted.address
    return None


def read_services(session: Session) -> Services:
    """Read the port of the streams; what else is open is not told."""
    return Services(rtsp_port=tried(_rtsp_port, session))


def _rtsp_port(session: Session) -> int | Unset:
    told = keyvalue.number(session.table("RTSP").get("RTSP.Port"))
    return UNSET if told is None else int(told)


def write_services(session: Session, wanted: Services, _secrets: Secrets) -> None:
    """Write the port of the streams."""
    if isinstance(wanted.rtsp_port, int):
        session.store({"RTSP.Port": wanted.rtsp_port})


CELLS = (
    Cell(aspect="network", protocol="dahua", read=read_network, write=write_network, limits=limit_network, moves=moves),
    Cell(aspect="services", protocol="dahua", read=read_services, write=write_services),
)
