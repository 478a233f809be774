"""Device management: host name, DNS, NTP, interfaces, gateway, protocols, zero configuration.

Source: devicemgmt.wsdl 26.06; ONVIF Core 26.06 section 8.3. Interfaces as told by HIKVISION DS-2CD2012-I V5.2.0.
"""

from __future__ import annotations

import ipaddress
import re
import time
from typing import Any

from fleetctl.lab.services import After, Call, Operations
from fleetctl.lab.soap import SERVICES, Element, SoapFault, each, text, true, words

_TDS = "{" + SERVICES["tds"] + "}"
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


def _own(call: Call, name: str) -> list[Element]:
    return call.request.element.findall(_TDS + name)


def _word(call: Call, name: str) -> str:
    return (call.request.element.findtext(_TDS + name) or "").strip()


def get_hostname(call: Call) -> str:
    """GetHostname."""
    told = call.device.read("network")
    return (
        f"<tds:HostnameInformation><tt:FromDHCP>{words(bool(told.get('hostname_dhcp')))}</tt:FromDHCP>"
        f"<tt:Name>{words(call.device.hostname())}</tt:Name></tds:HostnameInformation>"
    )


def set_hostname(call: Call) -> str:
    """SetHostname: letters, digits and hyphens (RFC 1123), else ter:InvalidHostname."""
    name = _word(call, "Name")
    if len(name) > 63 or (name and not _HOST.fullmatch(name)):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidHostname", reason="Invalid hostname")
    network = call.device.change("network")
    network["hostname"], network["hostname_dhcp"] = name, False
    return ""


def set_hostname_dhcp(call: Call) -> str:
    """SetHostnameFromDHCP."""
    call.device.change("network")["hostname_dhcp"] = true(_word(call, "FromDHCP"))
    return "<tds:RebootNeeded>false</tds:RebootNeeded>"


def _host(name: str, host: str) -> str:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return f"<tt:{name}><tt:Type>DNS</tt:Type><tt:DNSname>{words(host)}</tt:DNSname></tt:{name}>"
    return (
        f"<tt:{name}><tt:Type>IPv{version}</tt:Type><tt:IPv{version}Address>{host}</tt:IPv{version}Address></tt:{name}>"
    )


def _told_host(element: Element, bad: str) -> str:
    kind = text(element, "Type")
    host = text(element, {"IPv4": "IPv4Address", "IPv6": "IPv6Address", "DNS": "DNSname"}[kind])
    if not host or (kind == "DNS" and not _HOST.fullmatch(host)):
        raise SoapFault("ter:InvalidArgVal", bad, reason=f"Invalid address {host!r}")
    return host


def get_dns(call: Call) -> str:
    """GetDNS."""
    told = call.device.read("network")
    dhcp = bool(told.get("dns_dhcp"))
    domains = each("tt:SearchDomain", told.get("search", ()))
    from_dhcp = "".join(_host("DNSFromDHCP", item) for item in told.get("dns_from_dhcp", ())) if dhcp else ""
    manual = "" if dhcp else "".join(_host("DNSManual", item) for item in told.get("dns", ()))
    return (
        f"<tds:DNSInformation><tt:FromDHCP>{words(dhcp)}</tt:FromDHCP>{domains}{from_dhcp}{manual}</tds:DNSInformation>"
    )


def set_dns(call: Call) -> str:
    """SetDNS."""
    network = call.device.change("network")
    network["dns_dhcp"] = true(_word(call, "FromDHCP"))
    network["search"] = [(item.text or "").strip() for item in _own(call, "SearchDomain")]
    network["dns"] = [_told_host(item, "ter:InvalidIPv4Address") for item in _own(call, "DNSManual")]
    return ""


def get_ntp(call: Call) -> str:
    """GetNTP."""
    told = call.device.read("time")
    dhcp = bool(told.get("ntp_from_dhcp"))
    hosts = told.get("ntp_dhcp", ()) if dhcp else told.get("ntp", ())
    name = "NTPFromDHCP" if dhcp else "NTPManual"
    return (
        f"<tds:NTPInformation><tt:FromDHCP>{words(dhcp)}</tt:FromDHCP>"
        f"{''.join(_host(name, host) for host in hosts)}</tds:NTPInformation>"
    )


