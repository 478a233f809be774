"""Errors and reasons are told in Vietnamese: every sentence of the source is in the catalogue, and is recognised."""

from __future__ import annotations

import re

import pytest

from fleetctl.errors import Fault, InventoryError, Refused, Unreachable
from fleetctl.reports.catalogues import place, read_po
from fleetctl.reports.language import Language

SAY = Language("vi").reason
TOLD = dict(read_po(place("vi", "reasons")))
LETTERS = re.compile(r"[a-zA-Z]{2,}")
SAME = 0.12  # so few sentences may be the same in both languages: commands and examples to be copied


def test_a_translation_has_the_values_of_its_sentence_and_is_one() -> None:
    holes = re.compile(r"\{\d\}")
    assert [t for t, (said,) in TOLD.items() if sorted(holes.findall(said)) != sorted(holes.findall(t))] == []
    assert [t for t, (said,) in TOLD.items() if (t[0] in " ,;.(") != (said[0] in " ,;.(")] == []
    same = [text for text, (said,) in TOLD.items() if said == text]
    assert all("fleetctl" in t or ": " in t or "`" in t for t in same)
    assert len(same) < SAME * len(TOLD)


def test_every_sentence_is_recognised_with_values_in_it() -> None:
    values = [f"zq{n}-{n}9" for n in range(10)]
    wrong = {text: said for text, (said,) in TOLD.items() if SAY(text.format(*values)) != said.format(*values)}
    assert not wrong


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        (
            "cam-01 (10.20.1.11): GetUsers: wrong password for 'fleetctl'. Not retried, to spare the lock-out",
            "cam-01 (10.20.1.11): GetUsers: sai mật khẩu của 'fleetctl'. Không thử lại, để tránh bị khóa",
        ),
        (
            "GetUsers: wrong password for 'x', who was let in before: changed there, reset, or out of connections?"
            " Not retried, to spare the lock-out",
            "GetUsers: sai mật khẩu của 'x', trước đây từng được vào: đã đổi tại thiết bị, đã đặt lại, hay hết kết nối?"
            " Không thử lại, để tránh bị khóa",
        ),
        (
            "1 is not formatted: fleetctl device format-disk DEVICE 1; 2 has failed; replace it",
            "1 chưa định dạng: fleetctl device format-disk DEVICE 1; 2 đã hỏng; hãy thay",
        ),
        (
            "time_zone is 5, not text. Mend: write text",
            "time_zone là 5, không phải chữ. Cách sửa: viết chữ",
        ),
        ("needs viet-hung-nvr, which ended as failed", "cần viet-hung-nvr, mà nó kết thúc là thất bại"),
        (
            "the camera cannot do 30 with H265 here (nearest possible: 25)",
            "ở đây camera không làm được 30 với H265 (gần nhất có thể: 25)",
        ),
        ("the vault has no password for x", "kho không có mật khẩu cho x"),
        (
            "cam-01: the vault has no password for x. Take the device in: fleetctl adopt --limit cam-01",
            "cam-01: kho không có mật khẩu cho x. Hãy tiếp nhận thiết bị: fleetctl adopt --limit cam-01",
        ),
        (
            "no login is tried before 2026-11-26 09:43: the device said that it is locked",
            "không thử đăng nhập trước 2026-11-26 09:43: thiết bị nói rằng đang bị khóa",
        ),
        (
            "is b, which has not the form [a]+. Mend: expected is: host name on the network: letters, digits, hyphens",
            "là b, không đúng dạng [a]+. Cách sửa: cần có: tên máy trên mạng: chữ cái không dấu, chữ số, dấu gạch nối",
        ),
        ("a device's own words", "a device's own words"),
        ("", ""),
    ],
)
def test_what_is_made_of_several_sentences_is_taken_apart(english: str, vietnamese: str) -> None:
    assert SAY(english) == vietnamese
    assert Language("en").reason(english) == english


def test_errors_are_told_in_the_readers_language_also_inside_other_texts() -> None:
    say = Language("vi")
    fault = Fault(file="a.yml", line=3, column=5, reason="`long` is no IP address", mend="write one word or line")
    assert say.error(Refused("the upload is refused to this login")) == "tài khoản này bị từ chối tải tệp lên"
    assert say.error(InventoryError([fault])) == (
        "a.yml:3:5: `long` không phải địa chỉ IP. Cách sửa: viết một từ hoặc một dòng"
    )
    told = say("{name} could not be told: {error}", name="x", error=Unreachable("the answer is cut off"))
    assert told.endswith(": câu trả lời bị cụt")
    assert Language("en").error(InventoryError([fault])) == str(fault)


def test_what_a_device_says_at_length_takes_no_time_to_be_looked_at() -> None:
    told = "; ".join(["a is not formatted", "b has failed"] * 500)
    assert len(SAY(told)) >= len(told)


def test_what_stands_where_a_secret_would_is_told_in_the_readers_language() -> None:
    say = Language("vi")
    assert say.value("{level: user, password: (in the vault)}") == "{level: user, password: (trong kho)}"
    assert [say.value(text) for text in ("as it came", "of the vault", "it came")] == [
        "như lúc xuất xưởng",
        "theo kho",
        "it came",
    ]
    assert Language("en").value("(in the vault)") == "(in the vault)"
