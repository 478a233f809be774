"""Axis cameras and recorders over ONVIF; firmware over VAPIX, which takes it back by itself.

Open until the first account is made. Source: field facts, onvif 2 (quirks 4, 5, 9, 16); NVR and vendor protocols, 4.1
and 5.3 (firmware: an upgrade on trial, kept by a `commit` after our own gate).
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.errors import Rejected
from fleetctl.model import Driver, FrozenMap, Kind, Order, PasswordPolicy, actions
from fleetctl.protocols.vapix import Session

ROLLBACK_S: Final = 600  # from its start until it takes its old firmware back, unless it was told to keep the new one


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("axis",))


def _flash(session: Session, order: Order) -> str:
    """Give it firmware on trial; returns the version that it says it is."""
    told = session.send_file("upgrade", order.body, autoCommit="never", autoRollback=ROLLBACK_S)
    return str(told.get("firmwareVersion", ""))


def _keep(session: Session, _argument: object) -> str:
    """Keep firmware that is on trial, and see that it is kept; raises Rejected where it is not."""
    if not _on_trial(session):
        return ""
    session.ask("commit")
    if _on_trial(session):
        raise Rejected("it was told to keep its new firmware, and will take its old one back all the same")
    return ""


def _on_trial(session: Session) -> bool:
    told: dict[str, Any] = session.ask("status")
    return told.get("isCommitted", told.get("isCommited", True)) is False  # the maker spells it both ways


DRIVER = Driver(
    name="axis",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif", "vapix"),
    protocols_by_kind=FrozenMap({Kind.NVR: ("onvif",)}),
    recognises=_recognises,
    actions=actions("vapix", flash=_flash, keep_firmware=_keep),
    default_logins=(),
    passwords=PasswordPolicy(most=64),
)
