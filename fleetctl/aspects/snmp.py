"""SNMP: who may read a switch's counters, by SNMPv3."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any

from fleetctl.model import UNSET, Aspect, Disruption, FrozenMap, Kind, SecretRef, Unset, setting


class Security(enum.StrEnum):
    """What an SNMPv3 user's messages are protected with."""

    SHA_AES = "sha_aes"
    WEAKER = "weaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpUser:
    """One SNMPv3 user; it reads and cannot write."""

    security: Security | Unset = setting(
        "sha_aes: authenticated with SHA-1, encrypted with AES-128, and what is set where nothing is said; weaker is "
        "everything else, and never set",
        source="RFC 3414, RFC 3826",
    )
    authentication: SecretRef | Unset = setting(
        "the password in the vault, account snmp-authentication-NAME; never compared", source="RFC 3414, 2.6"
    )
    privacy: SecretRef | Unset = setting(
        "the password in the vault, account snmp-privacy-NAME; never compared", source="RFC 3826, 1.2"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snmp:
    """The SNMPv3 users of a switch, by name."""

    users: FrozenMap[SnmpUser] | Unset = setting(
        "SNMPv3 users by name; with services_snmp_v1_v2c: false nobody else is answered", source="RFC 3414"
    )


def complete(device: Any, value: Snmp, _fleet: Any) -> tuple[Snmp, tuple[tuple[str, str, str], ...]]:
    """Name the two passwords of each user in the vault, apart from an account of the same name."""
    if not isinstance(value.users, FrozenMap):
        return value, ()
    return replace(value, users=FrozenMap({n: _secured(device.name, n, u) for n, u in value.users.items()})), ()


def _secured(device: str, name: str, user: Any) -> Any:
    if not isinstance(user, SnmpUser):
        return user  # to be removed
    return replace(
        user,
        security=Security.SHA_AES if user.security is UNSET else user.security,
        authentication=SecretRef(device=device, account=f"snmp-authentication-{name}"),
        privacy=SecretRef(device=device, account=f"snmp-privacy-{name}"),
    )


ASPECT = Aspect(
    name="snmp",
    type=Snmp,
    kinds=frozenset({Kind.SWITCH}),
    disruption=Disruption.NONE,
    doc="SNMPv3 users that may read; communities are closed by services_snmp_v1_v2c: false",
    after=("services",),
    complete=complete,
)
