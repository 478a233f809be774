"""Power-cycle the port that a device is on, through its switch."""

from __future__ import annotations

from dataclasses import replace

from fleetctl import converge
from fleetctl.errors import Unsupported, UsageError
from fleetctl.model import Access, Change, Device, Finished, Intent, Kind, Neighbour, Outcome
from fleetctl.operations import wiring
from fleetctl.operations.device import Rebooted, Recorder, one, proven, writable
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh.names import canonical


def cycle(workspace: Workspace, name: str) -> Rebooted:
    """Take the power of a device's port and give it back, then prove that the device came back.

    Raises UsageError (the inventory does not say where it is plugged in), Refused (an uplink, or a port that serves
    something else), Unsupported, Unreachable.
    """
    device = one(workspace, name)
    switch = writable(workspace, _switch(workspace, device))
    port = canonical(device.switch_port)
    target = Neighbour(name=device.name, kind=device.kind, mac_address=device.mac_address, port=port)
    change = Change(device=switch.name, aspect="", field="power", key=port, before="on", after="off, then on")
    arguments = {"device": name, "switch": switch.name, "port": port}
    with workspace.journal.run("reboot", arguments) as record:
        channel = Recorder(record)
        task = job(workspace, switch)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "power_cycle")
            if action is None:
                raise Unsupported(f"{switch.name}: fleetctl cannot switch the power of its ports")
            channel.confirm(Intent(device=switch.name, aspect="", changes=(change,)))
            action.run(link.session(action.protocol), target)
        if workspace.registry.protocols_of(device):
            result = proven(job(workspace, device), channel)
        else:
            reason = "its power was taken and given back; fleetctl cannot ask this device whether it started"
            result = Rebooted(device=device, outcome=Outcome.CHANGED, reason=reason, down_s=None, up_s=None)
        record(Finished(device=name, site=device.site, outcome=result.outcome, reason=result.reason))
    return replace(result, device=device)


def _switch(workspace: Workspace, device: Device) -> Device:
    devices = workspace.inventory.devices
    name = wiring.switch_of(devices, device)
    if device.kind is Kind.SWITCH:
        raise UsageError(f"{device.name} is a switch; it is restarted by: fleetctl device reboot {device.name}")
    if not name:
        raise UsageError(
            f"{device.name}: the inventory does not say which port it is on. Write switch_port: gi1/0/3 (and switch: "
            "NAME where the site has several)"
        )
    if name not in devices or devices[name].kind is not Kind.SWITCH:
        raise UsageError(f"{device.name}: {name} is no switch of the inventory")
    return devices[name]
