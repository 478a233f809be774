"""A run as other programs read it: JUnit XML for CI, a textfile for Prometheus."""

from __future__ import annotations

import dataclasses
import re

from lxml import etree

from fleetctl.model import Outcome, Result
from fleetctl.reports.files import Run
from fleetctl.reports.junit import document
from fleetctl.reports.prometheus import textfile

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} (-?\d+(?:\.\d+)?)")


def suites(run: Run) -> etree._Element:
    return etree.fromstring(document(run).encode())


def test_junit_has_a_suite_for_each_site_and_counts_what_is_in_it(finished: Run) -> None:
    root = suites(finished)
    assert [suite.get("name") for suite in root] == ["a", "b"]
    for owner in (root, *root):
        assert int(owner.get("tests", "")) == len(owner.findall(".//testcase"))
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(owner.get(count, "")) == len(owner.findall(f".//{tag}")), count


def test_junit_tells_drift_as_failure_what_is_out_of_reach_as_error_and_the_unsupported_as_skipped(
    finished: Run,
) -> None:
    found = {case.get("name"): [child.tag for child in case] for case in suites(finished).iter("testcase")}
    assert found["a-cam-01.time"] == ["failure"]
    assert found["b-cam-01.video"] == ["skipped"]
    assert found["b-cam-02"] == ["error"]
    (failure,) = suites(finished).xpath("//testcase[@name='a-cam-01.time']/failure")
    assert failure.get("type") == "pending"
    assert failure.text == "time.ntp_servers: [], expected [10.0.0.10, 10.0.0.11]"


def test_what_a_device_says_breaks_no_document(finished: Run) -> None:
    reason = "\x00<b>\ud800\x1b]]>&\n"
    device = finished.tally.devices["a-cam-01"]
    told = Result(device=device.name, kind=device.kind, site="a", aspect="osd", outcome=Outcome.FAILED, reason=reason)
    finished.tally.add(told)
    (failure,) = suites(finished).xpath("//testcase[@name='a-cam-01.osd']/failure")
    assert "<b>" in failure.get("message")


def test_every_line_for_prometheus_is_a_sample_and_every_metric_stands_once(finished: Run) -> None:
    told = textfile(finished)
    assert told.endswith("\n")
    samples = [line for line in told.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    assert len({line.rpartition(" ")[0] for line in samples}) == len(samples), "no sample twice"
    assert told.count("# TYPE fleetctl_devices gauge\n") == 1
    assert 'fleetctl_devices{site="a",kind="camera",outcome="pending"} 2' in samples
    assert 'fleetctl_device_up{device="b-cam-02",site="b",kind="camera"} 0' in samples
    assert 'fleetctl_exit_code{command="audit"} 3' in samples


def test_a_label_holds_whatever_a_site_is_called(finished: Run) -> None:
    odd = dataclasses.replace(finished, command='a"b\\c\nd')
    (line,) = [line for line in textfile(odd).splitlines() if line.startswith("fleetctl_exit_code")]
    assert line == 'fleetctl_exit_code{command="a\\"b\\\\c\\nd"} 3'
