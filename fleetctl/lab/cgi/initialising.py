"""Dahua: a factory-new device gets its first account, by /OutsideCmd.

Source: field facts on vendor protocols 2.2 (DevInit.getStatus, account, access); order and contents from public notes
of live tests on Intelbras VIP-5460-Z-IA (3.120) and VIP-1230-D-G3 (2.800): the terms are agreed to first, name and
password come sealed, what comes with a session that should come without is refused. That recorders do the same is an
assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fleetctl.lab.cgi.envelope import unsealed
from fleetctl.lab.cgi.system import check_password
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.vendor import Visit

FACTORY_NEW, INITIALISED = 1, 2


def _status(visit: Visit, _params: Mapping[str, Any], _in_session: bool) -> Any:
    """DevInit.getStatus: `Find` is how a forgotten password may be asked for, by telephone (A) and mail (B)."""
    return {"Init": INITIALISED if visit.device.read("users") else FACTORY_NEW, "Find": "AB"}


def _agree(visit: Visit, params: Mapping[str, Any], _in_session: bool) -> Any:
    """DevInit.setProtocolAgree."""
    if params["ProtocolEnable"] is not True:
        raise Refused("argument")
    visit.device.change("vendor")["agreed"] = True


def _account(visit: Visit, params: Mapping[str, Any], in_session: bool) -> Any:
    """DevInit.account: works once, and after the terms were agreed to; the first account is admin."""
    device = visit.device
    told = unsealed(params)[0]
    if in_session or device.read("users") or not device.read("vendor").get("agreed"):
        raise Refused("failed")
    if set(told) != {"name", "pwd", "CellPhone", "Mail"} or told["name"] != "admin":
        raise Refused("argument")
    check_password(visit, "admin", told["pwd"])
    device.change("users")["admin"] = {"level": "Administrator", "password": told["pwd"], "fixed": True, "id": 1}


def _access(visit: Visit, params: Mapping[str, Any], in_session: bool) -> Any:
    """DevInit.access: the maker's cloud, and looking for firmware by itself."""
    told = unsealed(params)[0]
    if in_session:
        raise Refused("failed")
    visit.device.change("vendor")["cloud"] = bool(told["NetAccess"])


Work = Callable[[Visit, Mapping[str, Any], bool], Any]
METHODS: Final[Mapping[str, tuple[Work, bool]]] = {
    "DevInit.getStatus": (_status, False),
    "DevInit.setProtocolAgree": (_agree, True),
    "DevInit.account": (_account, True),
    "DevInit.access": (_access, True),
}
