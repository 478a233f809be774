"""Renders values as Ansible's templating does: native types, strict about the undefined, lazily recursive.

What a template says about an undefined or broken variable is carried in a `Marker` until somebody needs the
value: `default` heals an undefined one, everything else passes it on. A value out of the vault is a marker
as well, so nothing derived from it is ever rendered unless the caller can open the vault.
Source: ansible-core 2.19 templating, checked by tests against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS
from jinja2.environment import Template
from jinja2.lexer import Lexer
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context, StrictUndefined, Undefined, missing
from jinja2.sandbox import SandboxedEnvironment, SecurityError
from jinja2.utils import pass_context

from fleetctl.inventory.documents import is_template
from fleetctl.inventory.filters import FILTERS, TESTS
from fleetctl.inventory.values import Unsafe, Vaulted

MAX_RANGE: Final = 100_000
_FAILURES: Final = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


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

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _fail_with_undefined_error
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _fail_with_undefined_error
    __pos__ = __neg__ = __call__ = __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error
    __int__ = __float__ = __complex__ = __iter__ = __len__ = __contains__ = _fail_with_undefined_error
    __str__ = __repr__ = __format__ = __bool__ = _fail_with_undefined_error  # type: ignore[assignment]
    __eq__ = __ne__ = __hash__ = _fail_with_undefined_error  # type: ignore[assignment]


class Missing(Marker):
    """An undefined variable or attribute: what `default` and `is defined` ask about."""

    __slots__ = ()


class Broken(Marker):
    """A template that failed for another reason."""

    __slots__ = ()


class Locked(Marker):
    """A value that is in the vault, or derived from one that is."""

    __slots__ = ()


def _first_marker(args: Iterable[Any], kwargs: Mapping[str, Any]) -> Marker | None:
    for value in (*args, *kwargs.values()):
        if isinstance(value, Marker):
            return value
    return None


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hand on a marker among the arguments instead of calling; make lists of generators, as Ansible does."""

    def call(*args: Any, **kwargs: Any) -> Any:
        marker = _first_marker(args, kwargs)
        if marker is not None:
            return marker
        result = function(*args, **kwargs)
        return list(result) if isinstance(result, Iterator) else result

    for name in ("jinja_pass_arg",):
        if hasattr(function, name):
            setattr(call, name, getattr(function, name))
    return call


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    if isinstance(value, Missing):
        return default_value
    if isinstance(value, Marker):
        return value
    return default_value if boolean and not value else value


def _ternary(value: Any, true_val: Any, false_val: Any, none_val: Any = None) -> Any:
    if value is None and none_val is not None:
        return none_val
    return true_val if bool(value) else false_val


def _mandatory(value: Any, msg: str | None = None) -> Any:
    if isinstance(value, Missing):
        raise TemplateError(msg or f"mandatory variable not defined: {value._undefined_name}")
    return value


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


