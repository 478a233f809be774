"""The file of a bundle: nobody alters it unseen, whatever the byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl import bundle
from fleetctl.bundle import Issue
from fleetctl.bundle.container import head
from fleetctl.bundle.keys import private, public
from fleetctl.errors import UsageError

FLEET, OWN = private("11" * 32), private("22" * 32)
ISSUE = Issue(
    bundle="0a0b0c0d",
    fleet=public(FLEET),
    key=public(OWN),
    home="age1home",
    site="k",
    site_name="Phường K",
    made="2026-11-01T08:00:00+07:00",
    expires="2026-11-15T08:00:00+07:00",
    by="an",
    host="office",
    holder="Nguyễn Văn An",
)
PARTS = {"lock": b"the lock", "images": b"", "work": b"the work" * 9}
WORDS = "GÓI LÀM VIỆC\n{a line that begins as the issue does}\n"


def written(path: Path, issue: Issue = ISSUE, fleet: Ed25519PrivateKey = FLEET) -> Path:
    top = head(WORDS, issue, fleet)
    bundle.write(path, top, PARTS, OWN, generation=1, written=ISSUE.made, host="office")  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("bundle") / "k.bundle")


def test_what_is_written_reads_back_and_begins_with_words_for_people(whole: Path) -> None:
    told = bundle.read(whole)
    assert (told.issue, told.state.generation) == (ISSUE, 1)
    assert {name: told.part(name) for name in PARTS} == PARTS
    assert whole.read_bytes().decode("utf-8", "replace").startswith("fleetctl bundle 1\nGÓI LÀM VIỆC\n {a line")
    assert whole.stat().st_mode & 0o777 == 0o600


@settings(max_examples=300, deadline=None)
@given(place=st.integers(min_value=0), mask=st.integers(1, 255))
def test_any_byte_that_is_altered_is_found(whole: Path, place: int, mask: int) -> None:
    content = bytearray(whole.read_bytes())
    content[place % len(content)] ^= mask
    other = whole.with_suffix(".altered")
    other.write_bytes(content)
    with pytest.raises(UsageError, match=r"altered|cut off|cannot be understood"):
        bundle.read(other)


@settings(max_examples=60, deadline=None)
@given(length=st.integers(min_value=0), more=st.booleans())
def test_a_file_that_was_cut_off_or_added_to_is_refused(whole: Path, length: int, more: bool) -> None:
    content = whole.read_bytes()
    other = whole.with_suffix(".length")
    other.write_bytes(content + b"x" if more else content[: length % len(content)])
    with pytest.raises(UsageError, match=r"altered|cut off|added|cannot be understood"):
        bundle.read(other)


def test_a_longer_time_to_work_that_home_did_not_issue_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "k.bundle", replace(ISSUE, expires="2036-11-15T08:00:00+07:00"), fleet=OWN)
    with pytest.raises(UsageError, match="what home issued was altered"):
        bundle.read(path)
