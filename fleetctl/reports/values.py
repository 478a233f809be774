"""Setting values as machines read them (JSON) and as people read them (one line)."""

from __future__ import annotations

import dataclasses
import enum
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetctl.model import ABSENT, UNSET, Change, SecretRef, Untold

if TYPE_CHECKING:
    from fleetctl.records import Drift

_ESCAPED: Final = {"Cc": True, "Cf": True, "Cs": True, "Zl": True, "Zp": True}


def plain(value: Any) -> Any:
    """Return the value as JSON knows it; unset fields of items are left out, a secret is its account's name."""
    if value is None or value is UNSET or value is ABSENT:
        return None
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, SecretRef):
        return {"secret_of": value.account}
    if isinstance(value, Untold):
        return {"outcome": value.outcome.value, "reason": value.reason}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        told = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: plain(item) for name, item in told.items() if item is not UNSET}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def shown(value: Any) -> str:
    """Return the value on one line, as the inventory would have it; `-` is an item that is not there."""
    if value is ABSENT or value is UNSET or value is None:
        return "-"
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return clean(value) or '""'
    return _flow(plain(value))


def _flow(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, dict):
        if set(value) == {"secret_of"}:
            return "(in the vault)"
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    return clean(str(value)) or '""'


def clean(text: str) -> str:
    """Return text that a device sent as composed letters, with every control and direction mark made visible."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        letter.encode("unicode_escape").decode("ascii") if unicodedata.category(letter) in _ESCAPED else letter
        for letter in composed
    )


def impersonal(reason: str, device: str) -> str:
    """Return a reason without the name of the device in front, for where that stands beside it."""
    head, colon, rest = reason.partition(": ")
    return rest if colon and head.partition(" (")[0] == device else reason


def setting_name(change: Change | Drift) -> str:
    """Return what a change is of as people name it: `time.ntp_servers`, `users.accounts.viewer`."""
    return ".".join(part for part in (change.aspect, change.field, clean(change.key)) if part)
