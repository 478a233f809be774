"""The catalogue, and an image on its way: whole and unaltered, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from fleetctl.errors import UsageError
from fleetctl.images import Catalogue
from fleetctl.protocols.upload import PIECE, Upload

TOLD: dict[str, Any] = {"vendor": "generic", "models": ("HI3516",), "version": "V1.08.03"}
CONTENT = b"a" + os.urandom(PIECE * 2 + 15) + b"z"  # altered at either end it is another one, whatever is drawn


@pytest.fixture
def there(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "firmware")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(CONTENT)
    return path


def left(there: Catalogue) -> list[str]:
    return sorted(path.suffix for path in there.folder.iterdir())


def test_an_image_is_kept_by_its_checksum_for_nobody_else_to_read(there: Catalogue, source: Path) -> None:
    image = there.add(source, TOLD)
    assert image.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert there.images() == (image,)
    assert there.image(image.key) == image
    assert there.path(image).read_bytes() == CONTENT
    assert {path.stat().st_mode & 0o777 for path in there.folder.iterdir()} == {0o600}
    again = there.add(source, {**TOLD, "notes": "tried on two"})
    assert there.images() == (again,)


def test_what_is_not_what_its_maker_published_is_not_taken_in(there: Catalogue, source: Path) -> None:
    with pytest.raises(UsageError, match="cut off or altered"):
        there.add(source, TOLD, expected_sha256="0" * 64)
    with pytest.raises(UsageError, match="is empty"):
        there.add(Path(os.devnull), TOLD)
    assert left(there) == []


def test_a_full_disk_leaves_nothing_behind(there: Catalogue, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    there.folder.mkdir()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="no room"):
        there.add(source, TOLD)
    assert left(there) == []


def test_a_file_that_may_grow_no_further_leaves_nothing_behind(there: Catalogue, source: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) - 1, hard))  # the kernel's own refusal, not a fake's
    try:
        with pytest.raises(UsageError, match="no room"):
            there.add(source, TOLD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left(there) == []


def test_an_image_that_was_altered_where_it_lies_is_told_before_anything_is_sent(
    there: Catalogue, source: Path
) -> None:
    image = there.add(source, TOLD)
    there.check(image)
    there.path(image).write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(UsageError, match="Nothing was sent"):
        there.check(image)


@pytest.mark.parametrize("altered", [CONTENT[:-1], CONTENT[:-1] + b"?", CONTENT + b"?", b"?" + CONTENT[1:]])
def test_the_end_of_an_altered_image_is_not_sent(tmp_path: Path, altered: bytes) -> None:
    path = tmp_path / "image"
    path.write_bytes(altered)
    upload = Upload(path, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), before=b"<", after=b">")
    sent: list[bytes] = []
    with pytest.raises(UsageError, match="its end was not sent"):
        sent.extend(upload.pieces())
    assert sum(len(piece) for piece in sent) < 1 + len(CONTENT)


def test_a_whole_image_is_sent_as_it_is_with_what_stands_around_it(source: Path) -> None:
    told: list[int] = []
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    upload = Upload(source, len(CONTENT), sha256, before=b"<", after=b">", progress=told.append)
    for _ in range(2):
        assert b"".join(upload.pieces()) == b"<" + CONTENT + b">"
    assert len(upload) == len(CONTENT) + 2
    assert upload.gone == len(CONTENT)
    assert told[-1] == 100
    assert max(len(piece) for piece in upload.pieces()) <= PIECE + 1, "memory does not grow with the file"
