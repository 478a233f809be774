"""Which passwords are rotated, and which stay since somebody would be locked out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fleetctl.errors import UsageError
from fleetctl.operations.rotation import Chosen, chosen
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.vault import Vault

CAMERA = "cam-01"


def prepared(workspace: Workspace, **more: Any) -> Workspace:
    """Let two accounts take turns on a camera; passwords of both and of the administrator are in the vault."""
    variables = {"channels_user": "ghihinh", "channels_standby_user": "ghihinh_2", **more}
    told = "".join(f"    {name}: {value}\n" for name, value in variables.items())
    (workspace.inventory_root / "zz.yml").write_text(
        f"all:\n  vars:\n{told}  hosts:\n    {CAMERA}: {{serial_number: S-1}}\n"
        f'    nvr-01: {{serial_number: S-9, channels_cameras: {{"1": {CAMERA}}}}}\n'
    )
    fresh = open_workspace(workspace.root)
    for account in ("fleetctl", "ghihinh", "ghihinh_2"):
        fresh.vault.set("viet_hung", CAMERA, account, f"Secret-of-{account}-1")
    return fresh


def asked(workspace: Workspace, *accounts: str, **more: Any) -> dict[str, Chosen]:
    (device,) = workspace.inventory.select(CAMERA)
    return {each.account: each for each in chosen(workspace, (device,), accounts, **more)}


def test_the_idle_account_takes_over_before_the_other_one_loses_its_password(workspace: Workspace) -> None:
    found = asked(prepared(workspace))
    assert list(found) == ["ghihinh_2", "ghihinh", "fleetctl"]
    assert (found["ghihinh_2"].instead, str(found["ghihinh_2"].holders[0])) == ("ghihinh", "nvr-01 channel 1")
    assert [each.reason for each in found.values()] == ["", "", ""]


def test_a_consumer_past_fleetctl_keeps_its_account_until_somebody_confirms(workspace: Workspace) -> None:
    made = prepared(workspace, password_consumers="{vms: [ghihinh]}")
    found = asked(made)
    assert found["ghihinh_2"].reason == "", "the recorder is moved all the same"
    assert "--confirm-consumer 'vms'" in found["ghihinh"].reason
    found = asked(made, confirmed=("vms",))
    assert (found["ghihinh"].reason, found["ghihinh"].consumers) == ("", ("vms",))
    with pytest.raises(UsageError, match="There are: vms"):
        asked(made, confirmed=("wall",))


def test_a_consumer_with_a_command_moves_with_the_recorders_to_the_idle_account(workspace: Workspace) -> None:
    made = prepared(
        workspace, password_consumers="{vms: {accounts: [ghihinh], command: [/bin/true]}, wall: [fleetctl]}"
    )
    found = asked(made)
    assert [str(holder) for holder in found["ghihinh_2"].holders] == ["nvr-01 channel 1", "vms"]
    assert (found["ghihinh"].reason, found["ghihinh"].holders) == ("", ())
    assert "--confirm-consumer 'wall'" in found["fleetctl"].reason


def test_a_linux_recorder_holds_a_login_of_the_cameras_of_its_site(workspace: Workspace) -> None:
    file = workspace.inventory_root / "viet_hung.yml"
    line = "        rec-01: {ansible_host: 127.0.0.15, kind: nvr, platform: linux, recorder_account: ghihinh"
    file.write_text(file.read_text() + f"{line}, recorder_standby_account: ghihinh_2}}\n")
    found = asked(prepared(workspace))
    assert [str(holder) for holder in found["ghihinh_2"].holders] == ["nvr-01 channel 1", "rec-01"]
    file.write_text(file.read_text().replace(", recorder_standby_account: ghihinh_2", ""))
    found = asked(prepared(workspace))
    assert found["ghihinh_2"].instead == "", "both go in place: one of the recorders knows no other account"
    assert (found["ghihinh"].reason, [str(holder) for holder in found["ghihinh"].holders]) == (
        "",
        ["nvr-01 channel 1", "rec-01"],
    )


def test_what_the_recorder_has_stays_where_the_other_account_cannot_take_over(workspace: Workspace) -> None:
    found = asked(prepared(workspace, password_consumers="{vms: [ghihinh_2]}"))
    assert "--confirm-consumer" in found["ghihinh_2"].reason
    assert "ghihinh_2 does not take over" in found["ghihinh"].reason


def test_both_accounts_go_together_whatever_their_age(workspace: Workspace, tmp_path: Path) -> None:
    made = prepared(workspace)
    later = Vault(made.inventory_root, made.root, clock=lambda: datetime.now(UTC) + timedelta(days=90))
    later.set("viet_hung", CAMERA, "ghihinh_2", "Secret-of-ghihinh_2-2")
    later.set("viet_hung", CAMERA, "fleetctl", "Secret-of-fleetctl-2")
    found = asked(open_workspace(made.root), older_than_days=-1)
    assert list(found) == ["ghihinh_2", "ghihinh"]
    assert [each.reason for each in found.values()] == ["", ""]


@pytest.mark.parametrize(
    "told",
    [
        "{vms: ghihinh}",
        "{vms: {command: [/bin/true]}}",
        "{vms: {accounts: [ghihinh], command: /bin/true}}",
        "{vms: {accounts: [ghihinh], shell: x}}",
        "{vms: {accounts: [ghihinh], timeout_s: 0}}",
        "[vms]",
    ],
)
def test_consumers_that_are_not_told_so_are_a_mistake(workspace: Workspace, told: str) -> None:
    with pytest.raises(UsageError, match="password_consumers should be"):
        asked(prepared(workspace, password_consumers=told))


def test_a_camera_that_only_its_recorder_reaches_is_told_with_what_to_do(workspace: Workspace) -> None:
    file = workspace.inventory_root / "viet_hung.yml"
    file.write_text(f"{file.read_text()}        cam-09: {{kind: camera, vendor: dahua, behind: nvr-01, channel: 9}}\n")
    fresh = open_workspace(workspace.root)
    (each,) = chosen(fresh, fresh.inventory.select("cam-09"))
    assert each.account == ""
    assert "only its recorder nvr-01 reaches it" in each.reason
    assert "channel 9" in each.reason
