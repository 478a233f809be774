"""Address and open doors over ISAPI.

Source: field facts, NVR and vendor protocols, 1.5 (network: interfaces, adminAccesses, Integrate).
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.aspects.network import Network, limit_to_two, mask_of, moves, told_by_maker, two_servers
from fleetctl.aspects.services import Services
from fleetctl.drivers.hikvision.documents import changed, items
from fleetctl.errors import Refused, Unsupported
from fleetctl.model import UNSET, Cell, Gap, Secrets, Unset
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, text, whole

_INTERFACES: Final = "/ISAPI/System/Network/interfaces"
_ACCESSES: Final = "/ISAPI/Security/adminAccesses"


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
    return told_by_maker(
        address=text(told, "ipAddress"),
        mask=text(told, "subnetMask"),
        gateway=text(told, "DefaultGateway/ipAddress"),
        dns=(text(told, "PrimaryDNS/ipAddress"), text(told, "SecondaryDNS/ipAddress")),
        dhcp=text(told, "addressingType").lower() == "dynamic",
    )


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
        values["subnetMask"] = mask_of(wanted.prefix_length)
    if isinstance(wanted.gateway, str):
        values["DefaultGateway/ipAddress"] = wanted.gateway or "0.0.0.0"  # noqa: S104
    if isinstance(wanted.dns_servers, tuple):
        first, second = two_servers(wanted.dns_servers)
        values |= {"PrimaryDNS/ipAddress": first, "SecondaryDNS/ipAddress": second}
    session.write("PUT", path, changed(session.read(path, fresh=True), values))


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
    Cell(aspect="network", protocol="isapi", read=read_network, write=write_network, limits=limit_to_two, moves=moves),
    Cell(aspect="services", protocol="isapi", read=read_services, write=write_services, limits=limit_services),
)
