"""A site behind a relay, by the command: its key taken in once, everything through it, a changed key refused."""

from __future__ import annotations

import re
from collections.abc import Callable

from fleetctl.protocols import tunnel
from tests.lab.office import Office
from tests.lab.test_tunnel import Relay, at_home, relay

__all__ = ["at_home", "relay"]  # fixtures

SITE = "viet_hung"


def test_a_site_behind_a_relay_comes_into_step_once_its_key_is_on_record(
    offices: Callable[..., Office], relay: Relay
) -> None:
    office = offices("pilot-fresh")
    office.overlay(f"{SITE}:\n  vars:\n    site_via: {relay.via}\n")
    refused = office.expect(2, "adopt", "--yes", "--limit", SITE)
    shown = re.search(r"SHA256:[A-Za-z0-9+/=]+", refused.err)
    assert shown is not None
    assert office.requests() == 0, "nothing is sent before the relay is known"
    unknown = office.run("discover", "--site", SITE, "--range", "127.20.1.11-127.20.1.14")
    assert (unknown.code, "not on record" in unknown.err) == (1, True), "no address seems empty for that"
    tunnel.close_all()  # the next command would be another process
    office.expect(0, "adopt", "--yes", "--limit", SITE, "--relay-key", shown[0])
    told = office.expect(0, "discover", "--site", SITE, "--range", "127.20.1.11-127.20.1.16")
    seen = {line["address"]: line for line in told.lines if line["type"] == "found"}
    assert set(seen) == {f"127.20.1.{n}" for n in (11, 12, 13, 14)}, "through the relay only, one by one"
    assert {(line["ways"][0], line["via"]) for line in seen.values()} == {("http", relay.via)}
    assert {line["standing"] for line in seen.values()} <= {"known", "presumed"}
    office.expect(0, "apply", "--yes", "--limit", SITE)
    office.expect(0, "audit", "--limit", SITE)
    relay.stop()
    tunnel.close_all()  # the next command would be another process
    assert set(office.expect(4, "--json", "audit", "--limit", SITE).outcomes.values()) == {"unreachable"}


def test_a_relay_that_shows_another_key_is_refused_and_told(offices: Callable[..., Office], relay: Relay) -> None:
    office = offices("pilot-adopted")
    office.overlay(f"{SITE}:\n  vars:\n    site_via: {relay.via}\n")
    shown = re.search(r"SHA256:[A-Za-z0-9+/=]+", office.expect(2, "adopt", "--yes", "--again", "--limit", SITE).err)
    assert shown is not None
    office.expect(0, "adopt", "--yes", "--again", "--limit", SITE, "--relay-key", shown[0])
    relay.stop()
    tunnel.close_all()  # the next command would be another process
    (relay.folder / "other_key").replace(relay.folder / "host_key")
    relay.start()
    ran = office.expect(1, "--json", "audit", "--limit", SITE)
    assert set(ran.outcomes.values()) == {"refused"}
    assert "another host key" in ran.reason("viet-hung-cam-01")
