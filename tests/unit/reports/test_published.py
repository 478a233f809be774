"""What other programs read is as it is published: JSON and JUnit by schemas, Prometheus by its own parser, XLSX."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families

from fleetctl.errors import Unreachable
from fleetctl.model import Kind, Outcome, Result
from fleetctl.reports import jsonlines, message
from fleetctl.reports.files import Run
from fleetctl.reports.junit import document
from fleetctl.reports.language import Language
from fleetctl.reports.prometheus import textfile
from fleetctl.reports.tally import Tally
from fleetctl.reports.xlsx import Sheet, of_run, workbook

SCHEMA = Path(__file__).parents[3] / "docs" / "schema"
HOSTILE = '=HYPERLINK("http://x")\x00\x1b]0;\ud800 "\\\n'


def judge(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMA / name).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def every_outcome(run: Run) -> Run:
    """Add a device for each outcome, whose reason is what a device might say."""
    for outcome in Outcome:
        told = f"x-{outcome.value}"
        event = Result(device=told, kind=Kind.NVR, site="x", aspect="osd", outcome=outcome, reason=HOSTILE)
        run.tally.add(event)
    return run


def test_every_line_of_a_run_is_as_its_schema_says(finished: Run) -> None:
    run, schema = every_outcome(finished), judge("run-1.schema.json")
    by = {"time": "2026-10-31T23:12:05", "account": HOSTILE, "address": "", "what": "cfg"}
    who = {("a-cam-01", "time.ntp_servers"): (by,)}
    lines = [*jsonlines.run(run.command, run.tally, run.exit_code, who), jsonlines.error(Unreachable("no answer"))]
    assert sum("changed_by" in line for line in lines) == 1
    assert {json.loads(line)["type"] for line in lines} == {"device", "summary", "error"}
    for line in lines:
        schema.validate(json.loads(line))


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "summary", "command": "audit", "exit_code": 5},
        {"type": "device", "name": "cam"},
        {"type": "other"},
        {"type": "summary", "command": "audit", "exit_code": 0, "outcomes": {"fine": 1}},
    ],
)
def test_the_schema_refuses_what_is_no_line_of_a_run(wrong: dict[str, Any]) -> None:
    assert not judge("run-1.schema.json").is_valid({"schema_version": jsonlines.SCHEMA_VERSION, **wrong})


def test_the_schema_names_the_outcomes_and_kinds_that_there_are() -> None:
    told = json.loads((SCHEMA / "run-1.schema.json").read_text("utf-8"))["$defs"]
    assert set(told["outcome"]["enum"]) == {outcome.value for outcome in Outcome}
    assert set(told["device"]["properties"]["kind"]["enum"]) == {kind.value for kind in Kind}
    item = json.loads((SCHEMA / "message-1.schema.json").read_text("utf-8"))["$defs"]
    assert set(item["state"]["enum"]) == set(message.STATES)


def test_the_same_run_is_the_same_text_whatever_came_first(finished: Run) -> None:
    again = Tally()
    again.devices = dict(reversed(list(finished.tally.devices.items())))
    lines = list(jsonlines.run("audit", finished.tally, 3))
    assert lines == list(jsonlines.run("audit", again, 3))


def test_messages_are_as_their_schema_says() -> None:
    item = {
        "state": "drift",
        "device": "cam",
        "kind": "camera",
        "site": "a",
        "uplink": "",
        "devices": 1,
        "setting": "time.zone",
        "expected": "x",
        "actual": None,
        "reason": "",
        "since": "2026-11-01T01:00:00+07:00",
        "changed_by": [{"time": "2026-10-31T23:12:05", "account": "thanh", "address": "10.20.1.77", "what": "cfg"}],
    }
    told = {
        "new": [item],
        "ended": [item],
        "open_": [item],
        "time": datetime(2026, 11, 1, tzinfo=UTC),
        "site_names": {},
    }
    for more in (told, {**told, "new": [], "ended": []}):
        made = message.content(Language("vi"), **more)  # type: ignore[arg-type]
        judge("message-1.schema.json").validate({**made, "number": "0" * 24})
    twice = {**told, "new": [item, {**item, "device": "cam-2"}]}
    text = message.content(Language("vi"), **twice)["text"]  # type: ignore[arg-type]
    assert text.count("đổi bởi thanh từ 10.20.1.77 lúc 2026-10-31 23:12 (theo") == 1


def test_junit_is_as_its_schema_says(finished: Run) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA / "junit.xsd"))
    schema.assertValid(etree.fromstring(document(every_outcome(finished)).encode()))


def test_prometheus_own_parser_reads_the_textfile(finished: Run) -> None:
    run = dataclasses.replace(every_outcome(finished), command="audit")
    families = {family.name: family for family in text_string_to_metric_families(textfile(run))}
    assert all(family.type == "gauge" and family.documentation for family in families.values())
    up = {sample.labels["device"]: sample.value for sample in families["fleetctl_device_up"].samples}
    assert (up["a-cam-01"], up["b-cam-02"]) == (1.0, 0.0)
    assert set(up) == set(run.tally.devices)


def test_a_workbook_has_every_difference_as_text_and_no_formula(finished: Run) -> None:
    book = load_workbook(io.BytesIO(of_run(every_outcome(finished))))
    sites, rows = book.worksheets
    assert [cell.value for cell in rows[1]][:4] == ["device", "kind", "site", "site_name"]
    assert [row[1].value for row in sites.iter_rows(min_row=2)] == ["a", "b", "x"]
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    assert (rows.freeze_panes, rows.auto_filter.ref.startswith("A1:")) == ("A2", True)


def test_numbers_in_a_workbook_are_numbers_and_nothing_is_nothing() -> None:
    book = load_workbook(io.BytesIO(workbook([Sheet("s", ["a", "b", "c", "d"], [["1", 0, None, 2.5]])])))
    assert [cell.value for cell in book.worksheets[0][2]] == ["1", 0, None, 2.5]
