"""The ways in which firmware of different ages takes a camera for a channel, the best first.

JSON pages; a whole record over JSON-RPC that only the recorder can read; the table itself, with the password in the
request's address, which is done over HTTPS only. What ends below that is for the recorder's own screen.
Source: field facts, NVR and vendor protocols, 2.4 (fall-back ladder; encrypted form).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fleetctl.errors import Unsupported
from fleetctl.protocols.dahua import Session

_PAGE: Final = "LogicDeviceManager"


def bind(session: Session, key: str, table: str, info: Mapping[str, Any], *, there: bool) -> None:
    """Put a camera's address and login on a channel (counted from "1"); `there`: it has a camera now.

    Raises Unsupported when this firmware ends below the last rung, else as the session.
    """
    for rung in (partial(_by_page, there=there), _by_record, partial(_by_table, table=table)):
        try:
            rung(session, key, info)
        except Unsupported as error:
            ends = error
        else:
            return
    raise ends


def _by_page(session: Session, key: str, info: Mapping[str, Any], *, there: bool) -> None:
    group = {"DeviceInfo": dict(info), "cameras": [{"uniqueChannel": int(key) - 1, "channel": 0}]}
    session.tell(f"{_PAGE}/{'setCamera' if there else 'addCameraByGroup'}", {"group": [group]})


def _by_record(session: Session, key: str, info: Mapping[str, Any]) -> None:
    """Send the recorder's own record of the channel with address and login changed, never without the real password."""
    if "Password" not in info:
        raise Unsupported(f"channel {key}: a record is not sent without its password")
    listed = session.call(f"{_PAGE}.getCameraAll").get("camera")
    every = [record for record in listed if isinstance(record, dict)] if isinstance(listed, list) else []
    record = next((r for r in every if r.get("UniqueChannel") == int(key) - 1), None)
    if record is None:
        raise Unsupported(f"channel {key}: the recorder tells no record of it")
    known = record.get("DeviceInfo")
    device = {**(known if isinstance(known, dict) else {}), **info, "Enable": True}
    session.call_sealed(f"{_PAGE}.secSetCamera", {"cameras": [{**record, "Enable": True, "DeviceInfo": device}]})


def _by_table(session: Session, _key: str, info: Mapping[str, Any], *, table: str) -> None:
    values = {f'RemoteDevice["{table}"].{name}': value for name, value in {**info, "Enable": True}.items()}
    session.store(values, secret=True)


def states(session: Session) -> dict[str, Any]:
    """Return what the recorder tells of its connections where it has no page of lines for that."""
    try:
        return session.ask(f"{_PAGE}/getCameraState", {"channel": [-1]})
    except Unsupported:
        return session.call(f"{_PAGE}.getCameraState", {"uniqueChannels": [-1]})
