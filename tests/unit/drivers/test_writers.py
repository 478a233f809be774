"""Given a device's log, this is who changed its settings; what a log says at length or amiss is bounded."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from fleetctl.drivers.dahua import writers as dahua
from fleetctl.drivers.hikvision import writers as hikvision
from fleetctl.errors import BadAnswer
from fleetctl.protocols import xml

DAY = datetime.timedelta(days=1)


class Log:
    """An ISAPI session that has only a log; `total` 0: it does not say how long that is."""

    def __init__(self, *entries: tuple[str, str], total: int = 0) -> None:
        self.entries, self.asked, self.total = entries, list[str](), total

    def read(self, _path: str, *, fresh: bool = False) -> Any:
        return xml.parse(b"<Time><localTime>2026-11-26T08:00:00+07:00</localTime></Time>")

    def ask(self, _path: str, body: str) -> Any:
        self.asked.append(body)
        known = "log.hikvision.com" in body
        items = "".join(
            f"<searchMatchItem><logDescriptor><metaId>log.hikvision.com/Operation/{what}</metaId>"
            f"<StartDateTime>{when}</StartDateTime><userName>an</userName><ipAddress>10.0.0.9</ipAddress>"
            "</logDescriptor></searchMatchItem>"
            for what, when in (self.entries if known else ())
        )
        more = "MORE" if known else "NO MATCHES"
        total = f"<totalMatches>{self.total}</totalMatches>" if self.total and known else ""
        told = f"<R><responseStatusStrg>{more}</responseStatusStrg>{total}<matchList>{items}</matchList></R>"
        return xml.parse(told.encode())


def test_a_log_of_operations_is_asked_in_both_families_and_only_changes_count() -> None:
    entries = [
        ("remoteLogin", "2026-11-26T01:00:00Z"),
        ("remoteCfgParam", "2026-11-26T01:02:03Z"),
        ("remoteGetParam", "2026-11-26T01:03:00Z"),
        ("localCfgParam", "2026-11-26T01:04:00Z"),
        ("remoteCfgParam", "no time"),
    ]
    log = Log(*entries)
    told = hikvision.writers(log, DAY)  # type: ignore[arg-type]
    assert {(each.account, each.address, each.what) for each in told} == {
        ("an", "10.0.0.9", "remoteCfgParam"),
        ("an", "10.0.0.9", "localCfgParam"),
    }
    assert told[0].time > told[-1].time
    assert len(log.asked) == 1 + 2, "a log that tells the same page again and again is read no further"
    assert "2026-11-25T08:00:00Z" in log.asked[0]


def test_of_a_long_log_of_operations_the_end_is_read_and_a_channel_is_no_operation() -> None:
    log = Log(("remoteCfgParam/16", "2026-11-26T01:02:03Z"), total=1000)
    (one,) = hikvision.writers(log, DAY)  # type: ignore[arg-type]
    assert one.what == "remoteCfgParam"
    assert ["<searchResultPostion>800<" in body for body in log.asked] == [False, False, True, False]


class Finder:
    """A CGI session that has only a log."""

    def __init__(self, token: str, told: dict[str, str], count: int = 0) -> None:
        self.token, self.told, self.asked, self.count = token, told, list[str](), count

    def read(self, page: str, action: str, query: str = "", *, fresh: bool = False) -> dict[str, str]:
        self.asked.append(f"{page}.{action}")
        self.count //= 2 if action == "startFind" else 1
        if page == "global":
            return {"result": "2026-11-26 08:00:00"}
        return {"startFind": {"token": self.token, "count": str(self.count)}, "doFind": self.told, "stopFind": {}}[
            action
        ]


def test_a_search_in_the_log_is_ended_and_logins_are_no_changes() -> None:
    told = {
        "found": "3",
        "items[0].Type": "LogIn", "items[0].User": "an", "items[0].Time": "2026-11-26 07:00:00",
        "items[1].Type": "SaveConfig", "items[1].User": "an", "items[1].Time": "2026-11-26 07:01:00",
        "items[1].Detail.Data": "NTP",
        "items[2].Type": "SaveConfig", "items[2].User": "an", "items[2].Time": "?",
    }  # fmt: skip
    log = Finder("7", told)
    (one,) = dahua.writers(log, DAY)  # type: ignore[arg-type]
    assert (one.account, one.what, one.address) == ("an", "SaveConfig NTP", "")
    assert log.asked[-1] == "log.stopFind"
    with pytest.raises(BadAnswer, match="is no search"):
        dahua.writers(Finder("none", {}), DAY)  # type: ignore[arg-type]


def test_a_long_log_is_asked_for_shorter_spans_and_what_it_tells_in_lines_is_one_text() -> None:
    told = {
        "found": "2",
        "items[0].Type": "Save Config", "items[0].UserName": "an", "items[0].Time": "2026-11-26 07:01:00",
        "items[0].Detail": "Config Name:NTP\nChannel:1", "items[0].LogAddress": "10.0.0.9",
        "items[1].Type": "Login", "items[1].Detail": "User group:admin", "items[1].Time": "2026-11-26 07:00:00",
    }  # fmt: skip
    log = Finder("7", told, count=4000)
    (one,) = dahua.writers(log, DAY)  # type: ignore[arg-type]
    assert (one.address, one.what) == ("10.0.0.9", "Save Config Config Name:NTP, Channel:1")
    assert log.asked.count("log.startFind") == log.asked.count("log.stopFind") == 3
    endless = Finder("7", told, count=10**9)
    assert dahua.writers(endless, DAY) == ()  # type: ignore[arg-type]
    assert "log.doFind" not in endless.asked
