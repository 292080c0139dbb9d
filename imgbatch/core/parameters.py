"""Parameters: how does one dataclass become a flag, a recipe table, a Python call and a help page?

An operation or an output is a frozen dataclass whose fields are annotated with a *kind* (parameter_kinds.py)::

    @dataclass(frozen=True)
    class Blur(Declaration):
        sigma: Annotated[float, Number(0, 250, unit="px"), "standard deviation of the Gaussian"]

From that one declaration come the checks of the Python call, ``--blur 2`` on the command line, the recipe's table,
``imgbatch ops blur``, the error sentences, the canonical form (for digests) and the instances of the property tests.
No other file asks what an annotation means.

Five words, five meanings: a *parameter* is a field of a declaration (``sigma``); a *setting* concerns a whole run
(``workers``: run_settings.py); an *option* is one of an encoder (``quality``: encoder_options.py); a *flag* is how any
of them is typed (``--blur``); an *argument* is any word of the command line, a path, too.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from imgbatch.core.errors import DeclarationError, UsageError, unknown, wrong_value
from imgbatch.core.frozen_dataclass import ShownAsCall, frozen
from imgbatch.core.parameter_kinds import Kind, Switch, Texts, python_scalar

D = TypeVar("D", bound="Declaration")
MISSING: Any = dataclasses.MISSING
#: How the kind of a plain type is written in an annotation, with the names of imgbatch.declare.
_PLAIN_KINDS: dict[Any, str] = {
    int: "Number(whole=True)", float: "Number()", bool: "Switch()", str: 'Text("a text", str, ("an example",))',
}  # fmt: skip
_CALL = r"\w+\([^()\"]*\)"  # rgb(1,2,3): needs no quotes


class Brief(str):
    """Puts a parameter on the short help page, beside its kind and its help: in these words, or in those of its help.

    What is not marked so is on the full page only.
    """


class Heading(str):
    """The heading of the help pages under which a parameter stands, where it is not that of its declaration."""


@frozen
class Parameter:
    """One parameter of a declaration, as every reader of it needs it."""

    name: str
    kind: Kind
    help: str
    default: Any
    brief: Brief | None = None
    heading: str = ""

    @property
    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is MISSING

    @property
    def optional(self) -> bool:
        """Whether None, the default, means "not set"."""
        return self.default is None

    def is_default(self, content: object) -> bool:
        """Whether `content` is the default, in its canonical form (``white`` is stored as ``#ffffff``)."""
        if self.is_required:
            return False
        return content == self.default or (not self.optional and content == self.kind.check(self.name, self.default))


class Declaration(ShownAsCall):
    """The base of everything that is declared once, each a frozen dataclass: checks itself when it is made."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    word: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for parameter in parameters(type(self)):
            value = getattr(self, parameter.name)
            if value is None and parameter.optional:
                continue
            canonical = parameter.kind.check(_full_name(type(self), parameter.name), python_scalar(value))
            if canonical is not value:
                object.__setattr__(self, parameter.name, canonical)


#: Resolving annotations costs more than an image operation.
_PARAMETERS: dict[type[Declaration], tuple[Parameter, ...]] = {}


def parameters(cls: type[Declaration]) -> tuple[Parameter, ...]:
    """The parameters of a declaration, in order."""
    if cls not in _PARAMETERS:
        _PARAMETERS[cls] = _resolve(cls)
    return _PARAMETERS[cls]


def _resolve(cls: type[Declaration]) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    result = []
    for item in dataclasses.fields(cls):
        metadata = getattr(hints[item.name], "__metadata__", ())
        if not metadata:
            continue  # not a parameter: a plain field that its owner looks after (an output's operations)
        if not isinstance(metadata[0], Kind) or not all(isinstance(text, str) for text in metadata[1:2]):
            raise _wrong_annotation(cls, item, hints[item.name])
        marks = {type(mark): mark for mark in metadata[2:]}
        about = metadata[1] if len(metadata) > 1 else ""
        place = marks.get(Brief), marks.get(Heading, "")
        result.append(Parameter(item.name, metadata[0], about, item.default, *place))
    return tuple(result)


def _wrong_annotation(cls: type[Declaration], item: dataclasses.Field[Any], hint: Any) -> DeclarationError:
    """The error for a parameter whose annotation is not a type, a kind and a text, in this order."""
    value_type, marks = hint.__origin__, hint.__metadata__
    parts = [part for part in typing.get_args(value_type) if part is not type(None)]
    plain = parts[0] if len(parts) == 1 else value_type
    kind = next((mark for mark in marks if isinstance(mark, Kind) or _is_kind_class(mark)), None)
    if kind is None:
        spelling = _PLAIN_KINDS.get(plain, 'Choice(("one", "other"))')
    else:
        spelling = f"{kind.__name__}()" if isinstance(kind, type) else f"{type(kind).__name__}(...)"
    about = next((mark for mark in marks if isinstance(mark, str)), "what it does")
    names = " | ".join(getattr(part, "__name__", str(part)) for part in typing.get_args(value_type)) if parts else ""
    name = (names or getattr(value_type, "__name__", str(value_type))).replace("NoneType", "None")
    default = "" if item.default is MISSING else f" = {item.default!r}"
    return DeclarationError(
        f"expected a kind of imgbatch.declare, then a text, in the annotation of {cls.__qualname__}.{item.name}, got "
        f'{", ".join(map(repr, marks))}; write {item.name}: Annotated[{name}, {spelling}, "{about}"]{default}'
    )


def _is_kind_class(mark: object) -> bool:
    return isinstance(mark, type) and issubclass(mark, Kind)


def has_required(cls: type[Declaration]) -> bool:
    """Whether a value must be given."""
    return any(parameter.is_required for parameter in parameters(cls))


def from_table(cls: type[D], table: Mapping[str, object]) -> D:
    """An instance from a recipe's table; unknown keys name the nearest known one."""
    by_name = {parameter.name: parameter for parameter in parameters(cls)}
    for key in table:
        if key not in by_name:
            raise unknown(key, f"parameter of {cls.word}" if cls.word else "setting", by_name)
    _require(cls, table)
    return cls(**table)


def from_words(cls: type[D], text: str) -> D:
    """An instance from a flag's value: ``positional,...,key=value`` (see INTERFACE, "Operations")."""
    try:
        return _from_words(cls, text)
    except UsageError as error:
        better = None if str(error).endswith("?") else _with_quotes(cls, text)  # there is a nearer guess
        if better is None:
            raise
        import shlex  # only where something is wrong

        raise UsageError(f"{error}; a text with a comma needs double quotes: {shlex.quote(better)}") from None


def _with_quotes(cls: type[Declaration], text: str) -> str | None:
    """A flag's value with its first words in quotes, where a text comes first and that gives a value; else None."""
    fields = parameters(cls)
    if not fields or text.startswith('"'):
        return None
    keys = "|".join(field.name for field in fields[1:])
    first = re.split(rf", *(?=(?:{keys})(?:=|$|,))", text, maxsplit=1)[0] if keys else text
    if "," not in first:
        return None
    better = '"' + first.replace('"', '""') + '"' + text[len(first) :]
    try:
        _from_words(cls, better)
    except UsageError:
        return None
    return better


def _from_words(cls: type[D], text: str) -> D:
    fields = parameters(cls)
    by_name = {parameter.name: parameter for parameter in fields}
    values: dict[str, object] = {}
    position = 0
    for word in split_words(text) if text.strip() else []:
        key, equals, value = word.partition("=")
        key = key.strip().replace("-", "_")
        if equals and not word.startswith('"') and key.isidentifier():
            if key not in by_name:
                raise unknown(key, f"parameter of {cls.word}", by_name)
        elif isinstance(getattr(by_name.get(key), "kind", None), Switch):
            value = "true"
        elif position < len(fields):
            key, value, position = fields[position].name, word, position + 1
        else:
            raise wrong_value(f"at most {len(fields)} values", f"--{flag(cls)}", text)
        if key in values:
            raise UsageError(f"expected {key} of {cls.word} once, got it twice in {text!r}")
        values[key] = by_name[key].kind.read(_full_name(cls, key), unquote(value.strip()))
    _require(cls, values)
    return cls(**values)


def to_table(value: Declaration, everything: bool = False) -> dict[str, object]:
    """The recipe's table: what differs from the defaults, or `everything` (the canonical form)."""
    table: dict[str, object] = {}
    for parameter in parameters(type(value)):
        content = getattr(value, parameter.name)
        if everything or not parameter.is_default(content):
            table[parameter.name] = parameter.kind.plain(content)
    return table


def on_top_of(value: D, fields: Mapping[str, object]) -> D:
    """`value` with other fields; of texts by words only the words change that are among them."""
    changes = {
        parameter.name: parameter.kind.over(getattr(value, parameter.name), fields[parameter.name])
        for parameter in parameters(type(value))
        if isinstance(parameter.kind, Texts) and parameter.name in fields
    }
    return dataclasses.replace(value, **(dict(fields) | changes))


def to_words(value: Declaration) -> str:
    """The flag's value that gives `value` back."""
    words = []
    needs_key = False
    for parameter in parameters(type(value)):
        content = getattr(value, parameter.name)
        if parameter.is_default(content):
            needs_key = True
            continue
        word = _spell(content, parameters(type(value)))
        words.append(f"{parameter.name}={word}" if needs_key or not parameter.is_required else word)
    return ",".join(words)


def flag(cls: type[Declaration]) -> str:
    """The name at the shell: underscores become dashes."""
    return cls.word.replace("_", "-")


def summary(cls: type[Declaration]) -> str:
    """The first line of the docstring."""
    return (cls.__doc__ or "").strip().splitlines()[0]


def split_words(text: str) -> list[str]:
    """`text` cut at commas, but not inside double quotes or parentheses (``rgb(1,2,3)``)."""
    words, start, depth, in_quotes = [], 0, 0, False
    for index, character in enumerate(text):
        if character == '"':
            in_quotes = not in_quotes
        elif not in_quotes and character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and not in_quotes and depth <= 0:
            words.append(text[start:index])
            start = index + 1
    if in_quotes:
        raise UsageError(f"expected a closing double quote in {text!r}")
    words.append(text[start:])
    return [word.strip() for word in words]


def _spell(content: object, fields: tuple[Parameter, ...]) -> str:
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, float):
        return repr(content).removesuffix(".0")
    text = str(content)
    plain = text and text == text.strip() and not set(text) & set(',="()') and text not in [f.name for f in fields]
    return text if plain or re.fullmatch(_CALL, text) else '"' + text.replace('"', '""') + '"'


def unquote(word: str) -> str:
    """`word` without its quotes, if it has any."""
    has_quotes = len(word) > 1 and word[0] == word[-1] == '"'
    return word[1:-1].replace('""', '"') if has_quotes else word


def _full_name(cls: type[Declaration], name: str) -> str:
    return f"{cls.word} {name}" if cls.word else name


def _require(cls: type[Declaration], values: Mapping[str, object]) -> None:
    for parameter in parameters(cls):
        if parameter.is_required and parameter.name not in values:
            raise UsageError(f"expected {parameter.kind.describe()} for {_full_name(cls, parameter.name)}, got nothing")
