"""Who may call what: access classes, users' levels, the lock-out.

Source: ONVIF Core 26.06 section 5.9.4 (access classes, default access policy); the table of exceptions is what
AXIS P3818-PVE 11.9.60 answers to GetAccessPolicy (f: anyone, e: user and up, c: operator and up, 8: administrator).
"""

from __future__ import annotations

import time
from typing import Final

from fleetctl.lab.device import SimDevice

ANYONE: Final = 0
USER: Final = 1
OPERATOR: Final = 2
ADMINISTRATOR: Final = 3
LEVELS: Final = {"Anonymous": ANYONE, "User": USER, "Operator": OPERATOR, "Administrator": ADMINISTRATOR}

_PRE_AUTH: Final = frozenset(
    ("GetWsdlUrl", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname", "GetSystemDateAndTime",
     "GetEndpointReference", "GetRelayOutputOptions")
)  # fmt: skip
_SECRET: Final = frozenset(("GetUsers", "GetSystemLog", "GetSystemBackup", "GetAccessPolicy", "SetVideoSourceMode"))
_ACTUATE: Final = frozenset(
    ("SendAuxiliaryCommand", "SetRelayOutputState", "SetRelayOutputSettings", "CreateStorageConfiguration",
     "SetStorageConfiguration", "DeleteStorageConfiguration")
)  # fmt: skip
_LIVING: Final = frozenset(
    ("CreatePullPointSubscription", "PullMessages", "Renew", "Unsubscribe", "SetSynchronizationPoint", "Seek")
)  # fmt: skip


def level_needed(service: str, operation: str) -> int:
    """Return the least user level for an operation."""
    if operation in _PRE_AUTH:
        return ANYONE
    if operation in _SECRET:
        return ADMINISTRATOR
    if operation.startswith("Get") or (service == "tev" and operation in _LIVING):
        return USER
    if service != "tds" or operation in _ACTUATE:
        return OPERATOR
    return ADMINISTRATOR


def writes(operation: str) -> bool:
    """Tell whether an operation changes the device: all that does not read, but for polling a subscription."""
    return not operation.startswith("Get") and operation not in ("PullMessages", "Renew", "Unsubscribe", "Probe")


def locked(device: SimDevice, user: str) -> bool:
    """Tell whether this account is locked now, by its own misses or by the fault `lockout`."""
    if device.faults and "lockout" in device.faults:
        return True
    if not device.locked or user not in device.locked:
        return False
    if device.locked[user] > time.time():
        return True
    del device.locked[user]
    return False


def missed(device: SimDevice, user: str) -> None:
    """Count a credential that was presented and is wrong; enough of them lock the account."""
    if device.misses is None:
        device.misses = {}
    device.misses[user] = device.misses.get(user, 0) + 1
    rule = device.personality
    if rule.lock_after and device.misses[user] >= rule.lock_after:
        if device.locked is None:
            device.locked = {}
        device.locked[user] = time.time() + rule.lock_s
        device.misses[user] = 0


def proven(device: SimDevice, user: str) -> None:
    """A right credential clears the count."""
    if device.misses:
        device.misses.pop(user, None)


def anonymous_allowed(device: SimDevice) -> bool:
    """Tell whether the device is factory-fresh and takes every request without a login until it has a user."""
    return device.personality.fresh == "anonymous" and not device.read("users")
