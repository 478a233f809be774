"""What stands in for a value that cannot be had while templates are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from jinja2 import TemplateError, UndefinedError
from jinja2.runtime import StrictUndefined, Undefined


class Tripped(UndefinedError):
    """A marker was used as if it were a value."""

    def __init__(self, marker: Marker) -> None:
        super().__init__(marker._undefined_message)
        self.marker = marker


class Marker(StrictUndefined):
    """Stands in for a value that cannot be had; attributes and items of it are itself."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise Tripped(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = _fail_with_undefined_error
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _fail_with_undefined_error
    __pos__ = __neg__ = __call__ = __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error
    __int__ = __float__ = __complex__ = __iter__ = __len__ = __contains__ = _fail_with_undefined_error
    __str__ = __repr__ = __format__ = __bool__ = _fail_with_undefined_error
    __eq__ = __ne__ = __hash__ = _fail_with_undefined_error


class Missing(Marker):
    """An undefined variable or attribute: what `default` and `is defined` ask about."""

    __slots__ = ()


class Broken(Marker):
    """A template that failed for another reason."""

    __slots__ = ()


class Locked(Marker):
    """A value that is in the vault, or derived from one that is."""

    __slots__ = ()


def marker_among(args: Iterable[Any], kwargs: Mapping[str, Any]) -> Marker | None:
    """Return the first marker among the arguments of a call."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, Marker):
            return value
    return None


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hand on a marker among the arguments instead of calling; make lists of generators, as Ansible does."""

    def call(*args: Any, **kwargs: Any) -> Any:
        marker = marker_among(args, kwargs)
        if marker is not None:
            return marker
        result = function(*args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result

    for name in ("jinja_pass_arg",):
        if hasattr(function, name):
            setattr(call, name, getattr(function, name))
    return call


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Ansible's `default`: heals what is undefined, not what is broken or locked."""
    if isinstance(value, Missing):
        return default_value
    if isinstance(value, Marker):
        return value
    return default_value if boolean and not value else value


def ternary(value: Any, true_val: Any, false_val: Any, none_val: Any = None) -> Any:
    """Ansible's `ternary`; the choice not taken may be undefined, and an undefined question is handed on."""
    if isinstance(value, Marker):
        return value
    if value is None and none_val is not None:
        return none_val
    return true_val if bool(value) else false_val


def mandatory(value: Any, msg: str | None = None) -> Any:
    """Ansible's `mandatory`."""
    if isinstance(value, Missing):
        raise TemplateError(msg or f"mandatory variable not defined: {value._undefined_name}")
    return value


def first_marker(value: Any) -> Undefined | None:
    """Return the first marker within a rendered value, or None where all of it could be had.

    An `if` without `else` that is not met is a plain Undefined of Jinja2: text in a text, no value by itself.
    """
    if isinstance(value, Undefined):
        return value
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return None
    for item in value:
        found = first_marker(item)
        if found is not None:
            return found
    return None
