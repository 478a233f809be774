"""Given these answers, this value; given this wanted, exactly these requests."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from fleetctl.model import Access
from fleetctl.protocols.onvif.operations import is_reading
from tests.unit.aspects.cases import CASES, cell_of, requests, session_of
from tests.unit.aspects.cases.kit import Case, same
from tests.unit.aspects.fakes import SECRETS, FakeSession, request


def each(wants: str) -> Any:
    return [
        pytest.param(aspect, case, id=f"{aspect}: {case.name}")
        for aspect, cases in CASES.items()
        for case in cases
        if getattr(case, wants)
    ]


def plain(service: str, operation: str, body: str) -> str:
    return etree.tostring(request(service, operation, body), method="c14n", exclusive=True).decode()


@pytest.mark.parametrize(("aspect", "case"), each("reads"))
def test_what_a_device_answers_is_read_as(aspect: str, case: Case) -> None:
    told = cell_of(aspect).read(session_of(case))
    for field, expected in case.reads.items():
        assert same(getattr(told, field), expected), f"{field}: {getattr(told, field)!r}, expected {expected!r}"


@pytest.mark.parametrize(("aspect", "case"), each("asked"))
def test_reading_asks_no_more_than(aspect: str, case: Case) -> None:
    session = session_of(case)
    cell_of(aspect).read(session)
    assert tuple(f"{service}:{operation}" for service, operation, _ in session.asked) == case.asked


@pytest.mark.parametrize(
    ("aspect", "case"),
    [
        pytest.param(aspect, case, id=f"{aspect}: {case.name}")
        for aspect, cases in CASES.items()
        for case in cases
        if case.requests is not None
    ],
)
def test_what_is_wanted_is_written_as(aspect: str, case: Case) -> None:
    session = session_of(case)
    write = cell_of(aspect).write
    assert write is not None
    write(session, case.wanted, SECRETS)
    told = [(f"{s}:{o}", plain(s, o, body)) for s, o, body in session.ordered]
    expected = [(name, plain(*name.split(":"), body)) for name, body in case.requests or ()]
    assert told == expected


@pytest.mark.parametrize(
    ("aspect", "case"),
    [
        pytest.param(aspect, case, id=f"{aspect}: {case.name}")
        for aspect, cases in CASES.items()
        for case in cases
        if case.gaps is not None
    ],
)
def test_what_is_impossible_is_told_by_reading_only(aspect: str, case: Case) -> None:
    session = FakeSession(case.answers, device=case.device, access=Access.READ)
    limits = cell_of(aspect).limits
    assert limits is not None
    gaps = limits(session, case.wanted)
    assert [(gap.field, gap.key, gap.nearest) for gap in gaps] == list(case.gaps or ())
    assert all(gap.reason for gap in gaps)
    assert session.ordered == []


def test_every_aspect_that_apply_writes_has_a_case_of_writing() -> None:
    written = {aspect for aspect, cases in CASES.items() if any(case.requests is not None for case in cases)}
    assert {aspect for aspect in CASES if cell_of(aspect).write is not None} == written


def test_every_request_is_well_formed_and_classified() -> None:
    told = list(requests())
    assert len(told) > 200
    for _, _, service, operation, body in told:
        request(service, operation, body)
        assert is_reading(service, operation) == operation.startswith("Get")
