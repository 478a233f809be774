"""What a recorder shows of its channels, and whether those who are only to look see a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fleetctl import converge
from fleetctl.aspects.state import ChannelState, State
from fleetctl.aspects.storage import Health, Storage
from fleetctl.errors import FleetctlError, Refused
from fleetctl.model import Attempt, LoginJudged, Reading, SecretRef, Unset, Viewing
from fleetctl.protocols import rtsp

if TYPE_CHECKING:
    from fleetctl.operations.diagnosis.patient import Patient


def channels(readings: Mapping[str, Reading]) -> Mapping[str, ChannelState]:
    """Return how each channel stands, {} where that was not told."""
    told = readings["state"].value if "state" in readings else None
    return told.channels if isinstance(told, State) and not isinstance(told.channels, Unset) else {}


def is_full(readings: Mapping[str, Reading]) -> bool:
    """Tell whether pictures come in and nothing is recorded since the disks, all of them well, have no room.

    No room alone is normal: the oldest makes room.
    """
    storage = readings["storage"].value if "storage" in readings else None
    disks = storage.disks if isinstance(storage, Storage) and not isinstance(storage.disks, Unset) else {}
    online = [each for each in channels(readings).values() if each.online is True]
    if not disks or not online or any(each.recording is not False for each in online):
        return False
    return all(disk.health is Health.OK and disk.free_gb == 0 for disk in disks.values())


def view(patient: Patient) -> None:
    """Log in with each account that is only to look, and ask for a picture with it: the proof that it sees."""
    first = next((key for key, now in channels(patient.readings).items() if now.online is True), "")
    path = str(patient.ask("live_path", first) or "") if first else ""
    for task in patient.case.viewers:
        account = task.device.user
        if task.barred:
            told = Viewing(account=account, sees=None, reason=task.barred)
        elif not path:
            told = Viewing(account=account, sees=None, reason="there is no picture to prove it with")
        else:
            told = _viewing(patient, task, path)
        patient.viewings.append(told)


def _viewing(patient: Patient, task: converge.Job, path: str) -> Viewing:
    """Ask for the stream with an account; its login is counted like any other."""
    device, channel = task.device, patient.channel
    spot, mark = device.endpoint.spot, task.fingerprint
    if not task.proven:
        channel.confirm(Attempt(device=device.name, account=device.user, fingerprint=mark, address=spot))
    password = task.secrets.reveal(SecretRef(device=device.name, account=device.user))
    sees, reason, accepted = True, "", True
    try:
        rtsp.describe(device, path, password, task.known_hosts)
    except Refused as error:
        sees, reason, accepted = False, str(error), not error.credential
    except FleetctlError as error:
        return Viewing(account=device.user, sees=None, reason=str(error))
    channel.emit(
        LoginJudged(device=device.name, account=device.user, fingerprint=mark, accepted=accepted, address=spot)
    )
    return Viewing(account=device.user, sees=sees, reason=reason)
