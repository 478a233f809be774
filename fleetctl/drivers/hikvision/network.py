"""Address and open doors over ISAPI.

Source: field facts, NVR and vendor protocols, 1.5 (network: interfaces, adminAccesses, Integrate).
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from fleetctl.aspects.network import Network
from fleetctl.aspects.services import Services
from fleetctl.drivers.hikvision.documents import changed, items
from fleetctl.errors import Refused, Unsupported
from fleetctl.model import UNSET, Cell, Gap, Secrets, Unset
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, text, whole

_INTERFACES: Final = "/ISAPI/System/Network/interfaces"
_ACCESSES: Final = "/ISAPI/Security/adminAccesses"
_NONE: Final = ("", "0.0.0.0", "::")  # noqa: S104


def _interface(session: Session) -> Element:
    """Return the interface fleetctl comes by, else the first: a recorder's second is for cameras on its own ports."""
    found = items(session.read(_INTERFACES), "NetworkInterface")
    if not found:
        raise Unsupported("the device tells no network interface")
    here = session.device.endpoint.address
    return next((i for i in found if text(i, "IPAddress/ipAddress") == here), found[0])


def read_network(session: Session) -> Network:
    """Read address, router and DNS servers."""
    told = child(_interface(session), "IPAddress")
    dhcp = text(told, "addressingType").lower() == "dynamic"
    mask = text(told, "subnetMask")
    dns = (text(told, "PrimaryDNS/ipAddress"), text(told, "SecondaryDNS/ipAddress"))
    gateway = text(told, "DefaultGateway/ipAddress")
    return Network(
        address=text(told, "ipAddress") or UNSET,
        prefix_length=_length(mask),
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
    """Write what differs into the address document of the interface."""
    interface = _interface(session)
    path = f"{_INTERFACES}/{text(interface, 'id') or '1'}/ipAddress"
    values: dict[str, object] = {}
    if isinstance(wanted.dhcp, bool):
        values["addressingType"] = "dynamic" if wanted.dhcp else "static"
    if isinstance(wanted.address, str):
        values["ipAddress"] = wanted.address
    if isinstance(wanted.prefix_length, int):
        values["subnetMask"] = str(ipaddress.IPv4Network(f"0.0.0.0/{wanted.prefix_length}").netmask)
    if isinstance(wanted.gateway, str):
        values["DefaultGateway/ipAddress"] = wanted.gateway or "0.0.0.0"  # noqa: S104
    if isinstance(wanted.dns_servers, tuple):
        first, second = (*wanted.dns_servers, "0.0.0.0", "0.0.0.0")[:2]  # noqa: S104
        values |= {"PrimaryDNS/ipAddress": first, "SecondaryDNS/ipAddress": second}
    session.write("PUT", path, changed(session.read(path, fresh=True), values))


def moves(actual: Network, wanted: Network) -> tuple[str, str] | None:
    """Return the old and the new address where writing changes it."""
    if isinstance(wanted.address, str) and isinstance(actual.address, str) and wanted.address != actual.address:
        return actual.address, wanted.address
    return None


# --- services ----------------------------------------------------------------------------------------


def _protocol(session: Session, name: str) -> Element:
    for found in items(session.read(_ACCESSES), "AdminAccessProtocol"):
        if text(found, "protocol").upper() == name:
            return found
    raise Unsupported(f"the device does not list {name}")


def _enabled(protocol: Element) -> bool:
    return boolean(protocol, "enabled") is not False  # firmware that does not tell it cannot switch it off


def _port(protocol: Element) -> int | Unset:
    told = whole(protocol, "portNo")
    return UNSET if told is None else told


def read_services(session: Session) -> Services:
    """Read the web and stream doors; the rest of the aspect is ONVIF's own."""
    told: dict[str, Any] = {}
    for name in ("http", "https", "rtsp"):
        found = tried(_protocol, session, name.upper())
        known = isinstance(found, Element)
        told[name] = _enabled(found) if known else found
        told[f"{name}_port"] = tried(_port, found) if known else found
    return Services(**told)


def limit_services(session: Session, wanted: Services) -> tuple[Gap, ...]:
    """Tell doors that this firmware cannot close."""
    gaps = []
    for name in ("http", "https", "rtsp"):
        if not isinstance(getattr(wanted, name), bool):
            continue
        found = tried(_protocol, session, name.upper())
        if isinstance(found, Element) and not text(found, "enabled"):
            gaps.append(Gap(field=name, reason="the device does not switch this"))
    return tuple(gaps)


def write_services(session: Session, wanted: Services, _secrets: Secrets) -> None:
    """Write the whole list with the parts that differ changed; the door fleetctl comes by is never closed."""
    scheme = session.device.endpoint.scheme
    if getattr(wanted, scheme) is False:
        raise Refused(f"{scheme}: fleetctl comes by it; it is never switched off")
    for name in ("http", "https", "rtsp"):
        values: dict[str, object] = {}
        if isinstance(on := getattr(wanted, name), bool):
            values["enabled"] = on
        if isinstance(port := getattr(wanted, f"{name}_port"), int):
            values["portNo"] = port
        if values:
            protocol = _protocol(session, name.upper())
            session.write("PUT", f"{_ACCESSES}/{text(protocol, 'id')}", changed(protocol, values))


CELLS = (
    Cell(aspect="network", protocol="isapi", read=read_network, write=write_network, limits=limit_network, moves=moves),
    Cell(aspect="services", protocol="isapi", read=read_services, write=write_services, limits=limit_services),
)
