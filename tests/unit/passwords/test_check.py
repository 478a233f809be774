"""`password check`: what is known of passwords without asking a device."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.model import Attempt, Finished, LoginJudged, Outcome, Started, Trouble
from fleetctl.operations import passwords
from fleetctl.operations.workspace import Workspace

GOOD, OTHER = "Kw7-mx2pQ.tz5_B", "Rd4.nc8wG-hv2_L"


def logged_in(workspace: Workspace, device: str, password: str, *, accepted: bool = True) -> None:
    mark = workspace.fingerprints.of(device, "fleetctl", password)
    with workspace.journal.run("audit", {}) as record:
        record(Started(device=device))
        record(Attempt(device=device, account="fleetctl", fingerprint=mark))
        record(LoginJudged(device=device, account="fleetctl", fingerprint=mark, accepted=accepted))
        record(Finished(device=device, site="viet_hung", outcome=Outcome.UNCHANGED if accepted else Outcome.REFUSED))


def troubles(workspace: Workspace, limit: str = "cam-01", **more: object) -> dict[str, dict[Trouble, str]]:
    found = passwords.check(workspace, limit, **more)  # type: ignore[arg-type]
    return {f"{each.device.name} {each.account}": dict(each.troubles) for each in found}


def test_a_good_password_that_was_accepted_is_no_trouble(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    logged_in(workspace, "cam-01", GOOD)
    assert troubles(workspace) == {"cam-01 fleetctl": {}}


def test_a_device_without_a_password_is_told(workspace: Workspace) -> None:
    assert list(troubles(workspace)["cam-01 fleetctl"]) == [Trouble.MISSING]


def test_a_maker_s_default_of_any_maker_is_told(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", "123456")  # Uniview's
    told = troubles(workspace)["cam-01 fleetctl"]
    assert list(told) == [Trouble.DEFAULT, Trouble.WEAK, Trouble.UNPROVEN]
    assert "123456" not in str(told)


def test_what_several_accounts_share_is_told_of_each_by_the_same_fingerprint(workspace: Workspace) -> None:
    for device in ("cam-01", "cam-02"):
        workspace.vault.set("viet_hung", device, "fleetctl", GOOD)
    workspace.vault.set("gia_thuy", "cam-03", "fleetctl", OTHER)
    found = passwords.check(workspace, "cam-*")
    assert [Trouble.SHARED in each.troubles for each in found] == [False, True, True]
    assert found[1].mark == found[2].mark != found[0].mark
    assert GOOD not in str([dataclasses.asdict(each) for each in found])


def test_a_vendor_s_own_policy_counts(workspace: Workspace) -> None:
    long = "Kw7-mx2pQ.tz5_BrN4"
    for device in ("cam-01", "cam-02"):
        workspace.vault.set("viet_hung", device, "fleetctl", long[: -1 if device == "cam-02" else None])
    told = troubles(workspace, "viet_hung:&cam-*")
    assert told["cam-01 fleetctl"][Trouble.WEAK] == "longer than 16 characters"  # Hikvision's
    assert Trouble.WEAK not in told["cam-02 fleetctl"]


def test_a_password_grows_old(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    logged_in(workspace, "cam-01", GOOD)
    later = datetime.now(UTC) + timedelta(days=91)
    assert troubles(workspace, old_days=91, now=later)["cam-01 fleetctl"] == {}
    assert troubles(workspace, old_days=90, now=later)["cam-01 fleetctl"] == {Trouble.OLD: "91 days old, 90 at most"}


def test_a_refused_password_and_one_never_tried_are_told_apart(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    workspace.vault.set("viet_hung", "cam-02", "fleetctl", OTHER)
    logged_in(workspace, "cam-01", GOOD, accepted=False)
    told = troubles(workspace, "viet_hung:&cam-*")
    assert list(told["cam-01 fleetctl"]) == [Trouble.REFUSED]
    assert list(told["cam-02 fleetctl"]) == [Trouble.UNPROVEN]


def test_a_prepared_password_that_was_never_promoted_is_told_with_when(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    logged_in(workspace, "cam-01", GOOD)
    workspace.vault.prepare("viet_hung", "cam-01", "fleetctl")
    told = troubles(workspace)["cam-01 fleetctl"]
    assert list(told) == [Trouble.PREPARED]
    assert told[Trouble.PREPARED].startswith("since 20")


def test_accounts_that_fleetctl_does_not_use_are_judged_by_the_vault_only(workspace: Workspace) -> None:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    workspace.vault.set("viet_hung", "cam-01", "giamsat", OTHER)
    logged_in(workspace, "cam-01", GOOD)
    assert troubles(workspace) == {"cam-01 fleetctl": {}, "cam-01 giamsat": {}}


@pytest.mark.parametrize("limit", ["viet_hung", "cam-03"])
def test_only_the_sites_of_these_devices_are_opened(workspace: Workspace, limit: str) -> None:
    other = "gia_thuy" if limit == "viet_hung" else "viet_hung"
    path = workspace.inventory_root / "group_vars" / other / "vault.yml"
    path.parent.mkdir(parents=True)
    path.write_text("vault_secrets: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  damaged\n")
    assert troubles(workspace, limit)
