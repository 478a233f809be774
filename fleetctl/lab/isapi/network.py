"""ISAPI: addresses, ports, the switch for ONVIF. Source: field facts on vendor protocols 1.5, network."""

from __future__ import annotations

import ipaddress
from typing import Any

from fleetctl.lab import access
from fleetctl.lab.generations import PORTS
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.services.device_network import protocols_of
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import After, Reply, Visit


def _address(visit: Visit) -> dict[str, Any]:
    kept = visit.device.read("network")
    dns = [*(kept.get("dns_from_dhcp", ()) if kept.get("dns_dhcp") else kept.get("dns", ())), "", ""]
    mask = str(ipaddress.IPv4Network(f"0.0.0.0/{kept['prefix']}").netmask)
    return {
        "ipVersion": "v4",
        "addressingType": "dynamic" if kept.get("dhcp") else "static",
        "ipAddress": kept["address"],
        "subnetMask": mask,
        "DefaultGateway": {"ipAddress": next(iter(kept.get("gateways", ())), "0.0.0.0")},  # noqa: S104 -- ISAPI's word for none
        "PrimaryDNS": {"ipAddress": dns[0] or "0.0.0.0"},  # noqa: S104
        "SecondaryDNS": {"ipAddress": dns[1] or "0.0.0.0"},  # noqa: S104
    }


def _interface(visit: Visit) -> dict[str, Any]:
    return {
        "id": 1,
        "IPAddress": _address(visit),
        "Link": {
            "MACAddress": visit.device.mac_address,
            "autoNegotiation": True,
            "speed": 100,
            "duplex": "full",
            "MTU": visit.device.read("network").get("mtu", 1500),
        },
    }


def interfaces(visit: Visit) -> Reply:
    """GET System/Network/interfaces."""
    return told(visit, "NetworkInterfaceList", {"@size": 7, "NetworkInterface": [_interface(visit)]})


def interface(visit: Visit, number: str) -> Reply:
    """GET System/Network/interfaces/1."""
    _check(number)
    return told(visit, "NetworkInterface", _interface(visit))


def address(visit: Visit, number: str) -> Reply:
    """GET System/Network/interfaces/1/ipAddress."""
    _check(number)
    return told(visit, "IPAddress", _address(visit))


def _check(number: str) -> None:
    if number != "1":
        raise Refused("invalidOperation")


def set_interface(visit: Visit, number: str) -> Reply:
    """PUT System/Network/interfaces/1."""
    _check(number)
    sent = xml.parsed(visit.incoming.body, "NetworkInterface")
    kept = visit.device.change("network")
    if xml.text(sent, "Link", "MTU"):
        kept["mtu"] = xml.number(sent, "Link", "MTU", least=500, most=1500)
    return _keep(visit, xml.find(sent, "IPAddress"))


def set_address(visit: Visit, number: str) -> Reply:
    """PUT System/Network/interfaces/1/ipAddress: the answer comes from the old address, then the device moves."""
    _check(number)
    return _keep(visit, xml.parsed(visit.incoming.body, "IPAddress"))


def _keep(visit: Visit, sent: Element | None) -> Reply:
    kind = xml.text(sent, "addressingType")
    if kind not in ("static", "dynamic"):
        raise Refused("badXmlContent", words="addressingType is expected")
    kept = visit.device.change("network")
    kept["dhcp"] = kind == "dynamic"
    if kind == "static":
        try:
            there = ipaddress.IPv4Interface(f"{xml.text(sent, 'ipAddress')}/{xml.text(sent, 'subnetMask')}")
            gateway = ipaddress.IPv4Address(xml.text(sent, "DefaultGateway", "ipAddress", default="0.0.0.0"))  # noqa: S104
        except ValueError:
            raise Refused("badParameters", words="the address is not possible") from None
        if there.ip.is_unspecified or there.ip.is_multicast:
            raise Refused("badParameters", words="the address is not possible")
        kept["address"], kept["prefix"] = str(there.ip), there.network.prefixlen
        kept["gateways"] = [] if gateway.is_unspecified else [str(gateway)]
    dns = [xml.text(sent, name, "ipAddress") for name in ("PrimaryDNS", "SecondaryDNS")]
    kept["dns"] = [item for item in dns if item and item != "0.0.0.0"]  # noqa: S104
    visit.after = After(moved=True)
    return done(visit)


def capabilities(visit: Visit) -> Reply:
    """GET System/Network/interfaces/capabilities: the only page with the ranges."""
    content = {
        "NetworkInterface": [
            {
                "id": {"@min": 1, "@max": 1},
                "IPAddress": {
                    "ipVersion": {"@opt": "v4,v6,dual", "#": "v4"},
                    "addressingType": {"@opt": "static,dynamic", "#": "static"},
                },
                "Link": {"MTU": {"@min": 500, "@max": 1500, "#": 1500}},
            }
        ]
    }
    return told(visit, "NetworkInterfaceList", content)


