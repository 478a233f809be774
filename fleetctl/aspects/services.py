"""Services: which doors of the device are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import Refused, Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Secrets, Unset, setting
from fleetctl.protocols.onvif_parts import Onvif, own_copy, put, tried
from fleetctl.protocols.xml import Element, boolean, child, children, rendered, tag, text, whole, words

_PROTOCOLS = "ONVIF Core 26.06, SetNetworkProtocols"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a device offers on the network, as far as ONVIF (or the console of a switch) can switch it."""

    http: bool | Unset = setting("web server without encryption", source=_PROTOCOLS)
    http_port: int | Unset = setting("TCP port of HTTP", minimum=1, maximum=65535, source=_PROTOCOLS)
    https: bool | Unset = setting("web server with encryption", source=_PROTOCOLS)
    https_port: int | Unset = setting("TCP port of HTTPS", minimum=1, maximum=65535, source=_PROTOCOLS)
    rtsp: bool | Unset = setting("video streams", source=_PROTOCOLS)
    rtsp_port: int | Unset = setting("TCP port of RTSP", minimum=1, maximum=65535, source=_PROTOCOLS)
    discovery: bool | Unset = setting("the device answers WS-Discovery", source="ONVIF Core 26.06, SetDiscoveryMode")
    zero_configuration: bool | Unset = setting(
        "the device gives itself a link-local address (169.254.x.x) as well",
        source="ONVIF Core 26.06, SetZeroConfiguration",
    )
    dynamic_dns: bool | Unset = setting(
        "the device registers its name in a dynamic DNS", source="ONVIF Core 26.06, SetDynamicDNS"
    )
    telnet: bool | Unset = setting("console without encryption, of a switch", source="RFC 854")
    ssh: bool | Unset = setting("console with encryption, of a switch", source="RFC 4251")
    snmp_v1_v2c: bool | Unset = setting(
        "SNMP without login: a switch answers to communities; false leaves SNMPv3 only", source="RFC 3410, RFC 3584"
    )


ASPECT = Aspect(
    name="services",
    type=Services,
    kinds=frozenset({Kind.CAMERA, Kind.NVR, Kind.SWITCH}),
    disruption=Disruption.REACH,
    doc="HTTP, HTTPS and RTSP with their ports, discovery, zero configuration, dynamic DNS, telnet, SSH, SNMP",
    after=("network",),
    waivable=False,
)

# --- ONVIF ----------------------------------------------------------------------------------------

_NAMES: Final = ("http", "https", "rtsp")
_ORDER: Final = ("Name", "Enabled", "Port", "Extension")


def read(session: Onvif) -> Services:
    """Read what is open; each of the four questions may stay untold without the others."""
    told: dict[str, Any] = {}
    for name in _NAMES:
        protocol = tried(_protocol, session, name)
        known = isinstance(protocol, Element)
        told[name] = tried(_enabled, protocol) if known else protocol
        told[f"{name}_port"] = tried(_port, protocol) if known else protocol
    return Services(
        **told,
        discovery=tried(_discovery, session),
        zero_configuration=tried(_zero_configuration, session),
        dynamic_dns=tried(_dynamic_dns, session),
    )


def _protocol(session: Onvif, name: str) -> Element:
    for found in children(session.read("tds", "GetNetworkProtocols"), "NetworkProtocols"):
        if text(found, "Name").lower() == name:
            return found
    raise Unsupported(f"the device does not list {name.upper()}")


def _enabled(protocol: Element) -> bool | Unset:
    told = boolean(protocol, "Enabled")
    return UNSET if told is None else told


def _ports(protocol: Element) -> list[Element]:
    """Return the ports in use; Axis lists port 0 beside the real one."""
    return [port for port in children(protocol, "Port") if text(port) not in ("", "0")]


def _port(protocol: Element) -> int | Unset:
    found = _ports(protocol)
    return UNSET if not found else whole(found[0]) or UNSET


def _discovery(session: Onvif) -> bool:
    return text(session.read("tds", "GetDiscoveryMode"), "DiscoveryMode").lower() == "discoverable"


def _zero_configuration(session: Onvif) -> bool:
    return boolean(session.read("tds", "GetZeroConfiguration"), "ZeroConfiguration/Enabled") or False


def _dynamic_dns(session: Onvif) -> bool:
    told = text(session.read("tds", "GetDynamicDNS"), "DynamicDNSInformation/Type")
    return told not in ("", "NoUpdate")


