"""Address and open doors over Dahua's CGI.

Source: field facts, NVR and vendor protocols, 2.3: HTTP, HTTPS and telnet are not readable on all units, and table
names are never guessed, so that only RTSP's port is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleetctl.aspects.network import Network, limit_to_two, mask_of, moves, told_by_maker, two_servers
from fleetctl.aspects.services import Services
from fleetctl.model import UNSET, Cell, Secrets, Unset
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.onvif_parts import tried


def _prefix(table: Mapping[str, str]) -> str:
    return f"Network.{table.get('Network.DefaultInterface', 'eth0') or 'eth0'}"


def read_network(session: Session) -> Network:
    """Read address, router and DNS servers of the interface in use."""
    table = session.table("Network")
    own = keyvalue.under(table, _prefix(table))
    return told_by_maker(
        address=own.get("IPAddress", ""),
        mask=own.get("SubnetMask", ""),
        gateway=own.get("DefaultGateway", ""),
        dns=(own.get("DnsServers[0]", ""), own.get("DnsServers[1]", "")),
        dhcp=keyvalue.boolean(own.get("DhcpEnable")) or False,
    )


def write_network(session: Session, wanted: Network, _secrets: Secrets) -> None:
    """Write what differs, in one request: each would end the session."""
    prefix = _prefix(session.table("Network", fresh=True))
    values: dict[str, object] = {}
    if isinstance(wanted.dhcp, bool):
        values[f"{prefix}.DhcpEnable"] = wanted.dhcp
    if isinstance(wanted.address, str):
        values[f"{prefix}.IPAddress"] = wanted.address
    if isinstance(wanted.prefix_length, int):
        values[f"{prefix}.SubnetMask"] = mask_of(wanted.prefix_length)
    if isinstance(wanted.gateway, str):
        values[f"{prefix}.DefaultGateway"] = wanted.gateway or "0.0.0.0"  # noqa: S104
    if isinstance(wanted.dns_servers, tuple):
        for number, server in enumerate(two_servers(wanted.dns_servers)):
            values[f"{prefix}.DnsServers[{number}]"] = server
    session.store(values)


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
    Cell(aspect="network", protocol="dahua", read=read_network, write=write_network, limits=limit_to_two, moves=moves),
    Cell(aspect="services", protocol="dahua", read=read_services, write=write_services),
)
