"""Kinds of parameters: what may a parameter hold, how is it read, checked and described?"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from imgbatch.core.errors import UsageError, unknown, wrong_value
from imgbatch.core.frozen_dataclass import frozen

T = TypeVar("T")
WIDEST = 255  # characters of one field of a name or a text


def python_scalar(value: Any) -> Any:
    """A number of numpy's (``np.int64(80)``, ``np.bool_``) as Python's own; anything else as it is."""
    numpy = sys.modules.get("numpy")  # where it is not loaded, no value is of its types
    if numpy is None or not isinstance(value, numpy.generic if type(value) is not numpy.ndarray else numpy.ndarray):
        return value
    if value.ndim:
        return value
    plain = value.item()
    return float(plain) if isinstance(plain, numpy.floating) else plain  # a longdouble stays one


def check_type(name: str, value: object, kind: type[T], what: str) -> T:
    """An argument of the library that must be of one type.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    kind : type
    what : str
        What is expected, with its article.

    Raises
    ------
    UsageError
        It is something else.
    """
    value = python_scalar(value)
    if not isinstance(value, kind):
        raise wrong_value(what, name, value)
    return value


def check_path(name: str, value: object, what: str = "a path") -> str:
    """A path as a str; UsageError for bytes, open files and whatever else is none.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        A str or an ``os.PathLike`` of one.
    what : str
        What would be right, with its article.
    """
    try:
        path = os.fspath(value)  # type: ignore[call-overload]  # that is what is asked
    except TypeError:
        path = None
    if not isinstance(path, str) or "\0" in path:
        raise wrong_value(f"{what} (str or pathlib.Path)", name, value)
    return path


def check_paths(name: str, value: object) -> list[str]:
    """One path or several as a list; UsageError where something among them is none."""
    what = "a file, a folder or a glob"
    if isinstance(value, (str, os.PathLike)):
        return [check_path(name, value, what)]
    several = not isinstance(value, (bytes, bytearray, Mapping)) and not hasattr(value, "read")
    if not several or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        raise wrong_value(f"{what}, or a list of these,", name, value)
    return [check_path(name, path, what) for path in value]


def check_width(key: str, spec: str, what: str) -> None:
    """UsageError for a format that asks for more characters than any name or text has: ``{stem:>2000000000}``.

    Parameters
    ----------
    key, spec : str
        The field, and its format.
    what : str
        The parameter, for the message.
    """
    numbers = re.findall(r"%[-_0^#+]*(\d+)" if key in ("date", "mtime") else r"\d+", spec)
    if any(len(number.lstrip("0")) > 3 or int(number) > WIDEST for number in numbers):
        raise UsageError(f"expected at most {WIDEST} characters for {{{key}}} in {what}, got {spec[:40]!r}")


def whole_numbers(value: object, low: int, high: int) -> tuple[int, ...]:
    """The numbers of a tuple, numpy's as Python's; none where it is no tuple of whole numbers in that range.

    Parameters
    ----------
    value : object
    low, high : int
        Of each number, both included.
    """
    numbers = tuple(map(python_scalar, value)) if isinstance(value, tuple) else ()
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in numbers)
    return numbers if whole and all(low <= number <= high for number in numbers) else ()


def spell_path(value: object) -> object:
    """An ``os.PathLike`` as the word that it stands for."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


class Kind:
    """What a field may hold: how a value is checked, how a typed word is read, how it is described.

    A plain class: isinstance with a Protocol is slow, and a command asks it 300 times before it begins.
    """

    def check(self, name: str, value: object) -> Any:
        """The value in its canonical form; UsageError when it is none."""
        raise NotImplementedError

    def read(self, name: str, word: str) -> Any:
        """The value of a word typed at the shell; UsageError when it has none."""
        return self.check(name, word)

    def plain(self, value: Any) -> Any:
        """A canonical value as a recipe's table has it."""
        return value

    def describe(self) -> str:
        """Type and range, for the help page."""
        raise NotImplementedError


