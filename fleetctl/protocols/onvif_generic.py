"""Any ONVIF operation by hand, for technicians: the request is true to the WSDL that onvif-zeep carries.

onvif-zeep gives the WSDL set and zeep builds the request from it; what is sent goes through our own session, with its
clock, login, TLS, tunnel and its rule that reading never writes (docs/decisions/0004-onvif-client.md). The set is of
2014: services and operations that are not in it (all of media2) are built from the arguments as they stand, unchecked.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from fleetctl.errors import UsageError
from fleetctl.protocols.onvif.operations import READING, WRITING, is_reading
from fleetctl.protocols.onvif.session import Session
from fleetctl.protocols.xml import PREFIXES, Element, rendered, tag, words

# Names a technician may use for a service, its prefix, and the files of the set with the bindings in them.
_NAMES: Final = {
    "device": "tds", "devicemgmt": "tds", "media": "trt", "media2": "tr2", "imaging": "timg", "deviceio": "tmd",
    "events": "tev", "recording": "trc", "receiver": "trv", "search": "tse", "replay": "trp", "analytics": "tan",
    "ptz": "tptz", "security": "tas", "advancedsecurity": "tas",
}  # fmt: skip
_FILES: Final = {
    "tds": "devicemgmt.wsdl", "trt": "media.wsdl", "timg": "imaging.wsdl", "tmd": "deviceio.wsdl",
    "tev": "events.wsdl", "trc": "recording.wsdl", "trv": "receiver.wsdl", "tse": "search.wsdl",
    "trp": "replay.wsdl", "tan": "analytics.wsdl", "tptz": "ptz.wsdl", "tas": "advancedsecurity.wsdl",
}  # fmt: skip
_STEP: Final = re.compile(r"([A-Za-z_][\w-]*)(?:\[(\d{1,3})\])?")


def service_of(name: str) -> str:
    """Return the prefix of a service told by name or prefix; raises UsageError."""
    prefix = _NAMES.get(name.lower(), name)
    if prefix in READING:
        return prefix
    raise UsageError(f"no service {name!r}{_meant(name, (*_NAMES, *READING))}. There are: {', '.join(_NAMES)}")


def operations(service: str) -> Mapping[str, str]:
    """Return the operations of a service and the arguments each takes ("" where the WSDL set does not know it)."""
    prefix = service_of(service)
    return {name: _signature(prefix, name) for name in sorted(READING[prefix] | WRITING[prefix])}


def is_writing(service: str, operation: str) -> bool:
    """Tell whether an operation writes; one that is not known does."""
    return not is_reading(service_of(service), operation)


def body(service: str, operation: str, arguments: Mapping[str, str]) -> str:
    """Return the inside of a request as XML.

    Arguments are paths and values: `FromDHCP=false`, `NTPManual[0].Type=IPv4`; an element's own text is `_value_1`,
    attributes are named like elements. Raises UsageError for what the WSDL does not know, or misses.
    """
    prefix = service_of(service)
    if operation not in READING[prefix] | WRITING[prefix]:
        meant = _meant(operation, READING[prefix] | WRITING[prefix])
        raise UsageError(f"{service} has no operation {operation!r}{meant}")
    told = _tree(arguments)
    found = _operation(prefix, operation)
    if found is None:
        return _as_told(told, prefix)
    client, wanted = found
    from zeep.exceptions import Error

    try:
        proxy = client.create_service(str(wanted.binding.name), "http://device/")
        envelope = client.create_message(proxy, operation, **_shaped(told, wanted.input.body.type, operation))
    except (Error, TypeError, ValueError) as error:
        raise UsageError(f"{operation}: {error}. It takes: {_signature(prefix, operation)}") from error
    request = next(iter(envelope.iter(f"{{{PREFIXES[prefix]}}}{operation}")))
    return "".join(rendered(child) for child in request)


def send(session: Session, service: str, operation: str, content: str) -> str:
    """Send a request made by `body` and return the response element as indented XML; raises as `Session.read`."""
    prefix = service_of(service)
    call = session.read if is_reading(prefix, operation) else session.write
    answer = call(prefix, operation, content)
    plain = etree.fromstring(rendered(answer, _local(answer)).encode(), etree.XMLParser(recover=True))
    etree.indent(plain)
    return etree.tostring(plain, encoding="unicode")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


# --- the WSDL set --------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _client(prefix: str) -> Any:
    """Return the parsed WSDL of a service (about 0.1 s each), read from files only, None where the set has none."""
    if prefix not in _FILES:
        return None
    import zeep
    from zeep.transports import Transport

    class Offline(Transport):
        def load(self, url: str) -> bytes:
            """Return a file of the set by its name, whatever address the importing file gives it."""
            return (folder / url.rpartition("/")[2]).read_bytes()

    folder, made = _folder(), cast(Any, Offline)()
    return cast(Any, zeep.Client)(str(folder / _FILES[prefix]), transport=made)


def _folder() -> Path:
    # Not by importing the package: that configures the root logger and drops proxies from the environment.
    for file in distribution("onvif-zeep").files or ():
        if file.name == "devicemgmt.wsdl":
            return Path(str(file.locate())).resolve().parent
    raise UsageError("onvif-zeep is installed without its WSDL files; install it again")


def _operation(prefix: str, name: str) -> tuple[Any, Any] | None:
    client = _client(prefix)
    for binding in client.wsdl.bindings.values() if client is not None else ():
        if name in binding._operations:
            return client, binding._operations[name]
    return None


def _signature(prefix: str, name: str) -> str:
    found = _operation(prefix, name)
    if found is None:
        return ""
    return re.sub(r"\b(ns\d+|xsd):", "", str(found[1].input.body.signature(schema=found[0].wsdl.types)))


# --- arguments -------------------------------------------------------------------------------------------


def _tree(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return nested dicts (keys: names; integers for positions) from `A.B[1].C=value`."""
    root: dict[str, Any] = {}
    for path, value in arguments.items():
        steps: list[str | int] = []
        for part in path.split("."):
            found = _STEP.fullmatch(part)
            if found is None:
                raise UsageError(f"{path!r} is no argument: NAME=VALUE, NAME.NAME=VALUE, NAME[0].NAME=VALUE")
            steps += [found[1]] if found[2] is None else [found[1], int(found[2])]
        at: dict[Any, Any] = root
        for step in steps[:-1]:
            at = at.setdefault(step, {})
            if not isinstance(at, dict):
                raise UsageError(f"{path!r}: a value and its parts cannot both be given")
        at[steps[-1]] = value
    return root


