"""The dashboard in a real browser, at desktop, phone and A4: nothing is cut off, all is reached, axe finds nothing."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fleetctl.aspects.retention import Retention
from fleetctl.aspects.time import Time
from fleetctl.model import (
    AspectPlan,
    Change,
    Device,
    DevicePlan,
    Endpoint,
    Finished,
    Kind,
    Outcome,
    Planned,
    Result,
)
from fleetctl.reports.files import Night, Run
from fleetctl.reports.html import page
from fleetctl.reports.language import Language
from fleetctl.reports.tally import Tally
from tests.judges.fetch import NPM

HERE = Path(__file__).parent
AXE = NPM / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {"desktop": 1280, "phone": 390, "A4": 794}
SITES = {"viet_hung": "Phường Việt Hưng", "gia_thuy": "Phường Gia Thụy", "an_khanh": "Xã An Khánh"}
REASON = "GetUsers: wrong password for 'fleetctl', who was let in before: changed there, reset, or out of connections?"


WHO = {"time": "2026-11-26T04:12:00", "account": "thanh", "address": "10.20.1.77", "what": "remoteCfgParam"}


def devices() -> dict[str, Device]:
    kinds = (Kind.CAMERA, Kind.CAMERA, Kind.NVR, Kind.SWITCH)
    return {
        (name := f"{site.replace('_', '-')}-{kind.value}-{n:02}"): Device(
            name=name, kind=kind, site=site, area="long_bien", endpoint=Endpoint(address="10.20.1.11")
        )
        for site in SITES
        for n, kind in enumerate(kinds, 1)
    }


def plan(device: Device, number: int) -> DevicePlan:
    def change(aspect: str, field: str, before: Any, after: Any) -> Change:
        return Change(device=device.name, aspect=aspect, field=field, before=before, after=after)

    long = ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "10.0.0.10")
    changes = {
        1: (change("video", "main_frame_rate_fps", 25, 15), change("video", "main_bitrate_kbps", 4096, 2048)),
        2: (change("network", "dns_servers", long, ("10.0.0.10", "10.0.0.11")),),
    }.get(number % 4, ())
    outcome = Outcome.PENDING if changes else Outcome.UNCHANGED
    aspects = [
        AspectPlan(aspect="time", outcome=Outcome.UNCHANGED, actual=Time(clock_error_s=0.4 + 400.0 * number)),
        AspectPlan(aspect=changes[0].aspect if changes else "video", outcome=outcome, changes=changes),
    ]
    if device.kind is Kind.NVR:
        kept, asked = Retention(holds_days=12.5), Retention(at_least_days=30)
        aspects.append(AspectPlan(aspect="retention", outcome=Outcome.PENDING, actual=kept, expected=asked))
    return DevicePlan(
        device=device.name,
        kind=device.kind,
        site=device.site,
        aspects=tuple(aspects),
        manufacturer="HIKVISION",
        model="DS-2CD2143G2-I",
        firmware="V5.7.3 build 220112",
        serial_number="DS-2CD2143G2-I20210101AAWRF1234567",
    )


def audited() -> Run:
    """Return a night's audit with all that the page can show."""
    known = devices()
    tally, now = Tally(known), datetime(2026, 11, 26, 5, 30).astimezone()
    for number, device in enumerate(known.values()):
        outcome = (Outcome.UNCHANGED, Outcome.PENDING, Outcome.PENDING, Outcome.UNREACHABLE, Outcome.REFUSED)[
            number % 5
        ]
        reason = {Outcome.UNREACHABLE: "no answer", Outcome.REFUSED: REASON}.get(outcome, "")
        if reason:
            told = f"{device.name} (10.20.1.11): {reason}"
            whole = {"device": device.name, "kind": device.kind, "site": device.site, "aspect": ""}
            tally.add(Result(**whole, outcome=outcome, reason=told))
        else:
            tally.add(Planned(device=device.name, plan=plan(device, number)))
        tally.add(Finished(device=device.name, site=device.site, outcome=outcome))
    nights = tuple(
        Night(
            ended=now - timedelta(days=n),
            outcomes={Outcome.UNCHANGED: 9 - n % 3, Outcome.PENDING: n % 3, Outcome.UNREACHABLE: 1},
        )
        for n in range(13, -1, -1)
    )
    return Run(
        command="audit",
        tally=tally,
        exit_code=3,
        say=Language("vi"),
        begun=now - timedelta(seconds=42),
        ended=now,
        site_names=SITES,
        inventory="/srv/fleet/inventory",
        nights=nights,
        changed_by={("viet-hung-camera-02", "video.main_frame_rate_fps"): (WHO,)},
    )


def browser(folder: Path, *arguments: str) -> str:
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing. Mend: apt-get install chromium"
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    ran = subprocess.run([chromium, *fixed, *arguments], capture_output=True, text=True, timeout=100, check=True)
    return ran.stdout


def told_by(name: str, *arguments: str) -> str:
    program = shutil.which(name)
    assert program, f"{name} is missing. Mend: apt-get install poppler-utils"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("pages")
    told = page(audited())
    (folder / "page.html").write_text(told, "utf-8")
    return folder, told


def test_at_every_width_nothing_is_cut_off_all_is_reached_by_keyboard_and_axe_finds_nothing(
    shown: tuple[Path, str],
) -> None:
    folder, told = shown
    assert AXE.is_file(), "axe-core is missing. Mend: python -m tests.judges.fetch"
    shutil.copyfile(AXE, folder / "axe.js")
    shutil.copyfile(HERE / "pages.js", folder / "pages.js")
    scripts = '<script src="axe.js"></script><script src="pages.js"></script></body>'
    (folder / "judged.html").write_text(told.replace("</body>", scripts), "utf-8")
    frames = "".join(
        f'<iframe src="judged.html" style="width:{width}px;height:900px;border:0"></iframe>'
        for width in WIDTHS.values()
    )
    listens = 'addEventListener("message", (e) => document.querySelector("pre").append(e.data + "\\n"))'
    around = f"<!doctype html><body><pre></pre><script>{listens}</script>{frames}</body>"
    (folder / "around.html").write_text(around, "utf-8")
    dom = browser(
        folder, "--allow-file-access-from-files", "--virtual-time-budget=60000", "--dump-dom",
        f"file://{folder}/around.html",
    )  # fmt: skip
    found = re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)
    assert found is not None
    judged = {(one := json.loads(line))["width"]: one for line in html.unescape(found[1]).splitlines()}
    assert set(judged) == set(WIDTHS.values())
    for name, width in WIDTHS.items():
        one = judged[width]
        assert one["looked"] > 20, "axe did look"
        assert (name, one["wide"] <= width, one["cut"], one["unreached"], one["violations"]) == (name, True, [], [], [])


def test_it_prints_on_a4_with_every_device_and_every_letter(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    printed = folder / "a4.pdf"
    browser(folder, "--no-pdf-header-footer", f"--print-to-pdf={printed}", f"file://{folder}/page.html")
    about = told_by("pdfinfo", str(printed))
    assert re.search(r"Page size:\s+59[45]\.\d+ x 84[12]\.\d+ pts \(A4\)", about), about
    text = told_by("pdftotext", "-layout", str(printed), "-")
    words = "".join(text.split())
    assert all(name in words for name in devices())
    assert all("".join(name.split()) in words for name in SITES.values())
    assert "khôngtrảlời" in words
