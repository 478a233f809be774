"""Requirements judged from the command line: read from devices, counted in the inventory, attested, waived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetctl.lab import control
from tests.lab.office import Office

CAM, SITE = "viet-hung-cam-03", "viet_hung"
DRAFT = """\
pack: draft
version: 1
title: {en: Draft, vi: Nháp}
checks:
  - {id: resolution, clause: "1", severity: high, kinds: [camera], setting: video.main_resolution,
     is: at_least_pixels, value: 1280x720, text: {en: sharp, vi: nét}, remedy: {en: mend, vi: sửa}}
  - {id: dns, clause: "2", severity: high, kinds: [camera], setting: network.dns_servers, is: equal,
     value: [10.0.0.53, 10.0.0.54], mend: network_dns_servers, text: {en: ours, vi: đúng}, remedy: {en: set, vi: đặt}}
  - {id: cameras, clause: "4", severity: high, count: camera, per: desk, value: 1,
     text: {en: seen, vi: nhìn thấy}, remedy: {en: buy, vi: mua}}
  - {id: recorder, clause: "3", severity: high, count: nvr, per: site, value: 1,
     text: {en: recorder, vi: đầu ghi}, remedy: {en: buy, vi: mua}}
"""


def test_a_draft_pack_tells_who_would_fail_and_writes_nothing(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    draft = office.root / "draft.yml"
    draft.write_text(DRAFT, encoding="utf-8")
    control.change(office.lab_dir, CAM, "network", dns=["9.9.9.9"])
    asked = ("standard", "check", "--pack", str(draft), "-l", SITE)

    def told(code: int) -> dict[tuple[str, str], dict[str, Any]]:
        lines = office.expect(code, *asked).lines[:-1]
        return {(line["requirement"], line["subject"]): line for line in lines}

    found = told(3)
    assert office.writes() == {}
    dns = {subject: line["verdict"] for (check, subject), line in found.items() if check == "draft/dns"}
    assert dns == {f"viet-hung-cam-0{n}": "fail" if n == 3 else "pass" for n in (1, 2, 3, 4)}
    assert found["draft/dns", CAM]["actual"] == ["9.9.9.9"]
    assert found["draft/dns", CAM]["mend"] == "network_dns_servers"
    assert found["draft/recorder", SITE]["verdict"] == "fail", "these offices have cameras only"
    desks = {subject: line["verdict"] for (check, subject), line in found.items() if check == "draft/cameras"}
    assert desks == {f"{SITE}: Quầy {n}": "pass" for n in (1, 2, 3, 4)}

    agreed = ("--owner", "An", "--reason", "being bought", "--until", "2099-12-31")
    office.expect(0, "waiver", "add", SITE, "draft/recorder", *agreed)
    office.expect(0, "waiver", "add", CAM, "draft/dns", *agreed)
    found = told(0)
    assert {found["draft/recorder", SITE]["verdict"], found["draft/dns", CAM]["verdict"]} == {"waived"}

    control.break_(office.lab_dir, "viet-hung-cam-01", "unplug")
    assert told(4)["draft/resolution", "viet-hung-cam-01"]["verdict"] == "unreachable"
    people = office.run(*asked).out
    assert "sharp (resolution)" in people
