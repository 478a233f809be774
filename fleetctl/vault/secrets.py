"""The secrets of one device, as a worker gets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetctl.errors import VaultError
from fleetctl.model import SecretRef


class SecretBag:
    """A few opened secrets. Pickles, so that it reaches workers; never shows a value, however it is printed."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[SecretRef, str] | None = None) -> None:
        self._values = dict(values or {})

    def reveal(self, ref: SecretRef) -> str:
        """Return a value; raises VaultError when the bag has none."""
        try:
            return self._values[ref]
        except KeyError:
            raise VaultError(f"no password of {ref.account} on {ref.device} was handed over", missing=True) from None

    def __contains__(self, ref: object) -> bool:
        return ref in self._values

    def __iter__(self) -> Iterator[SecretRef]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"SecretBag({len(self)} secrets)"

    def __reduce__(self) -> tuple[type[SecretBag], tuple[dict[SecretRef, str]]]:
        return type(self), (self._values,)
