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


def _counted(device: SimDevice, user: str, source: str) -> str:
    """Return what a miss is counted on: the account, or the account as tried from one address."""
    return f"{user}@{source}" if device.personality.lock_by == "source" and source else user


def locked_for_s(device: SimDevice, user: str, source: str = "") -> float:
    """Return how many seconds this login is still locked, 0 if it is not."""
    if device.faults and "lockout" in device.faults:
        return device.personality.lock_s
    counted = _counted(device, user, source)
    if not device.locked or counted not in device.locked:
        return 0.0
    left = device.locked[counted] - time.time()
    if left > 0:
        return left
    del device.locked[counted]
    return 0.0


def source_locked_for_s(device: SimDevice, source: str) -> float:
    """Return for how many seconds whoever asks from there is locked out, whatever the account; 0 if nobody is."""
    if device.personality.lock_by != "source" or (device.faults and "lockout" in device.faults):
        return locked_for_s(device, "", source)
    users = [counted.partition("@")[0] for counted in device.locked or () if counted.endswith(f"@{source}")]
    return max((locked_for_s(device, user, source) for user in users), default=0.0)


def locked(device: SimDevice, user: str, source: str = "") -> bool:
    """Tell whether this login is locked now, by its own misses or by the fault `lockout`."""
    return locked_for_s(device, user, source) > 0


def tries_left(device: SimDevice, user: str, source: str = "") -> int:
    """Return how many more misses there may be before the login is locked."""
    return max(0, rule_of(device)[0] - (device.misses or {}).get(_counted(device, user, source), 0))


def rule_of(device: SimDevice) -> tuple[int, float]:
    """Return after how many misses a login is locked and for how many seconds, as the device is set; 0: never."""
    told = device.read("lock")
    if not told.get("enabled", True):
        return 0, 0.0
    return int(told.get("times", device.personality.lock_after)), float(told.get("seconds", device.personality.lock_s))


def missed(device: SimDevice, user: str, source: str = "") -> None:
    """Count a credential that was presented and is wrong; enough of them lock the login."""
    if device.misses is None:
        device.misses = {}
    counted = _counted(device, user, source)
    device.misses[counted] = device.misses.get(counted, 0) + 1
    most, seconds = rule_of(device)
    if most and device.misses[counted] >= most:
        if device.locked is None:
            device.locked = {}
        device.locked[counted] = time.time() + seconds
        device.misses[counted] = 0


def proven(device: SimDevice, user: str, source: str = "") -> None:
    """A right credential clears the count."""
    if device.misses:
        device.misses.pop(_counted(device, user, source), None)


def anonymous_allowed(device: SimDevice) -> bool:
    """Tell whether the device is factory-fresh and takes every request without a login until it has a user."""
    return device.personality.fresh == "anonymous" and not device.read("users")
