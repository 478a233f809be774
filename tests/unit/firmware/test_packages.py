"""What is expected of a host's packages: told by plan and audit where the inventory says it, written by a roll-out."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.model import AspectPlan, Change, DevicePlan, FrozenMap, Kind, Outcome
from fleetctl.operations import rollout
from fleetctl.operations.firmware.hosts import packages
from fleetctl.operations.initialising import init
from fleetctl.operations.plans import Plan
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.resources import folder

SITE = """\
khu:
  children:
    phuong:
      vars: {site_name: P, site_network: 10.1.1}
      hosts:
        desk-1: {ansible_host: 10.1.1.2, kind: desk, platform: linux, firmware_packages: {kiosk-app: "1.1"}}
        bare: {ansible_host: 10.1.1.3, kind: desk, platform: linux}
all: {vars: {firmware_known_floors: true, firmware_target: {HI3516: V1.08.03}}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "w"
    init(root, folder("inventory/pilot"))
    for path in (root / "inventory").glob("*/*.yml"):
        path.unlink()
    (root / "inventory" / "site.yml").write_text(SITE, "utf-8")
    return open_workspace(root)


def test_a_hosts_packages_are_looked_at_where_the_inventory_says_them_and_left_to_the_roll_out(
    workspace: Workspace,
) -> None:
    desk, bare = (workspace.inventory.devices[name] for name in ("desk-1", "bare"))
    (told,) = workspace.expectations(desk, ("firmware",))
    assert told.left_to == "fleetctl firmware roll"
    assert told.value.packages == FrozenMap({"kiosk-app": "1.1"})
    assert "firmware" in [e.aspect for e in workspace.expectations(desk, ())], "a whole audit looks at them too"
    assert workspace.expectations(bare, ("firmware",)) == (), "versions of cameras are none of a host's"
    rolled = packages(workspace, desk)
    assert rolled is not None
    assert (rolled.left_to, rolled.value) == ("", told.value)
    assert packages(workspace, bare) is None


def test_apply_leaves_a_hosts_packages_alone_whatever_a_plan_says(workspace: Workspace) -> None:
    change = Change(device="desk-1", aspect="firmware", field="packages", before="1", after="2")
    aspect = AspectPlan(aspect="firmware", outcome=Outcome.PENDING, changes=(change,))
    plan = Plan(devices=(DevicePlan(device="desk-1", kind=Kind.DESK, site="phuong", aspects=(aspect,)),), created="now")
    assert rollout._for_apply(workspace, plan).writes == ()
