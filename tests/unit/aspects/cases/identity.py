"""Names and places; scopes and host names as devices tell them."""

from __future__ import annotations

from fleetctl.aspects.identity import Identity
from fleetctl.model import Outcome
from tests.unit.aspects.cases.kit import Case

WHO = (
    "<tds:Manufacturer>AXIS</tds:Manufacturer><tds:Model>P3818-PVE</tds:Model>"
    "<tds:FirmwareVersion>11.9.60</tds:FirmwareVersion><tds:SerialNumber>B8A44FA04F26</tds:SerialNumber>"
    "<tds:HardwareId>7DB</tds:HardwareId>"
)


def scopes(*items: tuple[str, str]) -> str:
    return "".join(
        f"<tds:Scopes><tt:ScopeDef>{kind}</tt:ScopeDef><tt:ScopeItem>{item}</tt:ScopeItem></tds:Scopes>"
        for kind, item in items
    )


def hostname(name: str, *, from_dhcp: bool = False) -> str:
    return (
        f"<tds:HostnameInformation><tt:FromDHCP>{str(from_dhcp).lower()}</tt:FromDHCP>"
        f"<tt:Name>{name}</tt:Name></tds:HostnameInformation>"
    )


FREE = {
    "tds:GetScopes": scopes(
        ("Fixed", "onvif://www.onvif.org/Profile/Streaming"),
        ("Configurable", "onvif://www.onvif.org/name/IP%20CAMERA"),
        ("Configurable", "onvif://www.onvif.org/location/H%C3%A0%20N%E1%BB%99i"),
        ("Configurable", "odm:name:Camera1"),
    ),
    "tds:GetHostname": hostname("cam"),
}

CASES = (
    Case(
        name="names are decoded, Vietnamese letters included",
        answers=FREE | {"tds:GetDeviceInformation": WHO, "tds:GetNetworkInterfaces": ""},
        reads={
            "name": "IP CAMERA",
            "location": "Hà Nội",
            "hostname": "cam",
            "manufacturer": "AXIS",
            "model": "P3818-PVE",
            "firmware": "11.9.60",
            "serial_number": "B8A44FA04F26",
            "hardware_id": "7DB",
        },
    ),
    Case(
        name="letters that a device tells decomposed are composed",
        answers={"tds:GetScopes": scopes(("Configurable", "onvif://www.onvif.org/location/Ha%CC%80"))},
        reads={"location": "Hà", "name": "", "hostname": Outcome.UNSUPPORTED},
    ),
    Case(
        name="a configurable name goes before the maker's (capture: Reolink E1 Zoom has two fixed names)",
        answers={
            "tds:GetScopes": scopes(
                ("Fixed", "onvif://www.onvif.org/location/country/china"),
                ("Fixed", "onvif://www.onvif.org/name/IPC-BO"),
                ("Fixed", "onvif://www.onvif.org/name/IPC"),
            ),
            "tds:GetHostname": hostname("reolink"),
        },
        reads={"name": "IPC-BO", "location": "country/china"},
        wanted=Identity(name="Quầy 1", location="Việt Hưng"),
        gaps=(("name", "", "IPC-BO"), ("location", "", "country/china")),
    ),
    Case(
        name="an empty name is empty, not missing (capture: Bosch AUTODOME)",
        answers={"tds:GetHostname": hostname(""), "tds:GetScopes": ""},
        reads={"hostname": "", "name": "", "location": ""},
    ),
    Case(
        name="all changeable scopes are sent, since SetScopes replaces them",
        answers=FREE,
        wanted=Identity(location="Phường Việt Hưng"),
        gaps=(),
        requests=(
            (
                "tds:SetScopes",
                "<tds:Scopes>onvif://www.onvif.org/name/IP%20CAMERA</tds:Scopes>"
                "<tds:Scopes>odm:name:Camera1</tds:Scopes>"
                "<tds:Scopes>onvif://www.onvif.org/location/Ph%C6%B0%E1%BB%9Dng%20Vi%E1%BB%87t%20H%C6%B0ng</tds:Scopes>",
            ),
        ),
    ),
    Case(
        name="name and place in one request, slashes encoded",
        answers=FREE,
        wanted=Identity(name="Quầy 1/2", location="A&B"),
        requests=(
            (
                "tds:SetScopes",
                "<tds:Scopes>odm:name:Camera1</tds:Scopes>"
                "<tds:Scopes>onvif://www.onvif.org/name/Qu%E1%BA%A7y%201%2F2</tds:Scopes>"
                "<tds:Scopes>onvif://www.onvif.org/location/A%26B</tds:Scopes>",
            ),
        ),
    ),
    Case(
        name="a host name is taken from DHCP no more before it is set (capture: Axis P3818)",
        answers={"tds:GetHostname": hostname("axis-b8a44fa04f26", from_dhcp=True)},
        reads={"hostname": "axis-b8a44fa04f26"},
        wanted=Identity(hostname="viet-hung-cam-01"),
        requests=(
            ("tds:SetHostnameFromDHCP", "<tds:FromDHCP>false</tds:FromDHCP>"),
            ("tds:SetHostname", "<tds:Name>viet-hung-cam-01</tds:Name>"),
        ),
    ),
)
