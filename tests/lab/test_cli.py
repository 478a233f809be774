"""The commands as a user types them, one after the other, against the lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.resources import folder

INVENTORY = """\
all:
  children:
    long_bien:
      children:
        viet_hung:
          vars: {site_name: Phường Việt Hưng, site_network: 10.81.1}
          hosts:
            viet-hung-cam-01: {ansible_host: 10.81.1.11, kind: camera, vendor: hikvision, desk: Quầy 1}
            viet-hung-cam-02: {ansible_host: 10.81.1.12, kind: camera, vendor: dahua, desk: Quầy 2}
"""
CAMERA = "viet-hung-cam-01"


class Desk:
    """A workspace and the command in it; no terminal, as from a timer."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LANG", "NO_COLOR", "COLUMNS")}
        done = subprocess.run(
            [sys.executable, "-m", "fleetctl.cli.main", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=90,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self("--json", *arguments, code=code).stdout.splitlines()]
        assert lines[-1]["type"] == "summary"
        assert lines[-1]["exit_code"] == code
        return lines


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    source = tmp_path_factory.mktemp("source")
    (source / "sites.yml").write_text(INVENTORY, encoding="utf-8")
    for name in ("standard.yml", "kinds.yml", "zzz_kinds.yml"):
        (source / name).write_bytes((folder("inventory/pilot") / name).read_bytes())
    root = tmp_path_factory.mktemp("fleet") / "hà nội"
    told = Desk(source)
    told("init", str(root), "--from", str(source))
    told.root = root
    told("lab", "up", "--http-port", "0", "--https-port", "0", "--rtsp-port", "0")
    try:
        yield told
    finally:
        told("lab", "down")


@pytest.fixture(scope="module")
def adopted(desk: Desk) -> Desk:
    lines = desk.json("adopt", "--yes")
    assert [line["outcome"] for line in lines[:-1]] == ["changed", "changed"]
    return desk


@pytest.fixture(scope="module")
def applied(adopted: Desk) -> Desk:
    pending = adopted.json("plan", "-o", "monday.plan", code=3)
    assert pending[-1]["outcomes"] == {"pending": 2}
    done = adopted.json("apply", "monday.plan", "--yes")
    assert done[-1]["outcomes"] == {"changed": 2}
    return adopted


def test_what_was_applied_reads_back_in_step(applied: Desk) -> None:
    audit = applied("audit", "--report", "html:audit.html", "--report", "csv:audit.csv")
    assert "2 in step" in audit.stdout
    assert "Phường Việt Hưng" in (applied.root / "audit.html").read_text(encoding="utf-8")
    assert (applied.root / "audit.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_second_apply_has_nothing_to_do(applied: Desk) -> None:
    assert applied.json("apply", "--yes")[-1]["changes"] == 0


def test_one_device_is_shown_beside_what_is_expected(applied: Desk) -> None:
    shown = applied.json("device", "show", CAMERA, "--aspect", "osd")[0]
    assert (shown["name"], shown["kind"], shown["site"]) == (CAMERA, "camera", "viet_hung")
    (osd,) = shown["aspects"]
    assert osd["actual"]["text"] == osd["expected"]["text"] == "Phường Việt Hưng - Quầy 1"
    assert "osd.text" in applied("device", "show", CAMERA).stdout


def test_an_operation_is_called_by_hand_and_a_writing_one_needs_a_yes(applied: Desk) -> None:
    assert "GetNTPResponse" in applied("device", "call", CAMERA, "devicemgmt", "GetNTP").stdout
    refused = applied("device", "call", CAMERA, "devicemgmt", "SetHostname", "Name=other", code=2)
    assert "--yes" in refused.stderr


def test_drift_is_found_told_and_kept_in_the_history(applied: Desk) -> None:
    applied("device", "call", CAMERA, "devicemgmt", "SetHostname", "Name=other", "--yes")
    (line, _) = applied.json("audit", "--limit", CAMERA, "--aspect", "identity", code=3)
    (identity,) = line["aspects"]
    (change,) = identity["changes"]
    assert (change["field"], change["actual"], change["expected"]) == ("hostname", "other", CAMERA)
    assert "standard.yml:" in change["place"]
    lasting = applied.json("history", "--limit", CAMERA)
    assert [row["field"] for row in lasting[:-1]] == ["hostname"]
    applied("apply", "--yes", "--limit", CAMERA)
    assert applied.json("history", "--limit", CAMERA)[-1]["count"] == 0
    assert "other" in applied("history", "--limit", CAMERA, "--all").stdout


def test_the_runs_and_what_one_of_them_did_are_told(applied: Desk) -> None:
    runs = applied.json("history", "--runs")
    kinds = [run["command"] for run in runs[:-1]]
    assert {"adopt", "plan", "apply"} <= set(kinds)
    first = next(run["run"] for run in reversed(runs[:-1]) if run["command"] == "apply")
    entries = applied.json("history", "--run", str(first))
    assert {"Intent", "Result", "Finished"} <= {entry["event"] for entry in entries[:-1]}
    applied("history", "--run", "9999", code=2)


def test_the_status_of_a_site_is_told_without_asking_a_device(applied: Desk) -> None:
    applied("audit")
    (site, _) = applied.json("status")
    assert (site["site"], site["listed"], site["adopted"], site["in_step"]) == ("viet_hung", 2, 2, 2)


def test_what_breaks_in_the_lab_is_told_and_mended(applied: Desk) -> None:
    assert "ignore-writes" in applied("lab", "break", CAMERA).stdout
    applied("lab", "break", CAMERA, "unplug")
    assert applied.json("lab", "status")[0]["broken"] == {CAMERA: ["unplug"]}
    assert applied.json("audit", code=4)[-1]["outcomes"] == {"unchanged": 1, "unreachable": 1}
    applied("lab", "mend", CAMERA)
    assert applied.json("audit")[-1]["outcomes"] == {"unchanged": 2}
    applied("lab", "break", CAMERA, "nonsense", code=2)


def test_a_reboot_is_proven(applied: Desk) -> None:
    (device, _) = applied.json("device", "reboot", CAMERA, "--yes")
    assert device["outcome"] == "changed"
    assert device["up_s"] > device["down_s"]


def test_the_inventory_is_checked_listed_explained_and_drawn(applied: Desk) -> None:
    assert "2 devices at 1 site" in applied("inventory", "check").stdout
    assert [line["name"] for line in applied.json("inventory", "list")[:-1]] == [CAMERA, "viet-hung-cam-02"]
    explained = applied("inventory", "explain", CAMERA, "osd_text", "ansible_password").stdout
    assert "Phường Việt Hưng - Quầy 1" in explained
    assert "standard.yml" in explained
    assert f"--{CAMERA}" in applied("inventory", "graph", "viet_hung").stdout


def test_an_inventory_that_cannot_be_meant_sends_nothing(applied: Desk) -> None:
    path = applied.root / "inventory" / "wrong.yml"
    path.write_text(
        "all:\n  vars:\n    time_ntp_server: [10.0.0.1]\n    video_main_gop_length: many\n", encoding="utf-8"
    )
    try:
        before = applied.json("lab", "status")[0]["requests"]
        faults = applied.json("apply", "--yes", code=2)[0]["faults"]
        assert [fault["line"] for fault in faults if fault["file"].endswith("wrong.yml")] == [3, 4]
        assert applied.json("lab", "status")[0]["requests"] == before
    finally:
        path.unlink()
