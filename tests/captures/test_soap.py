"""Every captured ONVIF answer is read without an exception, with the values that stand in it (`--captures DIR`)."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path

import pytest

from fleetctl.errors import FleetctlError, Rejected, Unsupported
from fleetctl.protocols import xml
from fleetctl.protocols.http import Response
from fleetctl.protocols.onvif import clock, services, soap
from fleetctl.protocols.replies import Headers

# An independent reading: tags and texts by regular expression, no XML parser.
_TAG = re.compile(r"<(/?)([\w.-]+:)?([\w.-]+)((?:\s[^<>]*?)?)/?>([^<]*)")
_TOKEN = re.compile(r'\stoken="([^"]*)"')


def files(config: pytest.Config) -> list[Path]:
    folder: Path | None = config.getoption("--captures")
    if folder is None:
        return []
    return sorted(p for name in ("onvif", "onvif-raw") for p in (folder / name).rglob("*") if p.is_file())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "capture" in metafunc.fixturenames:
        found = files(metafunc.config)
        metafunc.parametrize("capture", found, ids=["/".join(p.parts[-3:]) for p in found])


def body_of(raw: str) -> str:
    """Return what stands between the tags of Body."""
    found = re.search(r"<(?:[\w.-]+:)?Body\b[^>]*>(.*)</(?:[\w.-]+:)?Body\s*>", raw, re.DOTALL)
    assert found is not None
    return re.sub(r"<!--.*?-->", "", found[1], flags=re.DOTALL)


def told_by_hand(raw: str) -> Counter[tuple[str, str]]:
    """Return (local name, text or token) of everything in Body."""
    found: Counter[tuple[str, str]] = Counter()
    for closing, _, name, attributes, text in _TAG.findall(body_of(raw)):
        if closing:
            continue
        found[(name, " ".join(html.unescape(text).split()))] += 1
        if token := _TOKEN.search(attributes):
            found[(f"{name}@token", html.unescape(token[1]))] += 1
    return found


def told_by_us(element: xml.Element) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for each in element.iter():
        if name := xml.local(each):
            found[(name, " ".join((each.text or "").split()))] += 1
            if (token := each.get("token")) is not None:
                found[(f"{name}@token", str(token))] += 1
    return found


def read(capture: Path) -> soap.Reply:
    lines, body = [], capture.read_bytes()
    if "MIMEHEAD" in capture.name:  # these were laid out for the eye: the head of the root part is put back
        boundary = body.partition(b"\n")[0].strip().removeprefix(b"--").decode()
        lines.append(f'Content-Type: multipart/related; type="application/xop+xml"; boundary="{boundary}"')
        body = re.sub(rb"Content-ID:\s*<SOAP-ENV:Envelope>\s*|(?<=binary)\s*(?=<\?xml)", b"\n\n", body, count=1)
    status = re.search(r"\.(\d{3})\.xml$", capture.name)
    return soap.reply(Response(int(status[1]) if status else 200, Headers(lines), body))


def test_it_is_read_as_it_stands(capture: Path) -> None:
    answer, raw = read(capture), capture.read_bytes().decode("utf-8", "replace")
    operation = capture.name.partition(".")[0]
    assert answer.problem is None, answer.problem
    if "MIMEHEAD" in capture.name:
        told = soap.element_of(answer, operation, operation)
        assert xml.local(told) == f"{operation}Response"
        return
    if answer.fault is not None:
        error = soap.raised(answer, operation)
        assert isinstance(error, (Unsupported, Rejected)), error
        assert f"{operation}:" in str(error)
        values = re.findall(r"<(?:[\w.-]+:)?Value\b[^>]*>\s*([^<]*?)\s*<", raw)
        assert list(answer.fault.codes) == [value.rpartition(":")[2] for value in values]
        return
    told = soap.element_of(answer, operation, operation)
    assert told_by_us(told) == told_by_hand(raw)
    copied = xml.parse(b"<Envelope>" + declared(xml.rendered(told)) + b"</Envelope>")
    assert told_by_us(copied[0]) == told_by_hand(raw), "what is written back is what was read"


def declared(rendered: str) -> bytes:
    """Declare our prefixes on the element, as the envelope of a request does."""
    names = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in xml.PREFIXES.items())
    return re.sub(r"^<([\w:.-]+)", lambda m: m[0] + names, rendered, count=1).encode()


def test_the_faults_of_real_devices_are_mostly_things_they_do_not_offer(pytestconfig: pytest.Config) -> None:
    kinds: Counter[str] = Counter()
    for capture in files(pytestconfig):
        answer = read(capture)
        if answer.fault is not None:
            kinds[type(soap.raised(answer, "x")).__name__] += 1
    assert kinds["Unsupported"] > 2 * kinds["Rejected"]
    assert set(kinds) == {"Unsupported", "Rejected"}


def test_clocks_and_service_paths_are_found(pytestconfig: pytest.Config) -> None:
    clocks, paths = 0, 0
    for capture in files(pytestconfig):
        answer = read(capture)
        if answer.element is None:
            continue
        if capture.name.startswith("GetSystemDateAndTime"):
            assert clock.device_time(answer.element) is not None, capture
            clocks += 1
        if capture.name.startswith(("GetServices.", "GetCapabilities.")):
            reader = services.from_services if "Services" in capture.name else services.from_capabilities
            found = reader(answer.element)
            assert {"trt", "tev"} <= set(found), capture
            assert all(path.startswith("/") and "//" not in path for path in found.values()), found
            paths += 1
    assert clocks >= 5
    assert paths >= 5


def test_no_capture_is_left_out(pytestconfig: pytest.Config) -> None:
    found = files(pytestconfig)
    assert len(found) >= 390
    for capture in found:
        try:
            read(capture)
        except FleetctlError as error:  # pragma: no cover - says which one
            pytest.fail(f"{capture}: {error}")
