"""The page that a department reads: sites by area, the trend, clocks, recordings; nothing is fetched."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from lxml import html
from prometheus_client.parser import text_string_to_metric_families

from fleetctl.aspects.retention import Retention
from fleetctl.aspects.time import Time
from fleetctl.model import AspectPlan, Device, DevicePlan, Endpoint, Finished, Kind, Outcome, Planned
from fleetctl.reports.files import Night, Run
from fleetctl.reports.html import page
from fleetctl.reports.prometheus import textfile
from fleetctl.reports.tally import Tally


def device(name: str, site: str, area: str) -> Device:
    return Device(name=name, kind=Kind.NVR, site=site, area=area, endpoint=Endpoint(address="10.0.0.1"))


@pytest.fixture
def seen(finished: Run) -> Run:
    """Three recorders at sites of two areas, with clocks and recordings, after three nights."""
    known = {d.name: d for d in (device("a", "s1", "north"), device("b", "s2", "south"), device("c", "s3", "north"))}
    tally = Tally(known)
    for name, error, days in (("a", 0.4, 31.0), ("b", -7.5, 12.0), ("c", 1.0, 40.0)):
        aspects = (
            AspectPlan(aspect="time", outcome=Outcome.UNCHANGED, actual=Time(clock_error_s=error)),
            AspectPlan(
                aspect="retention",
                outcome=Outcome.UNCHANGED,
                actual=Retention(holds_days=days),
                expected=Retention(at_least_days=30),
            ),
        )
        site = known[name].site
        plan = DevicePlan(device=name, kind=Kind.NVR, site=site, aspects=aspects)
        tally.add(Planned(device=name, plan=plan))
        outcome = Outcome.PENDING if name == "b" else Outcome.UNCHANGED
        tally.add(Finished(device=name, site=site, outcome=outcome))
    nights = tuple(
        Night(ended=finished.ended - timedelta(days=n), outcomes={Outcome.UNCHANGED: 3 - n, Outcome.UNREACHABLE: n})
        for n in (2, 1, 0)
    )
    return dataclasses.replace(finished, tally=tally, nights=nights)


def table(told: html.HtmlElement, title: str) -> list[list[str]]:
    found = told.xpath(f"//h2[.='{title}']/following::table[1]//tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in found]


def test_sites_stand_under_their_area_the_worst_first(seen: Run) -> None:
    rows = table(html.fromstring(page(seen)), "Sites")
    assert [row[0] for row in rows[1:]] == ["south", "s2", "north", "s1", "s3"]


def test_trend_clocks_and_recordings_are_told_the_worst_first(seen: Run) -> None:
    told = html.fromstring(page(seen))
    assert [row[1:4] for row in table(told, "Trend")[1:]] == [["1", "–", "2"], ["2", "–", "1"], ["3", "–", "–"]]
    assert table(told, "Clocks")[1:] == [["b", "-7.5 s"], ["c", "+1.0 s"], ["a", "+0.4 s"]]
    assert table(told, "Recordings")[1:] == [["b", "12.0", "30"], ["a", "31.0", "30"], ["c", "40.0", "30"]]
    text = told.text_content()
    assert "2 of 3 are right to within 2 s." in text
    assert "2 of 3 recorders hold what is asked." in text


def test_clocks_and_recordings_are_metrics_of_their_devices(seen: Run) -> None:
    found = {family.name: family.samples for family in text_string_to_metric_families(textfile(seen))}
    offsets = {sample.labels["device"]: sample.value for sample in found["fleetctl_clock_offset_seconds"]}
    assert offsets == {"a": 0.4, "b": -7.5, "c": 1.0}
    assert [sample.value for sample in found["fleetctl_recordings_held_days"]] == [31.0, 12.0, 40.0]


def test_the_page_fetches_nothing_and_a_screen_reader_finds_its_way(seen: Run) -> None:
    text = page(seen)
    told = html.document_fromstring(text)
    assert not told.xpath("//script | //link | //img | //iframe | //*[@src]")
    assert not [href for href in told.xpath("//@href") if not href.startswith("#")]
    assert "url(" not in text
    assert told.get("lang") == seen.say.code
    assert len(told.xpath("//main")) == len(told.xpath("//h1")) == 1
    assert all(cell.get("scope") for cell in told.xpath("//th"))
    for region in told.xpath("//*[@role='region']"):
        assert region.get("aria-label")
        assert region.get("tabindex") == "0", "what scrolls can be scrolled with the keyboard"
    (skip,) = told.xpath("//a[@class='skip']")
    assert told.xpath(f"//*[@id='{skip.get('href')[1:]}']")


def test_a_run_without_measurements_or_earlier_nights_leaves_those_parts_out(finished: Run) -> None:
    titles = [heading.text for heading in html.fromstring(page(finished)).iter("h2")]
    assert not {"Trend", "Clocks", "Recordings"} & set(titles)