# --- ports -------------------------------------------------------------------------------------------


def _protocol(visit: Visit, name: str) -> dict[str, Any]:
    number, port = PORTS[name]
    kept = visit.device.read("network")
    known = protocols_of(kept, visit.device.personality.ports).get(name)
    other = kept.get("other_ports", {}).get(name, {"enabled": True, "port": port})
    enabled, at = (known["enabled"], known["ports"][0]) if known else (other["enabled"], other["port"])
    hidden = name in rule_of(visit).no_enabled
    return {"id": number, "enabled": None if hidden else bool(enabled), "protocol": name, "portNo": at}


def accesses(visit: Visit) -> Reply:
    """GET Security/adminAccesses."""
    content = {"AdminAccessProtocol": [_protocol(visit, name) for name in rule_of(visit).ports]}
    return told(visit, "AdminAccessProtocolList", content)


def _named(visit: Visit, number: str) -> str:
    name = next((name for name in rule_of(visit).ports if str(PORTS[name][0]) == number), "")
    if not name:
        raise Refused("invalidOperation")
    return name


def one_access(visit: Visit, number: str) -> Reply:
    """GET Security/adminAccesses/ID."""
    return told(visit, "AdminAccessProtocol", _protocol(visit, _named(visit, number)))


def set_accesses(visit: Visit) -> Reply:
    """PUT Security/adminAccesses."""
    for sent in xml.each(xml.parsed(visit.incoming.body, "AdminAccessProtocolList"), "AdminAccessProtocol"):
        _keep_access(visit, sent, _named(visit, xml.text(sent, "id")))
    return done(visit)


def set_access(visit: Visit, number: str) -> Reply:
    """PUT Security/adminAccesses/ID."""
    _keep_access(visit, xml.parsed(visit.incoming.body, "AdminAccessProtocol"), _named(visit, number))
    return done(visit)


def _keep_access(visit: Visit, sent: Element, name: str) -> None:
    kept = visit.device.change("network")
    enabled = xml.true(sent, "enabled", default=True)
    port = xml.number(sent, "portNo", least=1, most=65535)
    known = protocols_of(kept, visit.device.personality.ports)
    taken = [at for other, entry in known.items() if other != name and entry["enabled"] for at in entry["ports"]]
    if port in taken:
        raise Refused("badParameters", words="the port is in use")
    if name in known:
        kept["protocols"] = known | {name: {"enabled": enabled, "ports": [port]}}
    else:
        kept["other_ports"] = {**kept.get("other_ports", {}), name: {"enabled": enabled, "port": port}}


# --- ONVIF -------------------------------------------------------------------------------------------


def integrate(visit: Visit) -> Reply:
    """GET System/Network/Integrate: whether ONVIF and the CGI of old are on."""
    on = bool(visit.device.read("vendor").get("onvif", not rule_of(visit).onvif_accounts))
    return told(visit, "Integrate", {"ONVIF": {"enable": on, "certificateType": "digest/WSSE"}})


def set_integrate(visit: Visit) -> Reply:
    """PUT System/Network/Integrate."""
    sent = xml.parsed(visit.incoming.body, "Integrate")
    if xml.find(sent, "ONVIF", "enable") is None:
        raise Refused("badXmlContent", words="ONVIF/enable is expected")
    visit.device.change("vendor")["onvif"] = xml.true(sent, "ONVIF", "enable")
    return done(visit)


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "System/Network/interfaces"): reads(interfaces),
    ("GET", "System/Network/interfaces/capabilities"): reads(capabilities),
    ("GET", "System/Network/interfaces/#"): reads(interface),
    ("PUT", "System/Network/interfaces/#"): writes(set_interface),
    ("GET", "System/Network/interfaces/#/ipAddress"): reads(address),
    ("PUT", "System/Network/interfaces/#/ipAddress"): writes(set_address),
    ("GET", "Security/adminAccesses"): reads(accesses, level=access.ADMINISTRATOR),
    ("PUT", "Security/adminAccesses"): writes(set_accesses),
    ("GET", "Security/adminAccesses/#"): reads(one_access, level=access.ADMINISTRATOR),
    ("PUT", "Security/adminAccesses/#"): writes(set_access),
    ("GET", "System/Network/Integrate"): reads(integrate, level=access.ADMINISTRATOR),
    ("PUT", "System/Network/Integrate"): writes(set_integrate),
}
