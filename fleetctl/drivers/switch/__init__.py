"""Switches by their console; what each make's console says is a file in `templates/switch/`, not code.

Source: the platforms' files name theirs.
"""

from __future__ import annotations

from typing import Any

from fleetctl.drivers.switch import (
    backup,
    firmware,
    kit,
    ports,
    power,
    services,
    snmp,
    syslog,
    time,
    users,
    vlans,
    wiring,
    writers,
)
from fleetctl.model import (
    Backup,
    Driver,
    Kind,
    Neighbour,
    NewPassword,
    PasswordPolicy,
    SecretRef,
    Secrets,
    actions,
)


def _anything(_manufacturer: str, _model: str) -> bool:
    return True


def _make_account(session: Any, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account, or give it the password if it is there; returns its name, "" if there is none."""
    ref, secrets = argument
    return users.make(session, ref, secrets)


def _set_password(session: Any, told: NewPassword) -> None:
    """Give an account another password."""
    users.set_password(session, told)


def _keep(session: Any, _argument: object) -> None:
    """Take back a revert that a session which broke off has left pending, and save."""
    session.keep()


def _power_cycle(session: Any, target: Neighbour) -> None:
    """Take the power of the port that a device is on, and give it back."""
    power.cycle(session, target)


def _links(session: Any, _argument: object) -> dict[str, bool]:
    """Return by port whether it has a link now."""
    return {port: kit.yes(record, "up") for port, record in kit.links(session).items()}


def _hold(session: Any, told: tuple[tuple[str, ...], bool]) -> tuple[str, ...]:
    """Shut ports for a while (False), or give them back (True); returns those that were otherwise."""
    return power.hold(session, *told)


def _seen(session: Any, _argument: object) -> dict[str, str]:
    """Return the MAC addresses that it sees, each with its port; what is behind its uplinks is left out."""
    return wiring.seats(session)


def _backup(session: Any, _argument: object) -> Backup:
    """Return the running configuration."""
    return backup.take(session)


def _put(session: Any, content: str) -> list[str]:
    """Put a kept configuration back; returns what the switch has besides."""
    return backup.put(session, content)


def _reboot(session: Any, _argument: object) -> str:
    """Restart the switch; everything it powers restarts with it."""
    session.reboot()
    return ""


DRIVER = Driver(
    name="switch",
    kinds=frozenset({Kind.SWITCH}),
    protocols=("ssh",),
    recognises=_anything,
    cells=(ports.CELL, services.CELL, snmp.CELL, syslog.CELL, time.CELL, users.CELL, vlans.CELL, wiring.CELL),
    actions=actions(
        "ssh",
        make_account=_make_account,
        set_password=_set_password,
        keep=_keep,
        power_cycle=_power_cycle,
        links=_links,
        hold=_hold,
        seen=_seen,
        backup=_backup,
        put_backup=_put,
        reboot=_reboot,
        flash=firmware.flash,
        uptime=firmware.uptime,
        room=firmware.room,
        writers=writers.writers,
    ),
    release=firmware.release,
    passwords=PasswordPolicy(most=25, forbidden=' ?"'),
)
