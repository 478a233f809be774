"""Give a factory-new device its first account; nobody can log in before.

Source: field facts, NVR and vendor protocols, 2.2 (DevInit). Order and contents are from public notes of live tests on
Intelbras cameras (VIP-5460-Z-IA 3.120, VIP-1230-D-G3 2.800) and from the maker's own web page: the terms are agreed to,
then name and password are sent encrypted. Where a recorder answers alike it is done alike.
"""

from __future__ import annotations

import contextlib
from typing import Final

from fleetctl.errors import Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.dahua.rpc import Rpc

FACTORY_NEW: Final = 1
_AT_THE_DEVICE: Final = (
    "initialise it at its own screen or with its maker's ConfigTool, name that login in the inventory (factory_user, "
    "factory_password), then adopt again"
)
UNINITIALISED: Final = f"the device was never initialised: take it in with fleetctl adopt, or {_AT_THE_DEVICE}"


def is_factory_new(rpc: Rpc) -> bool:
    """Ask without a login whether the device waits for its first account; False where it does not say so."""
    try:
        told = rpc.outside("DevInit.getStatus")
    except (Unsupported, Rejected):
        return False
    return told.get("Init") == FACTORY_NEW


def initialise(rpc: Rpc, account: str, password: str) -> None:
    """Agree to the maker's terms, make the first account, and leave the maker's cloud and update check off.

    No telephone and no mail address is left for a forgotten password: the vault has it.
    Raises Unsupported where the device does not take it in this way, Rejected when it refuses the password.
    """
    if not is_factory_new(rpc):
        raise Refused("the device does not say that it is factory-new; nothing was sent")
    try:
        rpc.outside("DevInit.setProtocolAgree", {"ProtocolEnable": True}, session=True)
        rpc.sealed_outside("DevInit.account", {"name": account, "pwd": password, "CellPhone": "", "Mail": ""})
    except Unsupported as error:
        raise Unsupported(
            f"the device does not take its first account over the network ({error})", nearest=_AT_THE_DEVICE
        ) from None
    with contextlib.suppress(Unsupported, Rejected, Unreachable):  # the maker's own page goes on where this fails
        rpc.sealed_outside("DevInit.access", {"NetAccess": 0, "UpgradeCheck": 2})
