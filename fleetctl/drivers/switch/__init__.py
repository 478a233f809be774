"""Switches by their console; what each make's console says is a file in `templates/switch/`, not code.

Source: the platforms' files name theirs.
"""

from __future__ import annotations

from typing import Any

from fleetctl.drivers.switch import ports, services, syslog, time, users, vlans, wiring
from fleetctl.model import Action, Disruption, Driver, Kind, SecretRef, Secrets


def _anything(_manufacturer: str, _model: str) -> bool:
    return True


def _make_account(session: Any, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account, or give it the password if it is there; returns its name, "" if there is none."""
    ref, secrets = argument
    return users.make(session, ref, secrets)


def _reboot(session: Any, _argument: object) -> str:
    """Restart the switch; everything it powers restarts with it."""
    session.reboot()
    return ""


DRIVER = Driver(
    name="switch",
    kinds=frozenset({Kind.SWITCH}),
    protocols=("ssh",),
    recognises=_anything,
    cells=(ports.CELL, services.CELL, syslog.CELL, time.CELL, users.CELL, vlans.CELL, wiring.CELL),
    actions=(
        Action(
            name="make_account",
            protocol="ssh",
            disruption=Disruption.NONE,
            run=_make_account,
            doc="make an administrator account",
        ),
        Action(name="reboot", protocol="ssh", disruption=Disruption.REBOOT, run=_reboot, doc="restart the switch"),
    ),
    password_max=25,
)
