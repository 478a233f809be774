"""Network: the device's own address and the way out of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Secrets, Unset, setting
from fleetctl.protocols.onvif_parts import Onvif, host, host_tag, token_of, tried
from fleetctl.protocols.xml import Element, boolean, child, children, rendered, tag, text, whole, words

_IPV4 = r"((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The IPv4 settings of a device's first network interface."""

    address: str | Unset = setting(
        "IPv4 address the device has (given by hand or by DHCP)",
        pattern=_IPV4,
        source="ONVIF Core 26.06, SetNetworkInterfaces",
    )
    prefix_length: int | Unset = setting(
        "length of the network prefix: 24 is 255.255.255.0",
        unit="bit",
        minimum=1,
        maximum=32,
        source="ONVIF Core 26.06, SetNetworkInterfaces",
    )
    gateway: str | Unset = setting(
        "IPv4 address of the router, empty for none",
        pattern=f"({_IPV4})?",
        source="ONVIF Core 26.06, SetNetworkDefaultGateway",
    )
    dns_servers: tuple[str, ...] | Unset = setting(
        "DNS servers entered by hand, in order; empty when they come from DHCP",
        pattern=r"[0-9A-Fa-f.:]{2,45}",
        source="ONVIF Core 26.06, SetDNS",
    )
    dhcp: bool | Unset = setting("the address comes from DHCP", source="ONVIF Core 26.06, SetNetworkInterfaces")


ASPECT = Aspect(
    name="network",
    type=Network,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.REACH,
    doc="IPv4 address, router and DNS servers; an address change is confirmed on the new address",
)


def moves(actual: Network, wanted: Network) -> tuple[str, str] | None:
    """Return the old and the new address when the address changes."""
    if isinstance(wanted.address, str) and isinstance(actual.address, str) and wanted.address != actual.address:
        return actual.address, wanted.address
    return None


# --- what makers' own interfaces share: masks for lengths, two places for DNS servers ------------------

NOWHERE: Final = ("", "0.0.0.0", "::")  # noqa: S104  # what stands where there is no address


def prefix_of(mask: str) -> int | Unset:
    """Return the length of a mask (`255.255.255.0`), UNSET where it is none."""
    try:
        return ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen
    except ValueError:
        return UNSET


def mask_of(length: int) -> str:
    """Return the mask of a prefix."""
    return str(ipaddress.IPv4Network(f"0.0.0.0/{length}").netmask)


def two_servers(servers: tuple[str, ...]) -> tuple[str, str]:
    """Return what stands in the two places for DNS servers."""
    first, second = (*servers, "0.0.0.0", "0.0.0.0")[:2]  # noqa: S104
    return first, second


def told_by_maker(*, address: str, mask: str, gateway: str, dns: tuple[str, str], dhcp: bool) -> Network:
    """Return the network as makers' own interfaces tell it, in places of which some are empty."""
    return Network(
        address=address or UNSET,
        prefix_length=prefix_of(mask),
        gateway="" if gateway in NOWHERE else gateway,
        dns_servers=() if dhcp else tuple(server for server in dns if server not in NOWHERE),
        dhcp=dhcp,
    )


def limit_to_two(_session: object, wanted: Network) -> tuple[Gap, ...]:
    """Tell more DNS servers than there are places for."""
    if isinstance(wanted.dns_servers, tuple) and len(wanted.dns_servers) > 2:
        first = wanted.dns_servers[:2]
        return (Gap(field="dns_servers", reason="the device takes 2", nearest=", ".join(first), instead=first),)
    return ()


# --- ONVIF ----------------------------------------------------------------------------------------


def read(session: Onvif) -> Network:
    """Read address, router and DNS servers of the interface fleetctl comes by, else of the first that is on."""
    ipv4 = child(_interface(session), "IPv4")
    return Network(
        address=_address(ipv4)[0] or UNSET,
        prefix_length=_address(ipv4)[1],
        gateway=tried(_gateway, session),
        dns_servers=tried(_dns_servers, session),
        dhcp=boolean(ipv4, "Config/DHCP") or False,
    )


def _interface(session: Onvif) -> Element:
    found = list(children(session.read("tds", "GetNetworkInterfaces"), "NetworkInterfaces"))
    if not found:
        raise Unsupported("the device tells no network interface")
    here = session.device.endpoint.address
    ranked = (
        lambda interface: _address(child(interface, "IPv4"))[0] == here,
        lambda interface: text(interface, "IPv4/Enabled").lower() in ("true", "1"),
    )
    for fits in ranked:
        if (chosen := next(filter(fits, found), None)) is not None:
            return chosen
    return found[0]


