"""Quantities: how are sizes, times and counts written? ``200KB``, ``1.5Gi``, ``90s``, ``2h``, ``auto``, ``5%``.

Kinds for parameters.py: each takes a number as it is, or a word, and keeps the number.
"""

from __future__ import annotations

import re
from typing import Any

from imgbatch.core.errors import wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Kind, Number

Size = tuple[int, int]  # (width, height) in px

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@frozen
class Amount(Kind):
    """A whole number, also with K M G T (decimal) or Ki Mi Gi Ti (binary), with or without a final B."""

    low: int = 0
    auto: bool = False
    noun: str = "a size"

    def check(self, name: str, value: object) -> Any:
        if self.auto and value == "auto":
            return value
        if isinstance(value, str):
            match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]i?)?b?", value.strip().lower())
            if match is None:
                raise wrong_value(self.describe(), name, value)
            number: object = float(match[1]) * _UNITS[match[2] or ""]
        else:
            number = value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not self.low <= number < float("inf"):
            raise wrong_value(self.describe(), name, value)
        return int(number)

    def describe(self) -> str:
        least = f" of at least {self.low}" if self.low else ""
        return f"{self.noun}{least} such as 200KB, 268M or 2Gi" + (", or auto" if self.auto else "")


@frozen
class Count(Kind):
    """A whole number, or auto."""

    low: int = 0
    high: int = 10_000
    auto: bool = True

    def check(self, name: str, value: object) -> Any:
        if self.auto and value == "auto":
            return value
        if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise wrong_value(self.describe(), name, value)
        return value

    def describe(self) -> str:
        return f"a whole number from {self.low} to {self.high}" + (", or auto" if self.auto else "")


@frozen
class Quality(Kind):
    """A quality from 1 to 100, or keep: as the source was encoded."""

    def check(self, name: str, value: object) -> Any:
        number = value
        if isinstance(value, str):
            word = value.strip().lower()
            if word == "keep":
                return word
            number = int(word) if word.isdecimal() and len(word) < 4 else None
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 1 <= number <= 100 or number % 1:
            raise wrong_value(self.describe(), name, value)
        return int(number)

    def describe(self) -> str:
        return "a whole number from 1 to 100 or keep"


@frozen
class Duration(Kind):
    """Seconds as a number, or a word with ms s m h d w."""

    low: float = 0.0

    def check(self, name: str, value: object) -> float:
        if isinstance(value, str):
            match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|min|h|d|w)?", value.strip().lower())
            if match is None:
                raise wrong_value(self.describe(), name, value)
            value = float(match[1]) * _SECONDS[match[2] or ""]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value < float("inf"):
            raise wrong_value(self.describe(), name, value)
        return float(value)

    def describe(self) -> str:
        return "a time such as 60s, 10m, 2h or 1d"


@frozen
class Limit(Kind):
    """How many (``20``) or what share (``5%``); kept as the word."""

    def check(self, name: str, value: object) -> str:
        word = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
        match = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%", word)
        if match is None or (match[2] is not None and float(match[2]) > 100):
            raise wrong_value(self.describe(), name, value)
        return word

    def describe(self) -> str:
        return "a number such as 20 or a share such as 5%"


@frozen
class Level(Number):
    """A level on the scale from 0 (black) to 255 (white), whatever the picture's depth; also as a share of it: 5%."""

    low: float = 0
    high: float = 255

    def check(self, name: str, value: object) -> float | int:
        if isinstance(value, str):
            match = re.fullmatch(r"(\d{1,3}(?:\.\d*)?|\.\d+)\s*%", value.strip())
            if match is None or float(match[1]) > 100:
                raise wrong_value(self.describe(), name, value)
            return float(match[1]) * self.high / 100
        return super().check(name, value)

    def read(self, name: str, word: str) -> float | int:
        return self.check(name, word) if word.rstrip().endswith("%") else super().read(name, word)

    def describe(self) -> str:
        return "a level from 0 (black) to 255 (white), or a share of it such as 5%"


@frozen
class Share(Level):
    """A part of the whole from 0 to 1; also in percent: 50%."""

    high: float = 1

    def describe(self) -> str:
        return "a part from 0 to 1, also written as 50%"
