"""The full check against the official WSDL and XSD, where their folder is given: by shape, so that it stays quick.

A message's shape is its elements and attributes without what stands in them; a shape judged right is not judged
again, so a value that only the schema knows to be wrong may pass in a shape that is known (the light check looks at
values each time). What is wrong is judged anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lxml import etree

from fleetctl.errors import UsageError
from fleetctl.lab.soap import SOAP, TT, Element

_XS: Final = "http://www.w3.org/2001/XMLSchema"
_FILES: Final = (
    "ver10/device/wsdl/devicemgmt.wsdl",
    "ver10/media/wsdl/media.wsdl",
    "ver20/media/wsdl/media.wsdl",
    "ver20/imaging/wsdl/imaging.wsdl",
    "ver10/deviceio.wsdl",
    "ver10/events/wsdl/event.wsdl",
    "ver10/recording.wsdl",
    "ver10/receiver.wsdl",
)
_ROOT: Final = "ver10/device/wsdl/devicemgmt.wsdl"
MOST_SHAPES: Final = 4096


class _Resolver(etree.Resolver):
    """Gives the files of the set for whatever address they are imported by: file names are unique among them."""

    def __init__(self, files: Mapping[str, Path], embedded: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files
        self._embedded = embedded

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]  # noqa: ARG002
        """Return a schema by its address; raises FileNotFoundError where the set lacks it."""
        if system_url in self._embedded:
            return self.resolve_string(self._embedded[system_url], context, base_url=system_url)
        name = system_url.rstrip("/").rpartition("/")[2]
        if name not in self._files:
            raise FileNotFoundError(f"the WSDL set lacks {name}, imported as {system_url}")
        told = _determinate(etree.parse(str(self._files[name])).getroot())
        return self.resolve_string(told, context, base_url=system_url)


def _determinate(schema: Element) -> bytes:
    """Return a schema as libxml2 takes it, changed in memory only.

    In some thirty types of release 26.06 (tt:PTZStatus, tt:VideoRateControl2 ...) a wildcard stands beside elements
    that may be left out, which XML Schema 1.0 forbids; there it is taken as "of any other namespace".
    """
    around = (f"{{{_XS}}}element", f"{{{_XS}}}choice", f"{{{_XS}}}sequence")
    for wildcard in list(schema.iter(f"{{{_XS}}}any")):
        before = next(wildcard.itersiblings(*around, preceding=True), None)
        after = next(wildcard.itersiblings(*around), None)
        loose = before is not None and (before.get("minOccurs") == "0" or before.get("maxOccurs", "1") != "1")
        if not loose and after is None:
            continue
        if wildcard.get("namespace", "##any") == "##any":
            wildcard.set("namespace", "##other")
        elif wildcard.get("namespace") == "##targetNamespace" and (parent := wildcard.getparent()) is not None:
            parent.remove(wildcard)
    return etree.tostring(schema)


def schema(wsdl_dir: Path) -> etree.XMLSchema:
    """Build one schema of all services out of the official files; raises UsageError if the folder is not theirs."""
    device = next(iter(wsdl_dir.rglob(_ROOT)), None) if wsdl_dir.is_dir() else None
    if device is None:
        raise UsageError(f"{wsdl_dir} is not the official ONVIF WSDL set: {_ROOT} is missing")
    root = device.parents[3]
    embedded: dict[str, bytes] = {}
    imports = {TT: "onvif.xsd", SOAP: "soap-envelope"}
    for name in _FILES:
        for number, inner in enumerate(etree.parse(str(root / name)).iter(f"{{{_XS}}}schema")):
            url = f"wsdl:{name}:{number}"
            embedded[url] = _determinate(inner)
            if target := inner.get("targetNamespace"):
                imports[target] = url
    parser = etree.XMLParser()
    files = {path.name: path for path in sorted(wsdl_dir.rglob("*")) if path.is_file()}
    parser.resolvers.add(_Resolver(files, embedded))
    lines = "".join(f'<xs:import namespace="{space}" schemaLocation="{url}"/>' for space, url in imports.items())
    return etree.XMLSchema(etree.fromstring(f'<xs:schema xmlns:xs="{_XS}">{lines}</xs:schema>', parser))


class Judge:
    """Judges messages and remembers the shapes that were right. Takes about a second to make."""

    def __init__(self, wsdl_dir: Path) -> None:
        self._schema = schema(wsdl_dir)
        self._right: set[int] = set()
        self.wrong: list[str] = []

    def request(self, element: Element) -> str:
        """Return what is wrong with a request's element, "" if nothing."""
        return self._judge(element)

    def reply(self, body: bytes) -> str:
        """Return what is wrong with a reply's envelope, "" if nothing; it is kept in `wrong` too."""
        content = etree.fromstring(body).find(f"{{{SOAP}}}Body")
        if content is None or not len(content):
            return "no body"
        told = self._judge(content[0])
        if told:
            self.wrong.append(told)
        return told

    def _judge(self, element: Element) -> str:
        shape = hash(tuple((e.tag, tuple(e.attrib)) for e in element.iter(etree.Element)))
        if shape in self._right:
            return ""
        alone = etree.fromstring(etree.tostring(element, with_tail=False))
        if self._schema.validate(alone):
            if len(self._right) < MOST_SHAPES:
                self._right.add(shape)
            return ""
        faults = str(self._schema.error_log).splitlines()
        return f"{str(element.tag).rpartition('}')[2]}: {faults[0] if faults else 'not valid'}"