def _in_use(session: Onvif, wanted: Services) -> tuple[Gap, ...]:
    """Tell what would close the door fleetctl itself comes by."""
    scheme = session.device.endpoint.scheme
    gaps = []
    if getattr(wanted, scheme) is False:
        other = "https" if scheme == "http" else "http"
        gaps.append(
            Gap(field=scheme, reason=f"fleetctl comes by it; first reach the device by {other}, then turn it off")
        )
    if getattr(wanted, f"{scheme}_port") is not UNSET:
        gaps.append(
            Gap(field=f"{scheme}_port", reason=f"fleetctl comes by {scheme}; a move of its port would cut it off")
        )
    return tuple(gaps)


def limits(session: Onvif, wanted: Services) -> tuple[Gap, ...]:
    """Tell what would cut fleetctl off, and ports given to two services; asks what is now for the others."""
    gaps = list(_in_use(session, wanted))
    ports = {n: getattr(wanted, f"{n}_port") for n in _NAMES if getattr(wanted, f"{n}_port") is not UNSET}
    if not ports:
        return tuple(gaps)
    now = read(session)
    others = {n: getattr(now, f"{n}_port") for n in _NAMES} | ports
    for name, port in ports.items():
        twin = next((n for n in _NAMES if n != name and others[n] == port), None)
        if twin is not None:
            gaps.append(Gap(field=f"{name}_port", reason=f"port {port} is the port of {twin} already"))
    return tuple(gaps)


def write(session: Onvif, wanted: Services, _secrets: Secrets) -> None:
    """Write discovery and the like, then open, then close; raises Refused for the door fleetctl comes by."""
    if gaps := _in_use(session, wanted):
        raise Refused(f"{gaps[0].field}: {gaps[0].reason}")
    if isinstance(wanted.discovery, bool):
        mode = "Discoverable" if wanted.discovery else "NonDiscoverable"
        session.write("tds", "SetDiscoveryMode", tag("tds:DiscoveryMode", mode))
    if isinstance(wanted.zero_configuration, bool):
        token = text(session.read("tds", "GetZeroConfiguration"), "ZeroConfiguration/InterfaceToken")
        on = words(wanted.zero_configuration)
        body = tag("tds:InterfaceToken", words(token)) + tag("tds:Enabled", on)
        session.write("tds", "SetZeroConfiguration", body)
    if isinstance(wanted.dynamic_dns, bool):
        _write_dynamic_dns(session, on=wanted.dynamic_dns)
    shut = tuple(name for name in _NAMES if getattr(wanted, name) is False)
    if any(getattr(wanted, f) not in (UNSET, False) for n in _NAMES for f in (n, f"{n}_port")):
        _write_protocols(session, wanted, shut=())
    if shut:
        _write_protocols(session, wanted, shut=shut)


def _write_dynamic_dns(session: Onvif, *, on: bool) -> None:
    told = child(session.read("tds", "GetDynamicDNS"), "DynamicDNSInformation")
    kept = "".join(rendered(e, f"tds:{name}") for name in ("Name", "TTL") for e in children(told, name) if text(e))
    session.write("tds", "SetDynamicDNS", tag("tds:Type", "ClientUpdates" if on else "NoUpdate") + kept)


def _write_protocols(session: Onvif, wanted: Services, *, shut: tuple[str, ...]) -> None:
    """Send the device's own list with what is to be opened or moved, and `shut` closed."""
    told = []
    for found in children(session.read("tds", "GetNetworkProtocols"), "NetworkProtocols"):
        protocol = own_copy(found)
        name = text(protocol, "Name").lower()
        if name in _NAMES:
            if getattr(wanted, name) is True or name in shut:
                put(protocol, "Enabled", name not in shut, _ORDER)
            if (port := getattr(wanted, f"{name}_port")) is not UNSET:
                _put_port(protocol, port)
        told.append(rendered(protocol, "tds:NetworkProtocols"))
    session.write("tds", "SetNetworkProtocols", "".join(told))


def _put_port(protocol: Element, port: int) -> None:
    used = _ports(protocol)
    if used:
        used[0].text = str(port)
    else:
        put(protocol, "Port", port, _ORDER)


CELLS = (Cell(aspect="services", protocol="onvif", read=read, write=write, limits=limits),)
