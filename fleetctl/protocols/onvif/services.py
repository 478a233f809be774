"""Where a device keeps its services: paths only. Host, port and scheme always come from the inventory."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fleetctl.protocols.http import safe_path
from fleetctl.protocols.xml import PREFIXES, Element, child, children, local, text

_BY_NAMESPACE: Final = {namespace.lower(): prefix for prefix, namespace in PREFIXES.items()}
# Element of GetCapabilities -> prefix. Media2 is not among them: old devices that need this do not have it.
_CAPABILITIES: Final = {
    "Device": "tds", "Media": "trt", "Imaging": "timg", "Events": "tev", "Analytics": "tan", "PTZ": "tptz",
    "DeviceIO": "tmd", "Recording": "trc", "Receiver": "trv", "Search": "tse", "Replay": "trp",
}  # fmt: skip
_NAMES: Final = {
    "trt": "media", "tr2": "media2", "timg": "imaging", "tev": "event", "tan": "analytics", "tptz": "ptz",
    "tmd": "deviceIO", "trc": "recording", "trv": "receiver", "tse": "search", "trp": "replay",
    "tas": "advancedsecurity",
}  # fmt: skip


def path_of(xaddr: str) -> str:
    """Return path and query of an address the device gave, "" where there is none; the host is dropped.

    Devices behind NAT give addresses of other subnets; following one would leave the site (field facts, quirk 8).
    """
    try:
        parts = urlsplit(xaddr.strip())
    except ValueError:
        return ""
    if not parts.path.strip("/") and not parts.query:
        return ""
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def from_services(answer: Element) -> dict[str, str]:
    """Return prefix -> path from a GetServicesResponse."""
    found: dict[str, str] = {}
    for service in children(answer, "Service"):
        prefix = _BY_NAMESPACE.get(text(service, "Namespace").lower().rstrip("/"), "")
        if prefix and (path := path_of(text(service, "XAddr"))):
            found.setdefault(prefix, path)
    return found


def from_capabilities(answer: Element) -> dict[str, str]:
    """Return prefix -> path from a GetCapabilitiesResponse."""
    found: dict[str, str] = {}
    capabilities = child(answer, "Capabilities")
    for group in (capabilities, child(capabilities, "Extension") if capabilities is not None else None):
        for element in children(group):
            prefix = _CAPABILITIES.get(local(element), "")
            if prefix and (path := path_of(text(element, "XAddr"))):
                found.setdefault(prefix, path)
    return found


def guessed(service: str, device_path: str) -> tuple[str, ...]:
    """Return the paths to try for a service of a device that tells none; the commonest first."""
    name = _NAMES.get(service, "")
    if not name:
        return ()
    return tuple(dict.fromkeys((f"/onvif/{name}_service", f"/onvif/{name}", device_path, f"/onvif/{name.title()}")))
