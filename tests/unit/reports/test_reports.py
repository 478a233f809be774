"""What people and machines read of a run."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fleetctl.errors import Fault, InventoryError, UsageError
from fleetctl.model import ABSENT, UNSET, Change, FrozenMap, Kind, Outcome, Result, SecretRef
from fleetctl.reports import files, jsonlines
from fleetctl.reports.csv import HEADINGS, sheet
from fleetctl.reports.files import Run
from fleetctl.reports.groups import change_groups, notes
from fleetctl.reports.html import page
from fleetctl.reports.language import Language
from fleetctl.reports.tally import Tally
from fleetctl.reports.values import clean, plain, shown
from fleetctl.reports.wording import several


@dataclasses.dataclass(frozen=True, kw_only=True)
class Item:
    level: object = UNSET
    password: object = UNSET


def test_the_same_change_on_many_devices_is_one_group(tally: Tally) -> None:
    first = change_groups(tally.devices.values())[0]
    assert (first.setting, first.devices, first.sites) == (
        "time.ntp_servers",
        ("a-cam-01", "a-cam-02", "b-cam-01"),
        ("a", "b"),
    )
    assert (first.actual, first.expected) == ((("[]", 3),), "[10.0.0.10, 10.0.0.11]")


def test_changes_of_one_site_come_after_those_of_several(tally: Tally) -> None:
    assert [len(g.sites) for g in change_groups(tally.devices.values())] == [2, 1, 1]


def test_many_different_values_of_one_setting_become_one_group_on_request(tally: Tally) -> None:
    merged = change_groups(tally.devices.values(), most=1)
    assert [(g.setting, g.values, len(g.devices)) for g in merged] == [("time.ntp_servers", 1, 3), ("osd.text", 2, 2)]


def test_what_becomes_the_same_is_one_group_whatever_it_is_now(tally: Tally) -> None:
    for n, name in enumerate(("a-cam-01", "a-cam-02", "b-cam-01")):
        change = Change(device=name, aspect="video", field="main_codec", before=f"old {n % 2}", after="h264")
        told = Result(
            device=name, kind=Kind.CAMERA, site=name[0], aspect="video", outcome=Outcome.CHANGED, changes=(change,)
        )
        tally.add(told)

    def codec(*, alike: bool) -> list[tuple[tuple[str, int], ...]]:
        groups = change_groups(tally.devices.values(), alike=alike)
        return [g.actual for g in groups if g.setting == "video.main_codec"]

    assert codec(alike=True) == [(("old 0", 2), ("old 1", 1))]
    assert sorted(codec(alike=False)) == [(("old 0", 2),), (("old 1", 1),)]


def test_several_actual_values_are_told_with_how_many_devices_have_each() -> None:
    say = Language("en")
    assert several(say, [("25", 12)]) == "25"
    assert several(say, [("25", 12), ("30", 5)]) == "25 (12), 30 (5)"
    assert several(say, [("a", 4), ("b", 3), ("c", 2), ("d", 1)]) == "a (4), b (3), c (2), 1 other"


def test_a_reason_names_its_device_where_it_is_one_and_no_device_where_they_are_many(tally: Tally) -> None:
    def told(*names: str) -> list[str]:
        for name in names:
            reason = f"{name} (127.0.0.1): refused. See: fleetctl password check {name}"
            tally.add(
                Result(device=name, kind=Kind.CAMERA, site=name[0], aspect="", outcome=Outcome.REFUSED, reason=reason)
            )
        return [n.reason for n in notes(tally.devices.values()) if n.outcome is Outcome.REFUSED]

    assert told("a-cam-01") == ["refused. See: fleetctl password check a-cam-01"]
    assert told("a-cam-02") == ["refused. See: fleetctl password check DEVICE"]


def test_the_same_of_the_same_devices_is_one_note(tally: Tally) -> None:
    for aspect in ("osd", "audio"):
        tally.add(
            Result(
                device="a-cam-01", kind=Kind.CAMERA, site="a", aspect=aspect, outcome=Outcome.FAILED, reason="broken"
            )
        )
    assert [n.aspects for n in notes(tally.devices.values()) if n.outcome is Outcome.FAILED] == [("audio", "osd")]


def test_one_thing_for_many_reasons_is_told_once_on_request(tally: Tally) -> None:
    for n, name in enumerate(tally.devices):
        tally.add(
            Result(device=name, kind=Kind.CAMERA, site=name[0], aspect="x", outcome=Outcome.FAILED, reason=f"no {n}")
        )
    told = [note for note in notes(tally.devices.values(), most=3) if note.aspects == ("x",)]
    assert [(len(note.devices), note.reasons) for note in told] == [(4, 4)]
    assert len([note for note in notes(tally.devices.values()) if note.aspects == ("x",)]) == 4


def test_notes_tell_what_is_not_as_wanted_the_worst_first_and_without_the_devices_own_name(tally: Tally) -> None:
    told = [(n.outcome, n.aspects, n.reason, n.devices) for n in notes(tally.devices.values())]
    assert told == [
        (Outcome.UNREACHABLE, (), "no answer in 10 s", ("b-cam-02",)),
        (
            Outcome.UNSUPPORTED,
            ("video.main_resolution",),
            "1920x1080 is not offered (nearest possible: 1280x720)",
            ("b-cam-01",),
        ),
    ]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (True, "true"),
        (15.0, "15"),
        ((), "[]"),
        (("a", "b"), "[a, b]"),
        ("", '""'),
        (ABSENT, "-"),
        (UNSET, "-"),
        (Kind.NVR, "nvr"),
        (Item(level="user"), "{level: user}"),
        (Item(password=SecretRef(device="d", account="viewer")), "{password: (in the vault)}"),
        (FrozenMap({"b": 1, "a": 2}), "{a: 2, b: 1}"),
    ],
)
def test_values_read_as_the_inventory_writes_them(value: object, line: str) -> None:
    assert shown(value) == line


def test_what_a_device_sent_cannot_steer_the_terminal_or_turn_the_line_around() -> None:
    assert clean("a\x1b[31m\u202eb\n") == "a\\x1b[31m\\u202eb\\n"
    assert clean("Việt") == "Việt"


def test_machine_values_are_json() -> None:
    value = FrozenMap({"x": Item(level="user", password=SecretRef(device="d", account="x"))})
    assert json.dumps(plain(value)) == '{"x": {"level": "user", "password": {"secret_of": "x"}}}'
    assert plain(ABSENT) is None


def test_json_lines_have_schema_and_type_and_devices_have_name_kind_and_site(tally: Tally) -> None:
    lines = [json.loads(line) for line in jsonlines.run("plan", tally, 3)]
    assert {(line["schema_version"], line["type"]) for line in lines} == {("1.2", "device"), ("1.2", "summary")}
    assert all({"name", "kind", "site"} <= line.keys() for line in lines if line["type"] == "device")
    assert [line["name"] for line in lines[:-1]] == ["a-cam-01", "a-cam-02", "b-cam-01", "b-cam-02"]
    assert lines[-1] == {
        "schema_version": "1.2",
        "type": "summary",
        "command": "plan",
        "exit_code": 3,
        "devices": 4,
        "changes": 5,
        "with_unsupported": 1,
        "held_up": 0,
        "outcomes": {"pending": 3, "unreachable": 1},
    }
    change = lines[0]["aspects"][0]["changes"][0]
    assert (change["expected"], change["actual"]) == (["10.0.0.10", "10.0.0.11"], [])
    assert change["place"] == "inventory/standard.yml:3:5"


def test_an_error_in_json_carries_every_fault() -> None:
    problem = InventoryError([Fault(file="a.yml", line=1, column=2, reason="no", mend="yes")])
    told = json.loads(jsonlines.error(problem))
    assert told["error"] == "InventoryError"
    assert told["faults"] == [{"file": "a.yml", "line": 1, "column": 2, "reason": "no", "mend": "yes"}]


def test_the_csv_has_a_line_for_each_difference_and_gap(tally: Tally) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet(tally, {"a": "Phường A"}))))
    assert tuple(rows[0]) == HEADINGS
    assert [(r["device"], r["aspect"], r["field"], r["outcome"]) for r in rows] == [
        ("a-cam-01", "time", "ntp_servers", "pending"),
        ("a-cam-01", "osd", "text", "pending"),
        ("a-cam-02", "time", "ntp_servers", "pending"),
        ("a-cam-02", "osd", "text", "pending"),
        ("b-cam-01", "time", "ntp_servers", "pending"),
        ("b-cam-01", "video", "main_resolution", "unsupported"),
        ("b-cam-02", "", "", "unreachable"),
    ]
    assert rows[0]["site_name"] == "Phường A"


def test_no_cell_is_a_formula(tally: Tally) -> None:
    change = Change(device="a-cam-01", aspect="osd", field="text", before="=cmd()", after="-5")
    tally.add(
        Result(device="a-cam-01", kind=Kind.CAMERA, site="a", aspect="osd", outcome=Outcome.CHANGED, changes=(change,))
    )
    row = next(r for r in csv.DictReader(io.StringIO(sheet(tally, {}))) if r["outcome"] == "changed")
    assert (row["actual"], row["expected"]) == ("'=cmd()", "-5")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("code", ["en", "vi"])
def test_the_page_stands_alone_and_runs_no_script(finished: Run, code: str) -> None:
    html = page(dataclasses.replace(finished, say=Language(code)))
    parsed = _Page()
    parsed.feed(html)
    assert not any(tag in {"script", "link", "img", "iframe"} or "src" in a for tag, a in parsed.tags)
    assert not [href for _, a in parsed.tags if not (href := a.get("href") or "#").startswith("#")], "within the page"
    assert "url(" not in html
    assert "Phường A - Quầy 1" in html
    assert ("html", {"lang": code}) in parsed.tags


def test_the_page_escapes_what_devices_answer(finished: Run) -> None:
    change = Change(device="a-cam-01", aspect="osd", field="text", before="<script>alert(1)</script>", after="x")
    finished.tally.add(
        Result(device="a-cam-01", kind=Kind.CAMERA, site="a", aspect="osd", outcome=Outcome.FAILED, changes=(change,))
    )
    assert "<script>" not in page(finished)


@pytest.mark.parametrize("kind", files.KINDS)
def test_each_kind_of_report_is_written_whole(finished: Run, tmp_path: Path, kind: str) -> None:
    report = files.parse(f"{kind}:{tmp_path / 'báo cáo'}")
    files.write(report, finished)
    whole = zipfile.is_zipfile(report.path) if kind == "xlsx" else "a-cam-01" in report.path.read_text("utf-8")
    assert whole
    assert report.path.read_bytes().startswith(b"\xef\xbb\xbf") == (kind == "csv")
    assert [p.name for p in tmp_path.iterdir()] == ["báo cáo"]


@pytest.mark.parametrize("asked", ["html", "html:", "pdf:x.pdf", "html:/nowhere/at/all.html", "html:/"])
def test_a_report_that_could_not_be_written_is_refused_before_any_work(asked: str) -> None:
    with pytest.raises(UsageError, match="--report"):
        files.parse(asked)
