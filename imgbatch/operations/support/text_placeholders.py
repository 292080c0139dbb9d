"""Text placeholders: what replaces ``{stem}``, ``{date:%Y}`` or ``{exif.Artist}`` in a text?"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Mapping
from string import Formatter
from typing import Any

from imgbatch.core.errors import UsageError, unknown
from imgbatch.core.parameter_kinds import Grammar, check_width
from imgbatch.operations.base import EXIF

#: The fields of a text, with values to try a format with.
FIELDS: dict[str, Any] = {
    "stem": "x", "name": "x.jpg", "ext": "jpg", "dir": "", "width": 1, "height": 1, "n": 1,
    "date": datetime.datetime(2000, 1, 1), "mtime": datetime.datetime(2000, 1, 1),
}  # fmt: skip


def canonical(text: str) -> str:
    """`text` itself when its fields are known and their formats fit; UsageError when not."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise UsageError(f"expected a text for text, got {text!r}: {error}; a brace is written {{{{ or }}}}") from None
    for _, key, spec, conversion in parts:
        if key is None:
            continue
        if conversion:
            raise UsageError(f"expected no conversion (!{conversion}) for text, got {text!r}")
        if key.startswith(EXIF):
            check_tag(key)
        elif key not in FIELDS:
            raise unknown(key, "field of a text", [*FIELDS, "exif.Artist"])
        check_width(key, spec or "", "text")
        _format(key, FIELDS.get(key, ""), spec or "")
    return text


def fill(text: str, facts: Mapping[str, Any]) -> str:
    """`text` with its fields filled in from `facts`; what they do not hold is left out, with a warning."""
    result = ""
    for literal, key, spec, _ in Formatter().parse(text):
        result += literal
        if key is not None:
            value = facts.get(key)
            if value is None:
                warnings.warn(f"text: the file has no {key}, left out", stacklevel=2)
            else:
                result += _format(key, value, spec or "")
    return result


def check_tag(field: str) -> None:
    """UsageError where a field such as ``exif.Model`` names no tag; it names the nearest one."""
    from PIL.ExifTags import TAGS

    name = field.removeprefix(EXIF)
    if name not in TAGS.values():
        raise unknown(name, "EXIF tag", TAGS.values())


def _format(key: str, value: Any, spec: str) -> str:
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected a format that fits {{{key}}} for text, got {spec!r}: {error}") from None


TEMPLATE = Grammar("a text, with fields such as {stem}, {date} or {exif.Artist}", canonical, ("{stem}", "Hello, world"))