def set_ntp(call: Call) -> str:
    """SetNTP does not change DateTimeType; emptying the servers in NTP mode is refused (Core 26.06)."""
    told = call.device.change("time")
    dhcp = true(_word(call, "FromDHCP"))
    hosts = [_told_host(item, "ter:InvalidDnsName") for item in _own(call, "NTPManual")]
    most = int(call.device.personality.capabilities.get("ntp", 1))
    if not dhcp and not hosts and told["type"] == "NTP":
        raise SoapFault("ter:InvalidArgVal", "ter:TimeSyncedToNtp", reason="The time is synchronised with NTP")
    if len(hosts) > most and not call.device.personality.clamps:
        raise SoapFault("ter:InvalidArgVal", "ter:TooManyNtpServers", reason=f"At most {most} NTP servers")
    if hosts != told.get("ntp"):
        told["since"] = time.time()
    told["ntp_from_dhcp"], told["ntp"] = dhcp, hosts[:most]
    return ""


def interfaces(call: Call) -> str:
    """GetNetworkInterfaces."""
    told = call.device.read("network")
    address, prefix, dhcp = told["address"], told["prefix"], bool(told.get("dhcp"))
    kind = "FromDHCP" if dhcp else "Manual"
    token = told.get("interface", "eth0")
    link = "<tt:AutoNegotiation>true</tt:AutoNegotiation><tt:Speed>100</tt:Speed><tt:Duplex>Full</tt:Duplex>"
    mac = call.device.mac_address
    if told.get("mac_style") == "dashes":
        mac = mac.replace(":", "-")
    elif told.get("mac_style") == "upper":
        mac = mac.upper()
    return (
        f'<tds:NetworkInterfaces token="{token}"><tt:Enabled>true</tt:Enabled>'
        f"<tt:Info><tt:Name>{token}</tt:Name><tt:HwAddress>{mac}</tt:HwAddress><tt:MTU>{told.get('mtu', 1500)}</tt:MTU>"
        f"</tt:Info><tt:Link><tt:AdminSettings>{link}</tt:AdminSettings><tt:OperSettings>{link}</tt:OperSettings>"
        f"<tt:InterfaceType>6</tt:InterfaceType></tt:Link><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config>"
        f"<tt:{kind}><tt:Address>{address}</tt:Address><tt:PrefixLength>{prefix}</tt:PrefixLength></tt:{kind}>"
        f"<tt:DHCP>{words(dhcp)}</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces>"
    )


def set_interfaces(call: Call) -> str:
    """SetNetworkInterfaces: the answer comes from the old address, then the device moves."""
    network = call.device.change("network")
    if _word(call, "InterfaceToken") != network.get("interface", "eth0"):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidNetworkInterface", reason="No such interface")
    told = _own(call, "NetworkInterface")[0]
    if (mtu := text(told, "MTU")) and not 576 <= int(mtu) <= 1530:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidMtuValue", reason="The MTU is not possible")
    network["mtu"] = int(mtu or network.get("mtu", 1500))
    if dhcp := text(told, "IPv4", "DHCP"):
        network["dhcp"] = true(dhcp)
    if address := text(told, "IPv4", "Manual", "Address"):
        network["address"], network["prefix"] = _checked(address, text(told, "IPv4", "Manual", "PrefixLength"))
    call.after = After(moved=True)
    return "<tds:RebootNeeded>false</tds:RebootNeeded>"


def _checked(address: str, prefix: str) -> tuple[str, int]:
    try:
        interface = ipaddress.IPv4Interface(f"{address}/{prefix}")
    except ValueError:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidIPv4Address", reason="Invalid IPv4 address") from None
    if interface.ip.is_unspecified or interface.ip.is_multicast:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidIPv4Address", reason="Invalid IPv4 address")
    return str(interface.ip), interface.network.prefixlen


