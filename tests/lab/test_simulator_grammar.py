"""The light check of requests says what the official schema says (`pytest --wsdl DIR`), and what it says itself."""

from __future__ import annotations

import pytest
from lxml import etree

from fleetctl.lab.dispatch import OPERATIONS
from fleetctl.lab.grammar import PLAIN, Grammar
from fleetctl.lab.requests import GRAMMARS
from fleetctl.lab.soap import SERVICES, TT, SoapFault
from tests.judges.wsdl import Verdict, judge_from

EXAMPLES = {
    "int": "1", "float": "1.5", "boolean": "true", "duration": "PT5S", "IPv4Address": "10.0.0.1", "anyURI": "onvif://x",
    "token": "fe80::1", "ReferenceToken": "t", "Name": "n", "string": "H264",
}  # fmt: skip
SPACE = "http://example.org/g"
XOP = "{http://www.w3.org/2004/08/xop/include}Include"


def filled(grammar: Grammar, name: str, namespace: str, tag: str = "", most: bool = True) -> etree._Element:
    """Build the fullest (or leanest) element a grammar allows."""
    told = grammar.types[name]
    element = etree.Element(tag or f"{{{namespace}}}{name}")
    for attribute in told.required:
        element.set(attribute, "0")
    for part in told.parts:
        if not most and part.least == 0:
            continue
        if part.type in PLAIN or part.type.startswith("{"):
            if part.type == "any" and not part.least:
                continue
            if part.type == "any":  # of the operations here only a file that comes as an attachment
                etree.SubElement(etree.SubElement(element, part.name), XOP, href="cid:file")
                continue
            child = etree.SubElement(element, part.name)
            child.text = part.type[1:-1].split("|")[0] if part.type.startswith("{") else EXAMPLES[part.type]
        else:
            element.append(filled(grammar, part.type, namespace, part.name, most))
            if part.name.endswith("}Point"):
                element.extend(filled(grammar, part.type, namespace, part.name, most) for _ in range(2))
    return element


@pytest.mark.parametrize("most", [True, False], ids=["fullest", "leanest"])
@pytest.mark.parametrize("service", list(GRAMMARS))
def test_what_the_grammar_allows_the_official_schema_allows(
    pytestconfig: pytest.Config, service: str, most: bool
) -> None:
    judge = judge_from(pytestconfig.getoption("--wsdl"))
    grammar = GRAMMARS[service]
    wrong = {}
    for name in OPERATIONS[service]:
        if name in grammar.types and name not in ("Renew", "Unsubscribe"):
            element = filled(grammar, name, SERVICES[service], most=most)
            grammar.check(name, element)
            try:
                judge.element(element)
            except Verdict as verdict:
                wrong[name] = str(verdict)
    assert wrong == {}


def test_every_writing_operation_has_its_shape() -> None:
    missing = [
        f"{service}:{name}"
        for service, operations in OPERATIONS.items()
        for name in operations
        if not name.startswith("Get") and name not in GRAMMARS[service].types
        and name not in ("CreatePullPointSubscription", "Renew", "Unsubscribe")
    ]  # fmt: skip
    assert missing == []


def judged(grammar: str, xml: str) -> str:
    element = etree.fromstring(f'<Root xmlns="{SPACE}">{xml}</Root>')
    try:
        Grammar(SPACE, grammar).check("Root", element)
    except SoapFault as fault:
        return fault.reason
    return ""


@pytest.mark.parametrize(
    ("xml", "wrong"),
    [
        ("<A>1</A>", ""),
        ("<A>1</A><B>x</B><B>y</B><C>on</C>", ""),
        ("<A>1</A><C>on</C><B>x</B>", "Root: B is not expected"),
        ("<B>x</B>", "Root: A is expected, found B"),
        ("", "Root: A is expected"),
        ("<A>one</A>", "A: 'one' is not possible"),
        ("<A>1</A><C>maybe</C>", "C: 'maybe' is not possible"),
        ("<A>1</A><A>2</A>", "Root: A is not expected"),
        ("<A><D/></A>", "A: None is not possible"),
    ],
)
def test_names_order_number_and_plain_types_are_checked(xml: str, wrong: str) -> None:
    assert judged("Root = A:int B*:string C?:{on|off}", xml) == wrong


def test_a_required_attribute_and_what_may_follow() -> None:
    assert judged("Root = A:Inner *\nInner @token! = B:boolean", "<A token='1'><B>true</B></A><Z/>") == ""
    assert "token is missing" in judged("Root = A:Inner *\nInner @token! = B:boolean", "<A><B>true</B></A>")


def test_the_namespace_of_a_child_counts() -> None:
    assert "is expected" in judged("Root = A:int", f'<A xmlns="{TT}">1</A>')
