"""Where a device keeps its services: paths only. Host, port and scheme always come from the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.protocols.http import safe_path
from fleetctl.protocols.onvif.wire import Wire
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

_ABSENT: Final = "-"  # guessed at, and not found


def path_of(xaddr: str) -> str:
    """Return path and query of an address the device gave, "" where there is none; the host is dropped.

    Devices behind NAT give addresses of other subnets; following one would leave the site (field facts, quirk 8).
    """
    try:
        parts = urlsplit(xaddr.strip())
    except ValueError:
        return ""
    if not (parts.path or parts.query or parts.netloc):
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


class Services:
    """The paths of one device: from an earlier session, from GetServices, from GetCapabilities, or guessed."""

    def __init__(self, wire: Wire, device_path: str, facts: Mapping[str, str]) -> None:
        self._wire, self._device_path = wire, device_path
        self._how = facts.get("services", "")  # "" while nobody asked
        self._remembered = bool(self._how)
        self._paths = {k.removeprefix("path."): v for k, v in facts.items() if k.startswith("path.")}

    def facts(self) -> dict[str, str]:
        """Return what the next session may start from."""
        return {"services": self._how} | {f"path.{prefix}": path for prefix, path in sorted(self._paths.items())}

    def forget(self) -> None:
        """Drop what is remembered; the device is asked when a path is needed next."""
        self._how, self._remembered, self._paths = "", False, {}

    def path(self, service: str) -> tuple[str, bool]:
        """Return the path of a service ("" where the device has none), and whether it is from an earlier session."""
        if service == "tds":
            return self._device_path, False
        if not self._how:
            self._learn()
        if self._how == "guessed" and service not in self._paths:
            self._paths[service] = self._guess(service)
        return self._paths.get(service, "").replace(_ABSENT, ""), self._remembered

    def path_anew(self, service: str) -> str:
        """Ask the device again and return the path of a service."""
        self.forget()
        return self.path(service)[0]

    def _learn(self) -> None:
        ways = (
            ("GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>", from_services),
            ("GetCapabilities", "<tds:Category>All</tds:Category>", from_capabilities),
        )
        self._how, self._paths = "guessed", {}
        for operation, body, read in ways:
            try:
                found = read(self._wire.call("tds", self._device_path, operation, body))
            except (Unsupported, Rejected, BadAnswer):
                continue
            if found:
                self._how, self._paths = operation, found
                return

    def _guess(self, service: str) -> str:
        for path in guessed(service, self._device_path):
            answer = self._wire.post(service, path, "GetServiceCapabilities", "")
            if answer.element is not None or answer.unauthorised:
                return path
        return _ABSENT
