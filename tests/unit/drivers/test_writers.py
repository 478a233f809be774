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
    """An ISAPI session that has only a log."""

    def __init__(self, *entries: tuple[str, str]) -> None:
        self.entries, self.asked = entries, list[str]()

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
        told = f"<R><responseStatusStrg>{more}</responseStatusStrg><matchList>{items}</matchList></R>"
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
    assert len(log.asked) == 1 + 5, "a log that never ends is read for five pages"
    assert "2026-11-25T08:00:00Z" in log.asked[0]


class Finder:
    """A CGI session that has only a log."""

    def __init__(self, token: str, told: dict[str, str]) -> None:
        self.token, self.told, self.asked = token, told, list[str]()

    def read(self, page: str, action: str, query: str = "", *, fresh: bool = False) -> dict[str, str]:
        self.asked.append(f"{page}.{action}")
        if page == "global":
            return {"result": "2026-11-26 08:00:00"}
        return {"startFind": {"token": self.token}, "doFind": self.told, "stopFind": {}}[action]


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
