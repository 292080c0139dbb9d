"""Frozen dataclasses: how are they made without delay? By compiling only ``__init__`` for each of them.

``@dataclass(frozen=True)`` writes and compiles six functions for a class, and a run makes dozens of such classes before
it begins, in the command and in the workers' forkserver. Of these functions only ``__init__`` is called often enough to
be worth it. The others are the same for all classes here: they ask ``__match_args__`` for the fields.

What ``@frozen`` makes is a dataclass for ``fields``, ``replace``, ``asdict``, type checkers and readers. It can less:
each field is an argument, by position too, and counts for ``==``, ``hash`` and ``repr``, and
``@dataclass(frozen=True)`` refuses to inherit from it. So operations stay plain dataclasses, like those of plugins,
which inherit from them.
"""

from __future__ import annotations

import dataclasses
import operator
import sys
from abc import ABCMeta
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform, overload

from imgbatch.core.errors import DeclarationError

T = TypeVar("T")
_LATER = type("", (), {"__repr__": lambda self: "<factory>"})()  # the default of what a factory makes


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, slots: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type[Any] | None = None, /, *, slots: bool = False, eq: bool = True) -> Any:
    """Make a class a frozen dataclass; without `eq` each instance equals only itself."""
    if cls is None:
        return lambda cls: _make(cls, slots, eq)
    return _make(cls, slots, eq)


def _make(cls: type[Any], slots: bool, eq: bool) -> type[Any]:
    functions = _ALWAYS | (_EQUAL if eq else {})
    for name, function in functions.items():
        if name not in vars(cls):
            setattr(cls, name, function)
    new_class: type[Any] = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    setattr(new_class, "__init__", _init(new_class))  # noqa: B010 - mypy takes no method that is assigned
    if slots and "__reduce__" not in vars(cls):
        setattr(new_class, "__reduce__", _make_reduce(new_class.__match_args__))  # noqa: B010 - as above
    return new_class


def _init(cls: type[Any]) -> Callable[..., None]:
    """``__init__`` as dataclasses would write it, but with the defaults beside the text."""
    names, lines, defaults = [], [], []
    namespace: dict[str, Any] = {"_put": object.__setattr__, "_later": _LATER}
    for field in dataclasses.fields(cls):
        if field.kw_only or not (field.init and field.compare and field.repr):
            raise TypeError(f"{cls.__qualname__}.{field.name}: a field that @frozen does not know; use @dataclass")
        name = value = field.name
        names.append(name)
        if field.default_factory is not dataclasses.MISSING:
            namespace[f"_new_{name}"] = field.default_factory
            value = f"_new_{name}() if {name} is _later else {name}"
            defaults.append(_LATER)
        elif field.default is not dataclasses.MISSING:
            defaults.append(field.default)
        elif defaults:
            raise TypeError(f"{cls.__qualname__}.{name}: no default, after a field that has one")
        put_slot = getattr(getattr(cls, name, None), "__set__", None)
        if put_slot is not None:  # takes less time than by name
            namespace[f"_put_{name}"] = put_slot
            lines.append(f"  _put_{name}(self, {value})")
        else:
            lines.append(f"  _put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    text = f" def __init__(self, {', '.join(names)}):\n" + ("\n".join(lines) or "  pass")
    result: dict[str, Any] = {}
    # Where typing.get_type_hints looks for what annotations name are the module's globals
    exec(f"def make({', '.join(namespace)}):\n{text}\n return __init__", vars(sys.modules[cls.__module__]), result)
    init: Callable[..., None] = result["make"](**namespace)
    init.__defaults__ = tuple(defaults)
    # Without the kinds that parameters.py looks for in those of the class: help() would show them
    init.__annotations__ = {field.name: _bare_type(field.type) for field in dataclasses.fields(cls)} | {"return": None}
    init.__module__, init.__qualname__ = cls.__module__, f"{cls.__qualname__}.__init__"
    return init


class _BareSignature:
    """What ``inspect.signature`` says of a class: the types of its fields, of Annotated without the marks."""

    def __get__(self, _: object, cls: type[Any]) -> Any:
        import inspect  # only for who asks
        import typing

        full, hints = inspect.signature(cls.__init__), typing.get_type_hints(cls)
        bare = [
            one.replace(annotation=hints.get(one.name, one.annotation)) for one in list(full.parameters.values())[1:]
        ]
        return full.replace(parameters=bare, return_annotation=inspect.Signature.empty)


def _bare_type(hint: Any) -> Any:
    """``str`` of ``Annotated[str, ...]``; any other hint as it is."""
    return hint.__origin__ if hasattr(hint, "__metadata__") else hint


class ShownAsCall:
    """Base of dataclasses that are shown as the call that makes them, without what is a default."""

    __signature__ = _BareSignature()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__repr__" not in vars(cls):
            setattr(cls, "__repr__", ShownAsCall.__repr__)  # noqa: B010 - as above; else @dataclass would write its own

    def __repr__(self) -> str:
        from imgbatch.core.display.call import call_text  # only where something is shown

        return call_text(self)


class FrozenType(ABCMeta):
    """The type of abstract classes whose subclasses are frozen dataclasses: one that is not is told how it is written.

    ``@dataclass`` puts its own parameters into a class before it looks at the bases. Where it does not, its TypeError
    says that a dataclass that is not frozen cannot inherit from one that is.
    """

    def __setattr__(cls, name: str, value: Any) -> None:
        if name == "__dataclass_params__" and not value.frozen:
            how = "write @dataclass(frozen=True) in the line above it"
            raise DeclarationError(f"{cls.__qualname__} can be changed; {how}")
        super().__setattr__(name, value)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self.__match_args__])


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    inside = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__])
    return f"{type(self).__qualname__}({inside})"


def _refuse_assignment(self: Any, name: str, value: object) -> None:
    if _is_frozen(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_deletion(self: Any, name: str) -> None:
    if _is_frozen(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(self: Any, name: str) -> bool:
    """All names are, but what a plain subclass adds."""
    return "__dataclass_params__" in vars(type(self)) or name in self.__match_args__


def _make_reduce(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Pickles as a call of the class with all its values: a tenth of the time of what dataclasses do for slots."""
    values = operator.attrgetter(*names) if len(names) > 1 else _values  # of one name it gets no tuple
    return lambda self: (type(self), values(self))


_ALWAYS = {"__repr__": _repr, "__setattr__": _refuse_assignment, "__delattr__": _refuse_deletion}
_EQUAL = {"__eq__": _equal, "__hash__": _hash}