def _shaped(told: Mapping[str, Any], kind: Any, where: str) -> dict[str, Any]:
    """Return arguments as zeep wants them: lists where the schema repeats; raises UsageError for unknown names."""
    elements = {e.attr_name: e for _, e in getattr(kind, "elements", ()) if hasattr(e, "attr_name")}
    attributes = {name for name, _ in getattr(kind, "attributes", ())}
    shaped: dict[str, Any] = {}
    for name, value in told.items():
        if name in elements:
            shaped[name] = _filled(value, elements[name], f"{where}.{name}")
        elif name in attributes or name == "_value_1":
            shaped[name] = value
        else:
            there = [*elements, *sorted(attributes)]
            raise UsageError(f"{where} has no {name!r}{_meant(name, there)}. There are: {', '.join(there) or 'none'}")
    return shaped


def _filled(value: Any, element: Any, where: str) -> Any:
    many = isinstance(value, dict) and all(isinstance(k, int) for k in value)
    items = [value[i] for i in sorted(value)] if many else [value]
    filled = [_shaped(v, element.type, where) if isinstance(v, dict) else v for v in items]
    if element.accepts_multiple:
        return filled
    if len(filled) != 1:
        raise UsageError(f"{where} is given more than once")
    return filled[0]


def _as_told(told: Mapping[Any, Any], prefix: str) -> str:
    """Return XML from the arguments alone: outer elements in the service's namespace, inner ones in the schema's."""
    parts = []
    for name, value in told.items():
        many = isinstance(value, dict) and all(isinstance(k, int) for k in value)
        for item in (value[i] for i in sorted(value)) if many else (value,):
            if isinstance(item, dict):
                attributes = {k: v for k, v in item.items() if k == "token"}
                rest = {k: v for k, v in item.items() if k != "token"}
                parts.append(tag(f"{prefix}:{name}", _as_told(rest, "tt"), **attributes))
            else:
                parts.append(tag(f"{prefix}:{name}", words(item)))
    return "".join(parts)


def _meant(name: str, there: Any) -> str:
    near = difflib.get_close_matches(name, list(there), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""
