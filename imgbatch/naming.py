"""What is a file called? Name templates, filled in two steps.

Planning fills in what is known before the pixels; ``{width}``, ``{height}`` and ``{hash}`` are left for work.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from imgbatch.errors import UsageError

LATE = frozenset({"width", "height", "hash"})


def fill_early(template: str, values: Mapping[str, Any]) -> str:
    """`template` with the early fields filled in.

    When it has late fields the result is again a template (braces that came from names are doubled), else a name.
    """
    late = is_late(template)
    made = []
    for literal, key, spec, _ in Formatter().parse(template):
        made.append(_escaped(literal) if late else literal)
        if key is None:
            continue
        if key in LATE:
            made.append("{" + key + (":" + spec if spec else "") + "}")
            continue
        word = _formatted(key, values[key], spec or "")
        made.append(_escaped(word) if late else word)
    return "".join(made)


def fill_late(path: str, width: int, height: int, digest: str) -> str:
    """The name that a late template stands for; `digest` is the source's content hash in hex."""
    values = {"width": width, "height": height, "hash": digest}
    return "".join(
        literal + ("" if key is None else _formatted(key, values[key], spec or ""))
        for literal, key, spec, _ in Formatter().parse(path)
    )


def is_late(template: str) -> bool:
    """Whether the template has fields that are only known with the pixels."""
    return any(key in LATE for _, key, _, _ in Formatter().parse(template))


def _formatted(key: str, value: Any, spec: str) -> str:
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise UsageError(f"expected a format that fits {{{key}}} for name, got {spec!r}: {error}") from None


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
