"""A broken site is brought back from a bundle with no other file at hand; back home, there is nothing left to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fleetctl import bundle as sealing
from fleetctl.cli.main import main
from fleetctl.lab import control
from tests.lab.killed import killed
from tests.lab.office import Office
from tests.lab.recorders import wait_for
from tests.lab.secrets import in_files, of_office
from tests.ran import Ran

SITE, ONE, TWO, NVR = "dahua", "dahua-cam-1", "dahua-cam-2", "dahua-nvr"


@dataclass
class Laptop(Office):
    """A machine that has one file and where its passphrase is; `root` is the folder that both are in."""

    file: Path = field(default_factory=Path)

    def run(self, *arguments: str) -> Ran:
        words = ("--bundle", str(self.file), "--bundle-key", str(self.root / "words"), *arguments)
        return self.printed(lambda: main(["--lang", "en", *words]))


@pytest.fixture
def home(recording: Callable[[str], Office], tmp_path: Path) -> Iterator[Office]:
    """Give sites in step, their recorders connected."""
    office = recording("in step").copy(tmp_path / "home")
    for channel in ("1", "2"):
        wait_for(office, NVR, channel, online=True)
    office.forget()
    yield office
    office.lab_down()


@pytest.fixture
def laptop(home: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """Give a laptop with the bundle of the site, in an empty folder of an empty user."""
    root = tmp_path / "laptop"
    root.mkdir()
    (root / "words").write_text("bốn từ không ai đoán\n", "utf-8")
    made = tmp_path / "site.bundle"
    home.expect(0, "site", "bundle", SITE, "-o", str(made), "--passphrase-file", str(root / "words"), "--for", "An")
    shutil.move(made, root / "site.bundle")
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.chdir(root)
    return Laptop(root, file=root / "site.bundle")


@pytest.mark.timeout(300)  # beside whole sites that are made for it
def test_a_broken_site_is_restored_from_a_bundle_and_home_finds_nothing_to_do(home: Office, laptop: Laptop) -> None:
    home.break_(NVR, "reset")
    home.wait(NVR)
    for camera in (ONE, TWO):
        control.change(home.lab_dir, camera, "network", dns=["9.9.9.9"])
    for refused in (("apply", "--limit", SITE, "--yes"), ("adopt", "--again", "--limit", NVR, "--yes")):
        ran = home.json(*refused)
        assert (ran.code, "taken along by An" in ran.err) == (1, True), ran
    assert not home.writes()
    control.change(home.lab_dir, "k-cam-1", "network", dns=["9.9.9.9"])
    ran = home.expect(3, "apply", "--limit", f"k-cam-1,{ONE}", "--yes")  # of several sites the others are written
    assert ran.outcomes == {"k-cam-1": "changed", ONE: "pending"}
    assert "taken along by An" in ran.reason(ONE)
    assert set(home.writes(ONE).values()) <= {0}

    hidden = home.root.with_name("away")  # no other file is at hand: home's are not even there
    home.inventory.rename(hidden)
    try:
        assert killed(laptop, "sending", 1, "site", "restore", SITE, "--yes")
        assert list((laptop.root / ".local/state/fleetctl/bundles").glob("*/inventory"))
        ran = laptop.run("site", "restore", SITE, "--yes")
    finally:
        hidden.rename(home.inventory)
    assert ran.code == 0, ran
    assert "what it did is taken up" in ran.err
    assert sealing.read(laptop.file).state.generation == 2
    _nothing_is_left_on_the_laptop(home, laptop)

    told = home.expect(0, "site", "return", str(laptop.file), "--yes").lines[-1]
    assert told["runs"] > 2
    home.forget()
    ran = home.expect(0, "apply", "--limit", SITE, "--yes")
    assert set(ran.outcomes.values()) <= {"unchanged", "unsupported"}, ran.outcomes
    assert not home.writes()
    assert not [home.refused(name) for name in (ONE, TWO, NVR) if home.refused(name)]
    again = home.expect(0, "site", "return", str(laptop.file), "--yes").lines[-1]
    assert again["runs"] == 0
    kinds = [run.kind for run in home.workspace.journal.runs(last=60)]
    assert {"adopt", "apply", "site bundle", "site return"} <= set(kinds)


def _nothing_is_left_on_the_laptop(home: Office, laptop: Laptop) -> None:
    """See that the folder is gone, and that no password stands in what there is."""
    left = [path for path in laptop.root.rglob("*") if path.is_file()]
    assert {path.name for path in left} >= {"site.bundle", "words", "fleets"}
    assert not [path for path in left if path.suffix == ".db"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in left if path.name != "words"} == {0o600}
    assert not in_files(laptop.root, of_office(home))
