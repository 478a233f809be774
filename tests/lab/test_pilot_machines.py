"""Where the pilot's Linux hosts are, as `make pilot` writes it into the inventory: understood, nothing said twice."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fleetctl.model import Kind
from fleetctl.operations.initialising import init
from fleetctl.operations.maker import factory_logins
from fleetctl.operations.workspace import open_workspace
from tests.hosts import pilot
from tests.hosts.machines import USER
from tests.lab.office import PILOT

INSTALLERS = "installer's-1"


def test_the_inventory_holds_with_the_machines_overlay_and_each_recorder_has_a_camera(tmp_path: Path) -> None:
    init(tmp_path / "office", PILOT)
    workspace = open_workspace(tmp_path / "office")
    hosts = pilot.hosts(workspace)
    up: Any = {h.name: SimpleNamespace(address=f"10.77.1.{n}", password=INSTALLERS) for n, h in enumerate(hosts, 11)}
    (workspace.inventory_root / pilot.OVERLAY).write_text(pilot.overlay(workspace, up), "utf-8")
    workspace = open_workspace(tmp_path / "office")
    inventory = workspace.inventory
    assert {inventory.devices[name].endpoint.address for name in up} == {m.address for m in up.values()}
    assert INSTALLERS not in (workspace.inventory_root / pilot.OVERLAY).read_text("utf-8")
    assert {factory_logins(workspace, host) for host in hosts} == {((USER, INSTALLERS),)}
    recorders = [host for host in hosts if host.kind is Kind.NVR]
    assert len(recorders) == 5
    for recorder in recorders:
        (camera,) = inventory.values(recorder.name)["recorder_cameras"].value
        assert inventory.devices[camera].site == recorder.site
        assert inventory.values(camera)["recorder_stream_path"].value.startswith("/")
