"""Help and usage errors are Vietnamese for who reads Vietnamese: the whole page, with nothing else changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

import pytest
import typer.main

from fleetctl.cli.helping import SENTENCES
from fleetctl.cli.main import app, command_tree, main
from fleetctl.reports.catalogues import place, read_po
from tests.ran import Ran

Run = Callable[..., Ran]
TOLD = {text: said for text, (said,) in read_po(place("vi", "help"))}
MARKS = re.compile(r"\{\d\}|`[^`]*`|--[a-z-]+|\b[A-Z]{4,}\b|\b\d[\d./]*\b|\b[a-z]+_[a-z_]+\b")
FREE = {"FILE", "XLSX", "COMMAND", "ARGS", "OPTIONS", "THAM"}  # words that the sentence may say in another way


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_a_page_of_help_has_no_english_left(fleetctl: Run, monkeypatch: pytest.MonkeyPatch, path: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    ran = fleetctl("--lang", "vi", *path, "--help")
    assert ran.code == 0
    page = flat(ran.out)
    assert page.startswith(f"Cách dùng: fleetctl {' '.join(path)}".strip())
    english = [text for text, said in TOLD.items() if text != said and re.search(rf"(?<![\w-]){re.escape(text)}", page)]
    assert english == []
    assert "[default" not in page


@pytest.mark.parametrize("width", ["80", "120"])
def test_no_line_of_help_is_wider_than_the_terminal(fleetctl: Run, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    for path in ((), ("firmware", "roll"), ("schedule", "install"), ("password", "export")):
        told = fleetctl("--lang", "vi", *path, "-h").out
        assert max(map(len, told.splitlines())) <= int(width)
        assert "Hiện trợ giúp này rồi thôi." in told


def test_help_speaks_the_locales_language_and_the_asked_one_before_it(
    fleetctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = fleetctl("plan", "--help").out
    assert "Only this aspect" in english
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    vietnamese = fleetctl("plan", "--help").out
    assert "Chỉ nhóm cài đặt này" in vietnamese
    assert fleetctl("--lang", "en", "plan", "--help").out == english
    assert fleetctl("plan", "--help", "--lang", "vi").out == vietnamese
    assert fleetctl("device").err.startswith("Cách dùng: fleetctl device [TÙY CHỌN] LỆNH [THAM SỐ]...\n")


def test_of_examples_only_the_words_are_translated(fleetctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    for path in (("lab", "break"), ("password", "export"), ("audit",)):
        english = flat(fleetctl("--lang", "en", *path, "-h").out).rpartition(" Examples: ")[2]
        vietnamese = flat(fleetctl("--lang", "vi", *path, "-h").out).rpartition(" Ví dụ: ")[2]
        assert english.count("fleetctl") + english.count("age --") > 1
        english = english.replace("lists the faults", "liệt kê các sự cố").replace("opens it", "mở phong bì")
        assert vietnamese == english


def test_a_shell_that_shows_what_a_word_means_shows_it_in_the_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_FLEETCTL_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    for line, told in (
        ("fleetctl --lang vi apply --he", "--help\tHiện trợ giúp này rồi thôi.\n"),
        ("fleetctl --lang vi aud", "audit\tNêu chỗ thiết bị không như mong đợi.\n"),
        ("fleetctl --lang en apply --he", "--help\tShow this message and exit.\n"),
    ):
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        command_tree.cache_clear()
        with pytest.raises(SystemExit):
            main(())
        assert capsys.readouterr().out == told
    command_tree.cache_clear()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("audti", "Lỗi: Không có lệnh 'audti'. Có phải ý bạn là 'audit', 'adopt'?"),
        ("zzz", "Lỗi: Không có lệnh 'zzz'."),
        ("device zzz", "Lỗi: Không có lệnh 'zzz'."),
        ("--lang vi", ""),
        ("plan --nope", "Lỗi: Không có tùy chọn --nope"),
        ("plan --limti x", "Lỗi: Không có tùy chọn --limti (có thể là: --limit)"),
        ("plan -x", "Lỗi: Không có tùy chọn -x"),
        ("device show", "Lỗi: Thiếu tham số 'DEVICE'."),
        ("waiver add a b", "Lỗi: Thiếu tùy chọn '--owner'."),
        ("password export", "Lỗi: Thiếu tùy chọn '--recipient' / '-r'."),
        ("plan --limit", "Lỗi: Tùy chọn '--limit' cần một giá trị."),
        ("device show a --footage x", "Lỗi: Tùy chọn '--footage' cần 2 giá trị."),
        ("plan --yes=4", "Lỗi: Không có tùy chọn --yes"),
        ("apply --yes=4", "Lỗi: Tùy chọn '--yes' không nhận giá trị."),
        ("plan x1 x2", "Lỗi: Thừa tham số (x1 x2)"),
        ("apply --canary x", "Lỗi: Giá trị của '--canary' không hợp lệ: phải là số nguyên"),
        ("apply --canary -1", "Lỗi: Giá trị của '--canary' không hợp lệ: phải từ 0 trở lên"),
        ("apply --stop-at 200", "Lỗi: Giá trị của '--stop-at' không hợp lệ: phải từ 100 trở xuống"),
        ("firmware roll --soak x", "Lỗi: Giá trị của '--soak' không hợp lệ: phải là số"),
        ("inventory move a --to", "Lỗi: Tùy chọn '--to' cần một giá trị."),
    ],
)
def test_what_the_command_line_gets_wrong_is_told_in_vietnamese(fleetctl: Run, line: str, told: str) -> None:
    ran = fleetctl("--lang", "vi", *line.split())
    assert ran.code == 2
    if told:
        assert ran.err.splitlines()[-1] == told
    assert not ran.out
    words = {word for text in SENTENCES for word in re.findall(r"\b[A-Za-z]{4,}\b", text)}
    assert not words & set(re.findall(r"\b[A-Za-z]{4,}\b", ran.err))


def test_a_program_gets_the_usage_error_in_english(fleetctl: Run) -> None:
    ran = fleetctl("--lang", "vi", "--json", "audti")
    assert ran.lines[0]["message"] == "No such command 'audti'. Did you mean 'audit', 'adopt'?"
    assert "Không có lệnh" in ran.err


@pytest.mark.parametrize(("text", "said"), TOLD.items())
def test_a_translation_has_the_options_names_and_values_of_its_text(text: str, said: str) -> None:
    assert set(MARKS.findall(text)) - FREE == set(MARKS.findall(said)) - FREE
    assert text.endswith(".") == said.endswith(".") or "{" in text or text.startswith("Input")
    assert unicodedata.normalize("NFC", said) == said
    assert said[:1].islower() == text[:1].islower() or text.startswith("Input") or "{" in said
