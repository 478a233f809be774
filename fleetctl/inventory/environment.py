"""Jinja2 as Ansible sets it up: sandboxed, native types, undefined variables as markers. Pure: no files, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, cast

from jinja2 import TemplateError, TemplateSyntaxError, meta
from jinja2.environment import Template
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.lexer import Lexer
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS as JINJA_TESTS
from jinja2.utils import pass_context

from fleetctl.inventory.filters import FILTERS, TESTS
from fleetctl.inventory.markers import Marker, Missing, default, guarded, mandatory, marker_among, ternary

MAX_RESULT: Final = 100_000
_GLOBALS: Final = ("dict", "namespace", "range", "cycler", "joiner")


class _Generator(NativeCodeGenerator):
    """Keeps a constant what it is: `{{ 5 }}` is a number."""

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        told = list(group)
        return repr(told[0]) if len(told) == 1 else repr("".join(map(str, told)))


class _Lexer(Lexer):
    """Leaves backslashes in strings within {{ }} to YAML, which has unescaped them already."""

    def tokeniter(self, *args: Any, **kwargs: Any) -> Iterator[tuple[int, str, str]]:
        inside = False
        for line, kind, text in super().tokeniter(*args, **kwargs):
            if kind in ("variable_begin", "variable_end"):
                inside = kind == "variable_begin"
            elif inside and kind == "string":
                text = text.replace("\\", "\\\\")
            yield line, kind, text


@pass_context
def _finalize(_context: Context, value: Any) -> Any:
    """Keep Jinja2 from folding constants into strings."""
    return value


class _Environment(SandboxedEnvironment):
    """Jinja2 as Ansible sets it up, without anything that touches files, the network or the clock."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"**", "*"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, undefined=Missing, finalize=_finalize, optimized=False, autoescape=False)
        self.filters = {name: guarded(function) for name, function in (JINJA_FILTERS | FILTERS).items()}
        self.filters |= {"default": default, "d": default, "mandatory": mandatory, "ternary": ternary}
        self.tests = {name: guarded(function) for name, function in TESTS.items()}
        self.tests = {name: guarded(cast(Callable[..., Any], test)) for name, test in JINJA_TESTS.items()} | self.tests
        self.tests |= {
            "defined": lambda value: not isinstance(value, Undefined),
            "undefined": lambda value: isinstance(value, Undefined),
        }
        self.globals = {name: value for name, value in self.globals.items() if name in _GLOBALS}
        self._own_lexer = _Lexer(self)

    @property
    def lexer(self) -> Lexer:
        return self._own_lexer

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (isinstance(right, (int, float)) and abs(right) < 64):
            raise ValueError("the exponent is too large")
        size = len(left) if isinstance(left, (str, list)) else len(right) if isinstance(right, (str, list)) else 0
        times = right if isinstance(left, (str, list)) else left
        if operator == "*" and size and isinstance(times, int) and size * times > MAX_RESULT:
            raise ValueError("the result is too long")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Marker):
            return obj
        try:
            value = getattr(obj, attribute)
        except AttributeError:
            pass
        else:
            if self.is_safe_attribute(obj, attribute, value):
                return value
        try:
            return obj[attribute]
        except (TypeError, LookupError):
            return Missing(hint=f"{_kind(obj)} has no attribute {attribute!r}")

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, Marker):
            return argument
        if isinstance(obj, Marker):
            return obj
        try:
            return obj[argument]
        except (TypeError, LookupError):
            if isinstance(argument, str):
                return self.getattr(obj, argument)
            return Missing(hint=f"{_kind(obj)} has no item {argument!r}")

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        marker = marker_among((__obj, *args), kwargs)
        return marker if marker is not None else super().call(__context, __obj, *args, **kwargs)


def _kind(value: object) -> str:
    names = {dict: "the mapping", list: "the list", str: "the text", int: "the number", type(None): "nothing (null)"}
    return names.get(type(value), f"the {type(value).__name__}")


ENVIRONMENT: Final = _Environment()


@lru_cache(maxsize=20_000)
def compiled(text: str) -> Template | str:
    """Return the compiled template, or why it cannot be compiled."""
    try:
        return ENVIRONMENT.from_string(text)
    except TemplateSyntaxError as error:
        return f"not a template: {error.message}"
    except (TemplateError, RecursionError, SyntaxError, ValueError) as error:
        return f"not a template: {error}"


@lru_cache(maxsize=20_000)
def names_in(text: str) -> frozenset[str]:
    """Return the variables a template refers to; empty for what is not a template."""
    try:
        return frozenset(meta.find_undeclared_variables(ENVIRONMENT.parse(text)))
    except TemplateError:
        return frozenset()