class Scope:
    """The variables of one host, as a template sees them; a variable is rendered when it is asked for.

    `find(name)` returns the value as written, or `missing`; `opened` maps a vault text to its plaintext, when
    the caller may open it.
    """

    __slots__ = ("_busy", "_done", "find", "opened")

    def __init__(self, find: Callable[[str], Any], opened: Callable[[str], str] | None = None) -> None:
        self.find = find
        self.opened = opened
        self._done: dict[str, Any] = {}
        self._busy: set[str] = set()

    def get(self, name: str) -> Any:
        """Return a variable rendered, a marker in the place of what failed, or jinja2's `missing`."""
        done = self._done.get(name, missing)
        if done is not missing:
            return done
        raw = self.find(name)
        if raw is missing:
            return missing
        if name in self._busy:
            return Broken(hint=f"{name} refers to itself")
        self._busy.add(name)
        try:
            value = self.rendered(raw)
        finally:
            self._busy.discard(name)
        if not self._busy or not isinstance(value, Broken):
            self._done[name] = value
        return value

    def rendered(self, raw: Any) -> Any:
        """Render a value as written, and what is nested in it; failures become markers in their places."""
        kind = type(raw)
        if kind is str:
            return self._text(raw) if is_template(raw) else raw
        if kind is dict:
            return {key: self.rendered(value) for key, value in raw.items()}
        if kind is list:
            return [self.rendered(value) for value in raw]
        if kind is Vaulted:
            return self._unlocked(raw)
        return str(raw) if kind is Unsafe else raw

    def _unlocked(self, raw: Vaulted) -> Any:
        if self.opened is None:
            return Locked(hint="it is in the vault")
        return self.opened(str.__str__(raw))

    def _text(self, text: str) -> Any:
        template = compiled(text)
        if isinstance(template, str):
            return Broken(hint=template)
        context = _Context(ENVIRONMENT, {}, None, {}, globals=None)
        context.scope = self
        result = _joined(template.root_render_func(context))
        if type(result) is str and text.endswith("\n"):
            result += "\n" * (_newlines(text) - _newlines(result))
        return result

    def evaluated(self, expression: str) -> Any:
        """Evaluate a bare expression (as the constructed plug-in does); failures become markers."""
        return self._text("{{ " + expression + " }}")


def _newlines(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))


class _Context(Context):
    scope: Scope

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        value = self.scope.get(key)
        return ENVIRONMENT.globals.get(key, missing) if value is missing else value

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        context = _Context(self.environment, {}, self.name, {}, globals=None)
        context.scope = self.scope
        context.vars.update(self.vars)
        context.vars.update({key: value for key, value in (locals or {}).items() if value is not missing})
        context.eval_ctx = self.eval_ctx
        return context


def _joined(told: Iterable[Any]) -> Any:
    """Return the single node of a template as it is, several as one string, none as None."""
    iterator = iter(told)
    parts: list[Any] = []
    try:
        parts.extend(part for part in iterator if part is not None)
        if len(parts) == 1:
            return parts[0]
        return "".join([str(part) for part in parts]) if parts else None
    except Tripped as tripped:
        return tripped.marker
    except SecurityError as error:
        return Broken(hint=f"not allowed in a template: {error}")
    except _FAILURES as error:
        return Broken(hint=f"{error}" or type(error).__name__)


class _Environment(SandboxedEnvironment):
    """Jinja2 as Ansible sets it up, without anything that touches files, the network or the clock."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"**", "*"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, undefined=Missing, finalize=_finalize, optimized=False, autoescape=False)
        self.filters = {name: _guarded(function) for name, function in (DEFAULT_FILTERS | FILTERS).items()}
        self.filters |= {"default": _default, "d": _default, "mandatory": _mandatory, "ternary": _ternary}
        self.tests = {name: _guarded(function) for name, function in (DEFAULT_TESTS | TESTS).items()}
        self.tests |= {
            "defined": lambda value: not isinstance(value, Undefined),
            "undefined": lambda value: isinstance(value, Undefined),
        }
        self.globals = {
            name: value for name, value in self.globals.items() if name in ("dict", "namespace", "range", "cycler", "joiner")
        }
        self._own_lexer = _Lexer(self)

    @property
    def lexer(self) -> Lexer:
        return self._own_lexer

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (isinstance(right, (int, float)) and abs(right) < 64):
            raise ValueError("the exponent is too large")
        size = len(left) if isinstance(left, (str, list)) else len(right) if isinstance(right, (str, list)) else 0
        times = right if isinstance(left, (str, list)) else left
        if operator == "*" and size and isinstance(times, int) and size * times > MAX_RANGE:
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
        marker = _first_marker((__obj, *args), kwargs)
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
    from jinja2 import meta

    try:
        tree: nodes.Template = ENVIRONMENT.parse(text)
    except TemplateError:
        return frozenset()
    return frozenset(meta.find_undeclared_variables(tree))


def first_marker(value: Any) -> Marker | None:
    """Return the first marker within a rendered value, or None where all of it could be had."""
    if isinstance(value, Marker):
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
