"""Identity: what a device calls itself, where it says it stands, and what it is."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from fleetctl.errors import Rejected, Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Secrets, Unset, setting
from fleetctl.protocols.onvif_parts import Onvif, tried
from fleetctl.protocols.xml import boolean, child, children, tag, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The names a device bears, and what its maker gave it."""

    name: str | Unset = setting(
        "name the device announces (ONVIF scope `name`); any letters",
        pattern=r"[^\x00-\x1f]{0,128}",
        source="ONVIF Core 26.06, SetScopes",
    )
    location: str | Unset = setting(
        "place the device announces (ONVIF scope `location`); any letters",
        pattern=r"[^\x00-\x1f]{0,128}",
        source="ONVIF Core 26.06, SetScopes",
    )
    hostname: str | Unset = setting(
        "host name on the network: letters, digits, hyphens",
        pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
        source="ONVIF Core 26.06, SetHostname; RFC 1123",
    )
    manufacturer: str | Unset = setting("maker", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    model: str | Unset = setting("model", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    firmware: str | Unset = setting(
        "firmware version; written by `firmware roll` only",
        observed=True,
        source="ONVIF Core 26.06, GetDeviceInformation",
    )
    serial_number: str | Unset = setting(
        "serial number", observed=True, source="ONVIF Core 26.06, GetDeviceInformation"
    )
    mac_address: str | Unset = setting(
        "hardware address of the first network interface, lower case with colons",
        observed=True,
        source="ONVIF Core 26.06, GetNetworkInterfaces",
    )
    hardware_id: str | Unset = setting(
        "the maker's hardware identifier", observed=True, source="ONVIF Core 26.06, GetDeviceInformation"
    )

    def __post_init__(self) -> None:
        """Compose letters with their marks, so that the same Vietnamese text is the same value."""
        for name in ("name", "location"):
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, unicodedata.normalize("NFC", value))


ASPECT = Aspect(
    name="identity",
    type=Identity,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.NONE,
    doc="Name, place and host name; maker, model, firmware and serial number are observed",
)

# --- ONVIF ----------------------------------------------------------------------------------------

_SCOPE: Final = "onvif://www.onvif.org/"


def read(session: Onvif) -> Identity:
    """Read names, place and what the maker gave; scopes and host name may each be untold."""
    told = session.identity()
    return Identity(
        name=tried(_scope, session, "name"),
        location=tried(_scope, session, "location"),
        hostname=tried(_hostname, session),
        manufacturer=told.manufacturer,
        model=told.model,
        firmware=told.firmware,
        serial_number=told.serial_number,
        mac_address=told.mac_address,
        hardware_id=told.hardware_id,
    )


def _hostname(session: Onvif) -> str:
    return text(session.read("tds", "GetHostname"), "HostnameInformation/Name")


def _scopes(session: Onvif) -> Iterator[tuple[str, bool]]:
    """Yield each scope as the device wrote it, and whether it may be changed."""
    for scope in children(session.read("tds", "GetScopes"), "Scopes"):
        yield text(scope, "ScopeItem"), text(scope, "ScopeDef").lower() == "configurable"


def _scope(session: Onvif, category: str) -> str:
    """Return what follows `onvif://www.onvif.org/<category>/`: the configurable one, else the maker's first."""
    start = f"{_SCOPE}{category}/"
    found = [(not free, item) for item, free in _scopes(session) if item.startswith(start)]
    if not found:
        return ""
    item = min(found, key=lambda pair: pair[0])[1]
    return unicodedata.normalize("NFC", unquote(item.removeprefix(start)))


def limits(session: Onvif, wanted: Identity) -> tuple[Gap, ...]:
    """Tell the name or place that the maker fixed."""
    gaps = []
    for field in ("name", "location"):
        if getattr(wanted, field) is UNSET:
            continue
        mine = [free for item, free in _scopes(session) if item.startswith(f"{_SCOPE}{field}/")]
        if mine and not any(mine):
            gaps.append(Gap(field=field, reason="the maker fixed it", nearest=_scope(session, field)))
    return tuple(gaps)


def write(session: Onvif, wanted: Identity, _secrets: Secrets) -> None:
    """Write the host name, then the scopes: all changeable ones at once, since SetScopes replaces them."""
    if not isinstance(wanted.hostname, Unset):
        _write_hostname(session, wanted.hostname)
    mine = {
        f"{_SCOPE}{field}/": f"{_SCOPE}{field}/{quote(value, safe='')}"
        for field, value in (("name", wanted.name), ("location", wanted.location))
        if not isinstance(value, Unset)
    }
    if not mine:
        return
    kept = [item for item, free in _scopes(session) if free and not item.startswith(tuple(mine))]
    items = [*kept, *mine.values()]
    session.write("tds", "SetScopes", "".join(tag("tds:Scopes", words(item)) for item in items))


def _write_hostname(session: Onvif, hostname: str) -> None:
    told = child(session.read("tds", "GetHostname"), "HostnameInformation")
    if boolean(told, "FromDHCP"):
        with contextlib.suppress(Rejected, Unsupported):  # optional; the name is what counts, and it is read back
            session.write("tds", "SetHostnameFromDHCP", tag("tds:FromDHCP", "false"))
    session.write("tds", "SetHostname", tag("tds:Name", words(hostname)))


CELLS = (Cell(aspect="identity", protocol="onvif", read=read, write=write, limits=limits),)
