"""What is refused, and what undoes itself: nothing is sent, or the way in stays open."""

from __future__ import annotations

import time

from tests.hosts.commune import KIOSK, NVR
from tests.hosts.fleet import Fleet


def test_a_variable_of_the_wrong_type_is_refused_before_anything_is_sent(hosts: Fleet) -> None:
    run = hosts.play("time", limit=NVR, time_serve_alone="perhaps")
    assert "time_serve_alone" in run.failed()[0]
    assert len(run.tasks) == 1


def test_a_zone_that_jumps_in_summer_is_refused(hosts: Fleet) -> None:
    run = hosts.play("time", limit=NVR, time_zone="Europe/Paris")
    assert "on Linux the zone decides" in run.failed()[0]
    assert run.changed() == []


def test_the_account_ansible_comes_in_with_is_never_lowered(hosts: Fleet) -> None:
    run = hosts.play("users", limit=KIOSK, users_accounts={"fleetctl": {"level": "user"}})
    assert "never removed or lowered" in run.failed()[0]


def test_a_firewall_without_the_network_ansible_comes_from_is_refused(hosts: Fleet) -> None:
    run = hosts.play("base", limit=KIOSK, base_firewall_admin_networks=["192.0.2.0/24"])
    assert "no network of base_firewall_admin_networks holds that" in run.failed()[0]
    assert "192.0.2" not in hosts[KIOSK].must("nft list ruleset")


def test_a_changed_host_key_is_never_accepted_silently(hosts: Fleet) -> None:
    known = hosts[KIOSK].known_hosts
    before = known.read_text()
    known.write_text(hosts[NVR].known_hosts.read_text().replace(hosts[NVR].address, hosts[KIOSK].address))
    try:
        hosts.forget()
        run = hosts.play("time", limit=KIOSK)
    finally:
        known.write_text(before)
    assert run.code == 4
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in run.text or "Host key verification failed" in run.text


def test_rules_that_cut_the_way_in_undo_themselves(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    kiosk.must("nft list ruleset > /run/before")
    undo = "nft flush ruleset; nft -f /run/before"  # as the role has it, in three seconds instead of sixty
    cut = "table inet cut { chain input { type filter hook input priority -1; policy drop; }; }"
    kiosk.put("/run/cut", cut)
    soon = "systemd-run --quiet --collect --on-active=3 --timer-property=AccuracySec=100ms"
    kiosk.must(f"{soon} sh -c '{undo}'; nft -f /run/cut &")
    deadline = time.monotonic() + 30
    while not kiosk.run("true", timeout_s=10).ok:
        assert time.monotonic() < deadline
    assert "cut" not in kiosk.must("nft list ruleset")
