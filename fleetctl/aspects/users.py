"""Users: who may log in to the device, and as what."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, SecretRef, Unset, setting


class Level(enum.StrEnum):
    """What an account may do."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    USER = "user"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of a device."""

    level: Level | Unset = setting(
        "administrator, operator, user (looks only), or anonymous", source="ONVIF Core 26.06, tt:UserLevel"
    )
    password: SecretRef | Unset = setting(
        "the password in the vault; sent when the account is made or its level is set, never compared",
        source="ONVIF Core 26.06, SetUser: without a password the device clears it",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The accounts of a device, by name."""

    accounts: FrozenMap[Account] | Unset = setting(
        "accounts by name; the one fleetctl logs in with is never removed or lowered",
        source="ONVIF Core 26.06, GetUsers",
    )


ASPECT = Aspect(
    name="users",
    type=Users,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.REACH,
    doc="Accounts and their levels; passwords are changed by `password rotate`",
    after=("network", "services"),
)