def _address(ipv4: Element | None) -> tuple[str, int | Unset]:
    """Return address and prefix length in force: DHCP's, else the one entered by hand, else link-local."""
    config = child(ipv4, "Config")
    leased = boolean(config, "DHCP")
    for name in ("FromDHCP", "Manual", "LinkLocal") if leased else ("Manual", "FromDHCP", "LinkLocal"):
        found = child(config, name)
        if address := text(found, "Address"):
            length = whole(found, "PrefixLength")
            return address, UNSET if length is None else length
    return "", UNSET


def _gateway(session: Onvif) -> str:
    told = child(session.read("tds", "GetNetworkDefaultGateway"), "NetworkGateway")
    return next((a for a in (text(e) for e in children(told, "IPv4Address")) if a not in ("", "0.0.0.0")), "")  # noqa: S104


def _dns(session: Onvif) -> Element | None:
    return child(session.read("tds", "GetDNS"), "DNSInformation")


def _dns_servers(session: Onvif) -> tuple[str, ...]:
    told = _dns(session)
    if boolean(told, "FromDHCP"):
        return ()
    return tuple(server for server in map(host, children(told, "DNSManual")) if server)


def limits(session: Onvif, wanted: Network) -> tuple[Gap, ...]:
    """Tell what would cut the device off; asks what is now for the half that stays."""
    gaps = []
    if wanted.dhcp is True:
        gaps.append(Gap(field="dhcp", reason="where the device would then answer is not known; set it by hand"))
    now = read(session)
    address = wanted.address if isinstance(wanted.address, str) else now.address
    length = wanted.prefix_length if isinstance(wanted.prefix_length, int) else now.prefix_length
    gateway = wanted.gateway if isinstance(wanted.gateway, str) else now.gateway
    try:
        network = ipaddress.IPv4Interface(f"{address}/{length}").network
        outside = bool(gateway) and ipaddress.IPv4Address(gateway) not in network
    except ValueError:
        return tuple(gaps)
    if outside:
        gaps += [
            Gap(field=field, reason=f"the router {gateway} is not in the network {network} of the device")
            for field in ("address", "prefix_length", "gateway")
            if getattr(wanted, field) is not UNSET
        ]
    return tuple(gaps)


def write(session: Onvif, wanted: Network, _secrets: Secrets) -> None:
    """Write DNS servers and router, the address last; the device is restarted where it asks for that.

    After a change of address the device may not answer here any more, so that the last request may raise
    Unreachable without having failed: `moves` tells the engine, which confirms on the new address.
    """
    interface = _interface(session)
    ipv4 = child(interface, "IPv4")
    if isinstance(wanted.dns_servers, tuple):
        _write_dns(session, wanted.dns_servers, leased=not wanted.dns_servers and bool(boolean(ipv4, "Config/DHCP")))
    if isinstance(wanted.gateway, str):
        _write_gateway(session, wanted.gateway)
    if wanted.address is UNSET and wanted.prefix_length is UNSET and wanted.dhcp is UNSET:
        return
    address, length = _address(ipv4)
    leased = bool(boolean(ipv4, "Config/DHCP")) if wanted.dhcp is UNSET else bool(wanted.dhcp)
    if wanted.dhcp is UNSET and wanted.address is not UNSET:
        leased = False
    manual = ""
    if not leased:
        manual = tag(
            "tt:Manual",
            tag("tt:Address", words(address if wanted.address is UNSET else wanted.address)),
            tag("tt:PrefixLength", words(length if wanted.prefix_length is UNSET else wanted.prefix_length)),
        )
    answer = session.write(
        "tds",
        "SetNetworkInterfaces",
        tag("tds:InterfaceToken", words(token_of(interface)))
        + tag(
            "tds:NetworkInterface",
            tag("tt:Enabled", "true"),
            tag("tt:IPv4", tag("tt:Enabled", "true"), manual, tag("tt:DHCP", words(leased))),
        ),
    )
    if boolean(answer, "RebootNeeded"):
        session.write("tds", "SystemReboot")


def _write_dns(session: Onvif, servers: tuple[str, ...], *, leased: bool) -> None:
    told = _dns(session)
    domains = "".join(rendered(domain, "tds:SearchDomain") for domain in children(told, "SearchDomain"))
    manual = "".join(host_tag("tds:DNSManual", server) for server in servers)
    session.write("tds", "SetDNS", tag("tds:FromDHCP", words(leased)) + domains + manual)


def _write_gateway(session: Onvif, gateway: str) -> None:
    told = child(session.read("tds", "GetNetworkDefaultGateway"), "NetworkGateway")
    kept = [text(e) for e in children(told, "IPv6Address")]
    session.write(
        "tds",
        "SetNetworkDefaultGateway",
        (tag("tds:IPv4Address", words(gateway)) if gateway else "")
        + "".join(tag("tds:IPv6Address", words(a)) for a in kept if a not in ("", "::")),
    )


CELLS = (Cell(aspect="network", protocol="onvif", read=read, write=write, limits=limits, moves=moves),)
