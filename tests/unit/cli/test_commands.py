"""What commands ask, print and refuse."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fleetctl.cli import main as door
from fleetctl.model import Outcome
from tests.ran import Ran

from .conftest import Fleet

FIRST, SECOND = "viet-hung-cam-01", "gia-thuy-cam-01"
Run = Callable[..., Ran]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def pending(fleet: Fleet) -> Fleet:
    fleet.outcomes = dict.fromkeys(fleet.inventory.devices, Outcome.PENDING)
    return fleet


@pytest.mark.parametrize("arguments", [("apply",), ("adopt",), ("device", "reboot", FIRST)])
def test_without_a_terminal_and_yes_nothing_is_sent(fleet: Fleet, fleetctl: Run, arguments: tuple[str, ...]) -> None:
    ran = fleetctl(*arguments)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert not fleet.calls


@pytest.mark.parametrize(
    ("answer", "sent"), [("y\n", True), ("có\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_on_a_terminal_apply_asks_and_only_a_yes_writes(
    pending: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch, answer: str, sent: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = fleetctl("apply")
    assert pending.sent is sent
    assert ran.code == (0 if sent else 3)
    assert "Write to 4 devices?" in ran.err


def test_with_nothing_to_do_nothing_is_asked(fleet: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    ran = fleetctl("apply")
    assert (ran.code, fleet.sent) == (0, False)
    assert "?" not in ran.err


def test_the_options_of_apply_reach_the_operation(pending: Fleet, fleetctl: Run) -> None:
    fleetctl(
        *("apply", "--yes", "-l", "viet_hung", "--canary", "2", "--wave", "10", "--wave", "50"),
        *("--stop-at", "5", "--per-site", "1", "--now", "--reason", "sự cố"),
    )
    options = pending.calls[-1][1]["options"]
    assert (options.canary, options.shares, options.stop_share) == (2, (0.1, 0.5), 0.05)
    assert (options.per_site, options.now) == (1, "sự cố")


def test_aspects_are_repeated_or_separated_by_commas(fleet: Fleet, fleetctl: Run) -> None:
    fleetctl("audit", "-a", "time,video", "--aspect", "osd", "-a", "time")
    assert fleet.calls == [("audit", {"limit": "", "aspects": ("time", "video", "osd")})]


def test_the_same_change_on_many_devices_is_said_once(pending: Fleet, fleetctl: Run) -> None:
    ran = fleetctl("plan")
    assert "4 cameras" in ran.out
    assert ran.out.count("time.zone") == 1
    assert "UTC" in ran.out
    assert "Asia/Ho_Chi_Minh" in ran.out
    assert "Phường Việt Hưng (viet_hung)" in ran.out
    assert FIRST not in ran.out


def test_verbose_names_every_device_and_place(pending: Fleet, fleetctl: Run) -> None:
    ran = fleetctl("-v", "plan")
    assert FIRST in ran.out
    assert "standard.yml:7" in ran.out


def test_the_result_is_on_stdout_and_talk_on_stderr(pending: Fleet, fleetctl: Run, tmp_path: Path) -> None:
    ran = fleetctl("plan", "--report", f"html:{tmp_path / 'plan.html'}")
    assert "Report:" in ran.err
    assert "Report:" not in ran.out


def test_an_audit_speaks_of_drift(pending: Fleet, fleetctl: Run) -> None:
    ran = fleetctl("audit")
    assert "4 drift" in ran.out
    assert "pending" not in ran.out


def test_reasons_are_told_with_the_devices_they_concern(fleet: Fleet, fleetctl: Run) -> None:
    fleet.outcomes = {FIRST: Outcome.UNREACHABLE}
    fleet.reason = f"{FIRST} (127.0.0.9): no answer in 10 s"
    ran = fleetctl("audit")
    line = next(line for line in ran.out.splitlines() if "no answer" in line)
    assert FIRST in line
    assert "unreachable" in line


def test_vietnamese_is_spoken_when_asked_or_by_the_locale(
    pending: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Mong đợi" in fleetctl("--lang", "vi", "plan").out
    assert "Expected" in fleetctl("plan").out
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert "Mong đợi" in fleetctl("plan").out
    assert "Expected" in fleetctl("plan", "--lang=en").out


@pytest.mark.parametrize("arguments", [("--json", "plan"), ("plan", "--json"), ("plan", "--lang", "vi", "--json")])
def test_json_may_stand_before_or_after_the_command_and_is_always_english(
    pending: Fleet, fleetctl: Run, arguments: tuple[str, ...]
) -> None:
    lines = fleetctl(*arguments).lines
    assert [line["type"] for line in lines] == ["device"] * 4 + ["summary"]
    assert all(line["schema_version"] == "1.2" for line in lines)
    assert all(line["outcome"] == "pending" for line in lines[:-1])
    assert {"name", "kind", "site"} <= lines[0].keys()


def test_what_stands_after_two_dashes_is_left_where_it_is() -> None:
    assert door.hoisted(["plan", "--", "--json"]) == ["plan", "--", "--json"]


def test_reports_are_written_beside_the_result(pending: Fleet, fleetctl: Run, tmp_path: Path) -> None:
    html, sheet = tmp_path / "a.html", tmp_path / "a.csv"
    fleetctl("audit", "--report", f"html:{html}", "--report", f"csv:{sheet}", "--lang", "vi")
    assert '<html lang="vi">' in html.read_text(encoding="utf-8")
    assert sheet.read_bytes().startswith(b"\xef\xbb\xbf")


def test_no_colour_without_a_terminal(pending: Fleet, fleetctl: Run) -> None:
    ran = fleetctl("plan")
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_on_a_terminal_unless_no_color_is_set(
    pending: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    fleetctl("plan")
    assert ("\x1b[3" in screen.getvalue()) is coloured


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit_the_terminal_and_diacritics_line_up(
    pending: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    lines = fleetctl("plan", "--lang", "vi").out.splitlines()
    assert max(cell_len(line) for line in lines) <= columns
    table = [line for line in lines if "Phường" in line or "──" in line]
    assert len(table) > 1


def test_a_closed_pipe_does_not_end_the_work(pending: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Closed(io.TextIOWrapper):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with (tmp_path / "sink").open("wb") as sink:
        monkeypatch.setattr(sys, "stdout", Closed(sink))
        assert door.main(["apply", "--yes"]) == 0
    assert pending.sent


def test_elsewhere_than_on_linux_one_is_told_where_to_go(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as ended:
        door.run()
    assert ended.value.code == 2
    assert "docs/vi/wsl2.md" in capsys.readouterr().err


def test_the_version_is_told(fleetctl: Run) -> None:
    ran = fleetctl("--version")
    assert (ran.code, ran.out.split()[0]) == (0, "fleetctl")
