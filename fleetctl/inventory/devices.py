"""Makes devices of hosts: which site and area they are in, how they are reached; tells what is missing or twice."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from jinja2.utils import missing

from fleetctl.errors import Fault
from fleetctl.inventory.hostvars import Board, HostValues
from fleetctl.inventory.markers import first_marker
from fleetctl.inventory.scalars import quoted
from fleetctl.inventory.tree import Host, Tree
from fleetctl.inventory.values import Var
from fleetctl.inventory.variables import BY_NAME, LOGINS, Form, Known
from fleetctl.model import Device, Endpoint, Kind, Place
from fleetctl.protocols.ssh.names import canonical

_WORDS: Final = ("vendor", "model", "platform", "desk", "serial_number", "behind", "switch", "switch_port")
_NOT_THE_DEVICES: Final = (
    *LOGINS,
    "factory_password",
    "factory_enable",
    *(known.name for known in BY_NAME.values() if known.form is Form.ANY),
)
_KINDS: Final = tuple(kind.value for kind in Kind)
_MAC: Final = re.compile(r"[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}", re.IGNORECASE)
_FINGERPRINT: Final = re.compile(r"(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?")
_VIA: Final = re.compile(r"(?:[^@\s:/]+@)?[^@\s:/]+(?::[0-9]{1,5})?")


_FORMS: Final[dict[Form, type[Any]]] = {Form.TEXT: str, Form.NUMBER: int, Form.FLAG: bool}


@dataclass(frozen=True, slots=True)
class Home:
    """Where a host belongs: its site and area, and where it is listed."""

    site: str
    area: str
    place: Place


def home_of(tree: Tree, host: Host) -> Home:
    """Return the site (the group whose `hosts:` lists the host with its variables) and the group above it."""
    homes = {group: told for group, told in host.homes.items() if group not in ("all", "ungrouped")}
    full = [group for group, told in homes.items() if told[3]] or list(homes)
    site = next((group for group in full if not tree.groups[group].children), full[0] if full else "")
    told = homes.get(site) or next(iter(host.homes.values()), (0, 1, 1, False))
    place = Place(file=tree.files[told[0]] if tree.files else host.source, line=told[1], column=told[2])
    areas = areas_of(tree, site) if site else []
    return Home(site, areas[0] if areas else "", place)


def areas_of(tree: Tree, site: str) -> list[str]:
    """Return the groups a site is directly in, without `all` and groups that the constructed plug-in fills."""
    return [name for name in tree.groups[site].parents if name != "all" and not tree.groups[name].constructed]


class Maker:
    """Makes the device of one host; `faults` grows."""

    def __init__(self, board: Board, root: Path, faults: list[Fault]) -> None:
        self._tree = board.tree
        self._board = board
        self._root = root
        self._faults = faults

    def device(self, view: HostValues) -> Device | None:
        """Return the device, None for a host without a kind or with one that means nothing."""
        host = view.host
        told = dict(self._told(view))
        kind_told = told.get("kind")
        if kind_told is None:
            return None
        if kind_told not in _KINDS:
            near = difflib.get_close_matches(str(kind_told), _KINDS, 1)
            mend = f"did you mean {near[0]}?" if near else f"write one of {', '.join(_KINDS)}"
            self._fault(view, "kind", f"{host.name} cannot be of the kind {kind_told!r}", mend)
            return None
        home = home_of(self._tree, host)
        endpoint = self._endpoint(told)
        var = view.vars.get("ansible_host")
        if not told.get("behind") and (var is None or var.value in (None, "")):
            mend = "say at which address it is reached: ansible_host: 10.20.1.11"
            self._faults.append(_at(home.place, f"{host.name} has no ansible_host", mend))
        words = {name: told.get(name, "") for name in _WORDS}
        return Device(
            name=host.name,
            kind=Kind(kind_told),
            site=home.site,
            area=home.area,
            mac_address=mac_of(told.get("mac_address", "")),
            endpoint=endpoint,
            user=told.get("ansible_user", ""),
            channel=told.get("channel", 0),
            audit_only=told.get("audit_only", False),
            uplink=told.get("uplink", "") or home.site,
            groups=tuple(sorted(self._tree.groups_of(host) - {"all"})),
            place=home.place,
            **words,
        )

    def _endpoint(self, told: Mapping[str, Any]) -> Endpoint:
        scheme: Literal["http", "https"] = "https" if told.get("onvif_scheme") == "https" else "http"
        ca_file = str(told.get("tls_ca_file", ""))
        return Endpoint(
            address=str(told.get("ansible_host", "")),
            port=told.get("onvif_port", 443 if scheme == "https" else 80),
            scheme=scheme,
            path=told.get("onvif_path", "/onvif/device_service"),
            tls_ca_file=str(self._root / ca_file) if ca_file else "",
            tls_fingerprint=str(told.get("tls_fingerprint", "")).replace(":", "").lower(),
            rtsp_port=told.get("rtsp_port", 554),
            ssh_port=told.get("ansible_port", 22),
            ssh_key_file=str(told.get("ansible_ssh_private_key_file", "")),
            via=told.get("site_via", ""),
            timeout_s=float(told.get("reply_timeout_s", 10)),
        )

    def _told(self, view: HostValues) -> Iterator[tuple[str, Any]]:
        """Yield the variables that are set and good; the others become faults."""
        for name, known in BY_NAME.items():
            var = view.vars.get(name)
            if var is None or name in _NOT_THE_DEVICES:
                continue
            value = view.scope.get(name) if var.templated else var.value
            if value is missing or first_marker(value) is not None:
                continue  # told by the check of templates
            reason, mend = wrong(known, var, value)
            if reason:
                self._fault(view, name, reason, mend)
            elif value is not None and value != "":
                yield name, _FORMS[known.form](value)

    def _fault(self, view: HostValues, name: str, reason: str, mend: str) -> None:
        self._faults.append(at_var(self._tree, view.vars[name], reason, mend))


def wrong(known: Known, var: Var, value: Any) -> tuple[str, str]:
    """Return what is wrong with the value of a connection variable, and how to mend it; empty if nothing is."""
    if known.form is Form.FLAG:
        good = isinstance(value, bool) or value is None
        return ("", "") if good else (f"{known.name} is {value!r}, not true or false", "write true or false")
    if known.form is Form.NUMBER:
        return _wrong_number(known, var, value)
    if isinstance(value, bool | float) or (var.word and not isinstance(value, str) and value is not None):
        word = var.word or str(value)
        reason = f"YAML 1.1 reads `{word}` as {_meaning(value)}, but {known.name} is a text"
        return reason, f"put it in quotes: {quoted(word)}"
    if not isinstance(value, str | int | None):
        return f"{known.name} is a text, not a list or mapping", "write one word or line"
    return wrong_text(known.name, str(value)) if value not in (None, "") else ("", "")


def _wrong_number(known: Known, var: Var, value: Any) -> tuple[str, str]:
    mend = f"write a whole number from {known.minimum} to {known.maximum}"
    if value is None:
        return "", ""
    if var.word and not isinstance(value, str):
        return f"YAML 1.1 reads `{var.word}` as {_meaning(value)}; {known.name} is a whole number", mend
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return f"{known.name} is {value!r}, not a whole number", mend
    if not known.minimum <= value <= known.maximum:
        return f"{known.name} is {value}, not between {known.minimum} and {known.maximum}", mend
    return "", ""


def wrong_text(name: str, value: str) -> tuple[str, str]:
    """Return what is wrong with the text of a connection variable, and how to mend it; empty if nothing is."""
    match name:
        case "ansible_host" if not _is_address(value):
            return f"`{value}` is neither an address nor a name of a host", "write it as 10.20.1.11"
        case "mac_address" if not _MAC.fullmatch(value):
            return f"`{value}` is no MAC address", 'write it as "00:11:22:aa:bb:cc"'
        case "tls_fingerprint" if not _FINGERPRINT.fullmatch(value):
            return f"`{value}` is no SHA-256 fingerprint", "write 64 hexadecimal digits"
        case "onvif_scheme" if value not in ("http", "https"):
            return f"onvif_scheme is {value!r}", "write http or https"
        case "onvif_path" if not value.startswith("/"):
            return f"onvif_path is {value!r}", "begin it with /"
        case "site_via" if not _VIA.fullmatch(value):
            return f"site_via is {value!r}", "write user@relay or user@relay:port"
    return "", ""


def _is_address(value: str) -> bool:
    if ":" in value or re.fullmatch(r"[0-9.]+", value):
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return False
        return True
    return _ADDRESS.fullmatch(value) is not None


def mac_of(value: str) -> str:
    """Return a MAC address as fleetctl writes it, "" for what is none."""
    digits = re.sub("[^0-9a-f]", "", value.lower())
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else ""


def _meaning(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"the number {value}" if isinstance(value, int | float) else f"the date {value}"


def at_var(tree: Tree, var: Var, reason: str, mend: str) -> Fault:
    """Return a fault at the value of a variable."""
    return Fault(file=tree.files[var.file], line=max(var.line, 1), column=max(var.column, 1), reason=reason, mend=mend)


def _at(place: Place, reason: str, mend: str) -> Fault:
    return Fault(file=place.file, line=place.line, column=place.column, reason=reason, mend=mend)


def twice(devices: Mapping[str, Device]) -> Iterator[Fault]:
    """Yield a fault for each address given twice at one site, and each serial number or MAC given twice."""
    seen: dict[tuple[object, ...], Device] = {}
    for device in devices.values():
        end = device.endpoint
        keys: list[tuple[tuple[object, ...], str]] = []
        if end.address and not device.behind:
            keys.append((("address", device.site, end.address.lower(), end.port), f"the address {end.address}"))
        if device.serial_number:
            serial = ("serial", device.vendor, device.serial_number)
            keys.append((serial, f"the serial number {device.serial_number}"))
        if device.mac_address:
            keys.append((("mac", device.mac_address), f"the MAC address {device.mac_address}"))
        if device.behind:
            keys.append((("channel", device.behind, device.channel), f"channel {device.channel} of {device.behind}"))
        for key, what in keys:
            first = seen.setdefault(key, device)
            if first is not device and device.place is not None:
                reason = f"{what} is given twice: to {first.name} ({first.place}) and to {device.name}"
                yield _at(device.place, reason, "correct one of them")


def behind(devices: Mapping[str, Device]) -> Iterator[Fault]:
    """Yield a fault for each camera behind what is no recorder of its site."""
    for device in devices.values():
        if not device.behind or device.place is None:
            continue
        recorder = devices.get(device.behind)
        if recorder is None or recorder.kind is not Kind.NVR or recorder.site != device.site:
            own = [each.name for each in devices.values() if each.site == device.site and each.kind is Kind.NVR]
            near = difflib.get_close_matches(device.behind, own, 1, 0.5) or own[:1]
            reason = f"{device.name} is behind {device.behind}, which is no recorder at {device.site}"
            yield _at(device.place, reason, f"did you mean {near[0]}?" if near else "list the recorder at this site")
        elif not device.channel:
            yield _at(device.place, f"{device.name} is behind {device.behind} without a channel", "add channel: 1")


def wired(devices: Mapping[str, Device]) -> Iterator[Fault]:
    """Yield a fault for each device on a port of what is no switch of its site, and for two devices on one port."""
    seen: dict[tuple[str, str], Device] = {}
    switches: dict[str, list[str]] = {}
    for device in devices.values():
        if device.kind is Kind.SWITCH:
            switches.setdefault(device.site, []).append(device.name)
    for device in devices.values():
        if device.place is None or not (device.switch_port or device.switch):
            continue
        own = switches.get(device.site, [])
        if device.switch and device.switch not in own:
            near = difflib.get_close_matches(device.switch, own, 1, 0.5) or own[:1]
            reason = f"{device.name} is on {device.switch}, which is no switch at {device.site}"
            yield _at(device.place, reason, f"did you mean {near[0]}?" if near else "list the switch at this site")
        elif not device.switch and len(own) != 1:
            many = f"{len(own)} switches" if own else "no switch"
            mend = f"say which: switch: {own[0]}" if own else "list the switch at this site"
            yield _at(device.place, f"{device.name} has a switch_port, and {device.site} has {many}", mend)
        else:
            place = (device.switch or own[0], canonical(device.switch_port))
            first = seen.setdefault(place, device)
            if first is not device:
                reason = f"{first.name} and {device.name} are both on {place[1]} of {place[0]}"
                yield _at(device.place, reason, "correct one of them")
