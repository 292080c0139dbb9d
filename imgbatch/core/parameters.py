"""How does one dataclass become a flag, a recipe table, a Python call and a help page?

An operation or an output is a frozen dataclass whose fields are annotated with a *kind*::

    @dataclass(frozen=True)
    class Blur(Declared):
        sigma: Annotated[float, Number(0, 250, unit="px"), "standard deviation of the Gaussian"]

From that one declaration come the checks of the Python call, ``--blur 2`` on the command line, the recipe's table,
``imgbatch ops blur``, the error sentences, the canonical form (for digests) and the instances of the property tests.
No other file asks what an annotation means.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from imgbatch.core.errors import UsageError, expected, unknown
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Kind, Switch

D = TypeVar("D", bound="Declared")
MISSING: Any = dataclasses.MISSING
_CALL = re.compile(r"\w+\([^()\"]*\)")  # rgb(1,2,3): needs no quotes


@frozen
class Field:
    """One parameter of a declaration, as every reader of it needs it."""

    name: str
    kind: Kind
    help: str
    default: Any

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def optional(self) -> bool:
        """None means "not said"."""
        return self.default is None

    def left_out(self, held: object) -> bool:
        """Whether `held` is the default, in its canonical form (``white`` is held as ``#ffffff``)."""
        if self.required:
            return False
        return held == self.default or (not self.optional and held == self.kind.check(self.name, self.default))


class Declared:
    """The base of everything that is declared once, each a frozen dataclass: checks itself when it is made."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    word: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in fields(type(self)):
            value = getattr(self, field.name)
            if value is None and field.optional:
                continue
            checked = field.kind.check(_full(type(self), field.name), value)
            if checked is not value:
                object.__setattr__(self, field.name, checked)


_FIELDS: dict[type[Declared], tuple[Field, ...]] = {}  # resolving annotations costs more than an image operation


def fields(cls: type[Declared]) -> tuple[Field, ...]:
    """The parameters of a declaration, in order."""
    if cls not in _FIELDS:
        _FIELDS[cls] = _resolved(cls)
    return _FIELDS[cls]


def _resolved(cls: type[Declared]) -> tuple[Field, ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for item in dataclasses.fields(cls):
        metadata = getattr(hints[item.name], "__metadata__", ())
        if not metadata:
            continue  # not a parameter: a plain field that its owner looks after (an output's operations)
        default = item.default
        found.append(Field(item.name, metadata[0], metadata[1] if len(metadata) > 1 else "", default))
    return tuple(found)


def has_required(cls: type[Declared]) -> bool:
    """Whether a value must be given."""
    return any(field.required for field in fields(cls))


def from_table(cls: type[D], table: Mapping[str, object]) -> D:
    """An instance from a recipe's table; unknown keys name the nearest known one."""
    known = {field.name: field for field in fields(cls)}
    for key in table:
        if key not in known:
            raise unknown(key, f"parameter of {cls.word}", known)
    _require(cls, table)
    return cls(**table)


def from_words(cls: type[D], text: str) -> D:
    """An instance from a flag's value: ``positional,...,key=value`` (see INTERFACE, "Operations")."""
    declared = fields(cls)
    known = {field.name: field for field in declared}
    values: dict[str, object] = {}
    position = 0
    for word in split_words(text) if text.strip() else []:
        key, found, value = word.partition("=")
        key = key.strip().replace("-", "_")
        if found and not word.startswith('"') and key.isidentifier():
            if key not in known:
                raise unknown(key, f"parameter of {cls.word}", known)
        elif isinstance(getattr(known.get(key), "kind", None), Switch):
            value = "true"
        elif position < len(declared):
            key, value, position = declared[position].name, word, position + 1
        else:
            raise expected(f"at most {len(declared)} values", f"--{flag(cls)}", text)
        if key in values:
            raise UsageError(f"expected {key} of {cls.word} once, got it twice in {text!r}")
        values[key] = known[key].kind.read(_full(cls, key), unquoted(value.strip()))
    _require(cls, values)
    return cls(**values)


def to_table(value: Declared, everything: bool = False) -> dict[str, object]:
    """The recipe's table: what differs from the defaults, or `everything` (the canonical form)."""
    table: dict[str, object] = {}
    for field in fields(type(value)):
        held = getattr(value, field.name)
        if everything or not field.left_out(held):
            table[field.name] = held
    return table


def to_words(value: Declared) -> str:
    """The flag's value that gives `value` back."""
    words = []
    keyed = False
    for field in fields(type(value)):
        held = getattr(value, field.name)
        if field.left_out(held):
            keyed = True
            continue
        word = _word(held, fields(type(value)))
        words.append(f"{field.name}={word}" if keyed or not field.required else word)
    return ",".join(words)


def flag(cls: type[Declared]) -> str:
    """The name at the shell: underscores become dashes."""
    return cls.word.replace("_", "-")


def summary(cls: type[Declared]) -> str:
    """The first line of the docstring."""
    return (cls.__doc__ or "").strip().splitlines()[0]


def split_words(text: str) -> list[str]:
    """`text` cut at commas, but not inside double quotes or parentheses (``rgb(1,2,3)``)."""
    words, start, depth, quoted = [], 0, 0, False
    for index, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and not quoted and depth <= 0:
            words.append(text[start:index])
            start = index + 1
    if quoted:
        raise UsageError(f"expected a closing double quote in {text!r}")
    words.append(text[start:])
    return [word.strip() for word in words]


def _word(held: object, declared: tuple[Field, ...]) -> str:
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, float):
        return repr(held).removesuffix(".0")
    text = str(held)
    plain = text and text == text.strip() and not set(text) & set(',="()') and text not in [f.name for f in declared]
    return text if plain or _CALL.fullmatch(text) else '"' + text.replace('"', '""') + '"'


def unquoted(word: str) -> str:
    """`word` without its quotes, if it has any."""
    quoted = len(word) > 1 and word[0] == word[-1] == '"'
    return word[1:-1].replace('""', '"') if quoted else word


def _full(cls: type[Declared], name: str) -> str:
    return f"{cls.word} {name}" if cls.word else name


def _require(cls: type[Declared], values: Mapping[str, object]) -> None:
    for field in fields(cls):
        if field.required and field.name not in values:
            raise UsageError(f"expected {field.kind.describe()} for {_full(cls, field.name)}, got nothing")