def get_gateway(call: Call) -> str:
    """GetNetworkDefaultGateway."""
    gateways = each("tt:IPv4Address", call.device.read("network").get("gateways", ()))
    return f"<tds:NetworkGateway>{gateways}</tds:NetworkGateway>"


def set_gateway(call: Call) -> str:
    """SetNetworkDefaultGateway."""
    gateways = [(item.text or "").strip() for item in _own(call, "IPv4Address")]
    if any(ipaddress.ip_address(item).is_unspecified for item in gateways):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidGatewayAddress", reason="Invalid gateway address")
    call.device.change("network")["gateways"] = gateways
    return ""


def protocols_of(network: Any, ports: Any) -> dict[str, dict[str, Any]]:
    """Return protocol -> {enabled, ports}: the factory's where nothing was set."""
    told = network.get("protocols", {})
    return {name: told.get(name, {"enabled": name != "HTTPS", "ports": [port]}) for name, port in ports.items()}


def get_protocols(call: Call) -> str:
    """GetNetworkProtocols."""
    found = protocols_of(call.device.read("network"), call.device.personality.ports)
    return "".join(
        f"<tds:NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{words(bool(told['enabled']))}</tt:Enabled>"
        f"{each('tt:Port', told['ports'])}</tds:NetworkProtocols>"
        for name, told in found.items()
    )


def set_protocols(call: Call) -> str:
    """SetNetworkProtocols: those named are set, the others stay; one port for two is refused."""
    network = call.device.change("network")
    found = protocols_of(network, call.device.personality.ports)
    for told in _own(call, "NetworkProtocols"):
        name = text(told, "Name")
        if name not in found:
            raise SoapFault("ter:InvalidArgVal", "ter:ServiceNotSupported", reason=f"{name} is not supported")
        ports = [int(item.text or 0) for item in told if item.tag.endswith("}Port")]
        if any(not 0 < port < 65536 for port in ports):
            raise SoapFault("ter:InvalidArgVal", "ter:InvalidPort", reason="Invalid port")
        found[name] = {"enabled": true(text(told, "Enabled")), "ports": ports}
    taken = [port for told in found.values() if told["enabled"] for port in told["ports"]]
    if len(set(taken)) != len(taken):
        raise SoapFault("ter:InvalidArgVal", "ter:PortAlreadyInUse", reason="The port is already in use")
    network["protocols"] = found
    return ""


def get_zero(call: Call) -> str:
    """GetZeroConfiguration."""
    told = call.device.read("network")
    on = bool(told.get("zeroconf", False))
    address = "<tt:Addresses>169.254.210.159</tt:Addresses>" if on else ""
    return (
        f"<tds:ZeroConfiguration><tt:InterfaceToken>{told.get('interface', 'eth0')}</tt:InterfaceToken>"
        f"<tt:Enabled>{words(on)}</tt:Enabled>{address}</tds:ZeroConfiguration>"
    )


def set_zero(call: Call) -> str:
    """SetZeroConfiguration."""
    network = call.device.change("network")
    if _word(call, "InterfaceToken") != network.get("interface", "eth0"):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidNetworkInterface", reason="No such interface")
    network["zeroconf"] = true(_word(call, "Enabled"))
    return ""


def get_filter(_call: Call) -> str:
    """GetIPAddressFilter."""
    return "<tds:IPAddressFilter><tt:Type>Deny</tt:Type></tds:IPAddressFilter>"


OPERATIONS: Operations = {
    "GetHostname": get_hostname,
    "SetHostname": set_hostname,
    "SetHostnameFromDHCP": set_hostname_dhcp,
    "GetDNS": get_dns,
    "SetDNS": set_dns,
    "GetNTP": get_ntp,
    "SetNTP": set_ntp,
    "GetNetworkInterfaces": interfaces,
    "SetNetworkInterfaces": set_interfaces,
    "GetNetworkDefaultGateway": get_gateway,
    "SetNetworkDefaultGateway": set_gateway,
    "GetNetworkProtocols": get_protocols,
    "SetNetworkProtocols": set_protocols,
    "GetZeroConfiguration": get_zero,
    "SetZeroConfiguration": set_zero,
    "GetIPAddressFilter": get_filter,
}
