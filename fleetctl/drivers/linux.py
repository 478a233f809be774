"""Linux hosts: recorders, kiosks and desks. Their settings are Ansible roles; this is what comes before and beside.

Source: field facts, Ansible and hosts, 4.
"""

from __future__ import annotations

from typing import Any

from fleetctl.model import Driver, Installed, Kind, NewPassword, SecretRef, Secrets, actions


def _never(_manufacturer: str, _model: str) -> bool:
    return False  # the inventory's `platform: linux` says so; a maker's name does not


def _make_account(session: Any, argument: tuple[SecretRef, Secrets]) -> str:
    ref, secrets = argument
    session.make_account(ref.account, secrets.reveal(ref))
    return ref.account


def _set_password(session: Any, told: NewPassword) -> None:
    session.set_password(told.account, told.new)


def _newest_footage(session: Any, folder: str) -> Any:
    return session.newest_footage(folder)


def _reboot(session: Any, _argument: object) -> str:
    session.reboot()
    return ""


def _installed(session: Any, _argument: object) -> Installed:
    told: Installed = session.installed()
    return told


DRIVER = Driver(
    name="linux",
    kinds=frozenset({Kind.NVR, Kind.KIOSK, Kind.DESK}),
    protocols=("linux",),
    recognises=_never,
    actions=actions(
        "linux",
        make_account=_make_account,
        set_password=_set_password,
        installed=_installed,
        reboot=_reboot,
        newest_footage=_newest_footage,
    ),
)