@frozen
class Number(Kind):
    """A number from `low` to `high`, both included; `whole` for integers, `odd` for odd ones."""

    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    whole: bool = False
    odd: bool = False

    def check(self, name: str, value: object) -> float | int:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong_value(self.describe(), name, value)
        try:
            finite = math.isfinite(value)
        except OverflowError:  # an integer beyond every float
            finite = False
        if not finite or not self.low <= value <= self.high or (self.whole and value != int(value)):
            raise wrong_value(self.describe(), name, value)
        if self.odd and int(value) % 2 == 0:
            raise wrong_value(self.describe(), name, value)
        return int(value) if self.whole else float(value)

    def read(self, name: str, word: str) -> float | int:
        text = word.removesuffix(self.unit).strip() if self.unit else word
        try:
            number = float(text)
        except ValueError:
            raise wrong_value(self.describe(), name, word) from None
        try:
            return self.check(name, number)
        except UsageError:
            raise wrong_value(self.describe(), name, word) from None

    def describe(self) -> str:
        noun = ("an odd whole number" if self.odd else "a whole number") if self.whole else "a number"
        unit = f" {self.unit}" if self.unit else ""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{noun} from {self.low:g} to {self.high:g}{unit}"
        if math.isfinite(self.low):
            return f"{noun} of at least {self.low:g}{unit}"
        return noun + (f" in{unit}" if unit else "")


@frozen
class Switch(Kind):
    """True or false; a bare word at the shell (``upscale``) means true."""

    def check(self, name: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise wrong_value(self.describe(), name, value)
        return value

    def read(self, name: str, word: str) -> bool:
        if word.lower() in ("true", "yes", "on", "1"):
            return True
        if word.lower() in ("false", "no", "off", "0"):
            return False
        raise wrong_value(self.describe(), name, word)

    def describe(self) -> str:
        return "true or false"


@frozen
class Choice(Kind):
    """One of a few words; `spellings` are pairs of another word for one of them, and that: ``("jpg", "jpeg")``."""

    words: tuple[str, ...]
    spellings: tuple[tuple[str, str], ...] = ()

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise wrong_value(self.describe(), name, value)
        word = value.lower() if not self.spellings else dict(self.spellings).get(value.lower(), value.lower())
        if word not in self.words:
            raise unknown(value, name, self.words)
        return word

    def describe(self) -> str:
        return "one of " + ", ".join(self.words)


@frozen
class Grammar(Kind):
    """A word with a grammar of its own: `canonical` returns its one spelling or raises ValueError.

    `examples` are shown in the help page and used by the property tests. `spell` makes a word of what else may stand
    for it in Python (a tuple, a path), and returns anything else as it is.
    """

    what: str
    canonical: Callable[[str], str]
    examples: tuple[str, ...]
    spell: Callable[[object], object] | None = None

    def check(self, name: str, value: object) -> str:
        if self.spell is not None:
            value = self.spell(value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # size=1600 in a recipe, Resize(1600) in Python
        if not isinstance(value, str):
            raise wrong_value(self.what, name, value)
        try:
            return self.canonical(value)
        except UsageError:
            raise
        except ValueError:
            raise wrong_value(self.what, name, value) from None

    def describe(self) -> str:
        return self.what


@frozen
class Texts(Kind):
    """Texts by words: a table in a recipe, at the shell a flag that is repeated (``--set artist=Ann``).

    `canonical` takes pairs of a word and its text, and returns them checked, as a tuple, or None for no pairs.
    """

    what: str
    canonical: Callable[[Iterable[tuple[Any, Any]]], tuple[Any, ...] | None]
    examples: tuple[Any, ...]

    def check(self, name: str, value: object) -> Any:
        """As every kind; `value` is a mapping, or pairs."""
        pairs = tuple(value.items()) if isinstance(value, Mapping) else value
        if not isinstance(pairs, (list, tuple)) or any(
            not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs
        ):
            raise wrong_value(self.what, name, value)
        return self.canonical(pairs)

    def read(self, name: str, word: str) -> Any:
        """One pair, as typed; the flag's words together are a value."""
        key, equals, text = word.partition("=")
        if not equals:
            raise wrong_value(self.what, name, word)
        self.canonical([(key, text)])
        return key, text

    def over(self, lower: Any, upper: Any) -> Any:
        """The canonical value where `upper` is said on top of `lower`, word by word."""
        return self.check("", {**dict(lower or ()), **dict(self.check("", upper) or ())})

    def plain(self, value: Any) -> Any:
        return None if value is None else dict(value)

    def describe(self) -> str:
        return self.what
