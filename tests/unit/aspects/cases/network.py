"""Addresses, routers, DNS."""

from __future__ import annotations

from fleetctl.aspects.network import Network
from fleetctl.model import Outcome
from tests.unit.aspects.cases.kit import Case


def interface(config: str, *, named: str = "eth0", enabled: str = "true") -> str:
    return (
        f'<tds:NetworkInterfaces token="{named}"><tt:Enabled>true</tt:Enabled>'
        "<tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>c0:56:e3:f9:55:68</tt:HwAddress><tt:MTU>0</tt:MTU></tt:Info>"
        f"<tt:IPv4><tt:Enabled>{enabled}</tt:Enabled><tt:Config>{config}</tt:Config></tt:IPv4></tds:NetworkInterfaces>"
    )


def at(name: str, address: str, length: int = 24) -> str:
    return f"<tt:{name}><tt:Address>{address}</tt:Address><tt:PrefixLength>{length}</tt:PrefixLength></tt:{name}>"


def dhcp(told: bool) -> str:
    return f"<tt:DHCP>{str(told).lower()}</tt:DHCP>"


def gateway(*addresses: str, six: str = "") -> str:
    told = "".join(f"<tt:IPv4Address>{a}</tt:IPv4Address>" for a in addresses)
    return f"<tds:NetworkGateway>{told}{f'<tt:IPv6Address>{six}</tt:IPv6Address>' if six else ''}</tds:NetworkGateway>"


def dns(*servers: str, from_dhcp: bool = False, domain: str = "") -> str:
    kind = "DNSFromDHCP" if from_dhcp else "DNSManual"
    return (
        f"<tds:DNSInformation><tt:FromDHCP>{str(from_dhcp).lower()}</tt:FromDHCP>"
        + (f"<tt:SearchDomain>{domain}</tt:SearchDomain>" if domain else "")
        + "".join(
            f"<tt:{kind}><tt:Type>IPv4</tt:Type><tt:IPv4Address>{s}</tt:IPv4Address></tt:{kind}>" for s in servers
        )
        + "</tds:DNSInformation>"
    )


STATIC = {
    "tds:GetNetworkInterfaces": interface(at("Manual", "10.20.1.11") + dhcp(False)),
    "tds:GetNetworkDefaultGateway": gateway("10.20.1.1"),
    "tds:GetDNS": dns("10.0.0.53", domain="hanoi.vn"),
}
LEASED = STATIC | {
    "tds:GetNetworkInterfaces": interface(at("Manual", "192.168.0.90") + at("FromDHCP", "10.20.1.11") + dhcp(True)),
    "tds:GetNetworkDefaultGateway": gateway("0.0.0.0", six="::"),
    "tds:GetDNS": dns("10.0.0.53", from_dhcp=True),
}
ASKED = ("tds:GetNetworkInterfaces", "tds:GetNetworkDefaultGateway", "tds:GetDNS")


def moved(address: str, length: int = 24) -> tuple[str, str]:
    return (
        "tds:SetNetworkInterfaces",
        "<tds:InterfaceToken>eth0</tds:InterfaceToken><tds:NetworkInterface><tt:Enabled>true</tt:Enabled><tt:IPv4>"
        f"<tt:Enabled>true</tt:Enabled><tt:Manual><tt:Address>{address}</tt:Address>"
        f"<tt:PrefixLength>{length}</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:IPv4></tds:NetworkInterface>",
    )


CASES = (
    Case(
        name="an address entered by hand",
        answers=STATIC,
        reads={
            "address": "10.20.1.11",
            "prefix_length": 24,
            "gateway": "10.20.1.1",
            "dns_servers": ("10.0.0.53",),
            "dhcp": False,
        },
        asked=ASKED,
    ),
    Case(
        name="DHCP's address is the one in force, not the one kept for bad days (capture: Axis P3818)",
        answers=LEASED,
        reads={"address": "10.20.1.11", "gateway": "", "dns_servers": (), "dhcp": True},
    ),
    Case(
        name="the interface fleetctl comes by is the one that counts",
        answers=STATIC
        | {
            "tds:GetNetworkInterfaces": interface(at("Manual", "192.168.254.1") + dhcp(False), named="usb0")
            + interface(at("Manual", "10.20.1.11", 16) + dhcp(False))
        },
        reads={"address": "10.20.1.11", "prefix_length": 16},
    ),
    Case(
        name="else the first that is on; what is not told is not guessed",
        answers={
            "tds:GetNetworkInterfaces": interface(dhcp(False), named="a", enabled="false")
            + interface(at("LinkLocal", "169.254.1.1", 16) + dhcp(True), named="b")
        },
        reads={"address": "169.254.1.1", "gateway": Outcome.UNSUPPORTED, "dns_servers": Outcome.UNSUPPORTED},
    ),
    Case(
        name="router and DNS first, the address last, and a restart where the device asks for it",
        answers=STATIC | {"tds:SetNetworkInterfaces": "<tds:RebootNeeded>true</tds:RebootNeeded>"},
        wanted=Network(address="10.20.2.11", gateway="10.20.2.1", dns_servers=("10.0.0.54", "10.0.0.55")),
        gaps=(),
        requests=(
            (
                "tds:SetDNS",
                "<tds:FromDHCP>false</tds:FromDHCP><tds:SearchDomain>hanoi.vn</tds:SearchDomain>"
                "<tds:DNSManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.54</tt:IPv4Address></tds:DNSManual>"
                "<tds:DNSManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.55</tt:IPv4Address></tds:DNSManual>",
            ),
            ("tds:SetNetworkDefaultGateway", "<tds:IPv4Address>10.20.2.1</tds:IPv4Address>"),
            moved("10.20.2.11"),
            ("tds:SystemReboot", ""),
        ),
    ),
    Case(
        name="DHCP off keeps the address the device has",
        answers=LEASED | {"tds:SetNetworkInterfaces": "<tds:RebootNeeded>false</tds:RebootNeeded>"},
        wanted=Network(dhcp=False),
        gaps=(),
        requests=(moved("10.20.1.11"),),
    ),
    Case(
        name="a longer prefix alone keeps the address",
        answers=STATIC,
        wanted=Network(prefix_length=25),
        requests=(moved("10.20.1.11", 25),),
    ),
    Case(
        name="no router, no DNS server",
        answers=STATIC | {"tds:GetNetworkDefaultGateway": gateway("10.20.1.1", six="fe80::1")},
        wanted=Network(gateway="", dns_servers=()),
        requests=(
            ("tds:SetDNS", "<tds:FromDHCP>false</tds:FromDHCP><tds:SearchDomain>hanoi.vn</tds:SearchDomain>"),
            ("tds:SetNetworkDefaultGateway", "<tds:IPv6Address>fe80::1</tds:IPv6Address>"),
        ),
    ),
    Case(
        name="going back to DHCP, as an undone move does",
        answers=STATIC,
        wanted=Network(dhcp=True, address="10.20.1.11"),
        gaps=(("dhcp", "", ""),),
        requests=(
            (
                "tds:SetNetworkInterfaces",
                "<tds:InterfaceToken>eth0</tds:InterfaceToken><tds:NetworkInterface><tt:Enabled>true</tt:Enabled>"
                "<tt:IPv4><tt:Enabled>true</tt:Enabled><tt:DHCP>true</tt:DHCP></tt:IPv4></tds:NetworkInterface>",
            ),
        ),
    ),
    Case(
        name="a router outside the network would cut the device off",
        answers=STATIC,
        wanted=Network(address="10.20.9.11"),
        gaps=(("address", "", ""),),
    ),
)
