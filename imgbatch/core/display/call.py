"""Call: how is a declaration shown, as the call that makes it? Without what is a default anyway."""

from __future__ import annotations

import dataclasses
from typing import Any

from imgbatch.core.parameters import parameters


def call_text(value: Any) -> str:
    """The call that makes a declaration, without its defaults: ``Resize(size='1600', kernel='box')``."""
    known = {parameter.name: parameter for parameter in parameters(type(value))}
    words = []
    for item in dataclasses.fields(value):
        content, parameter = getattr(value, item.name), known.get(item.name)
        if item.repr and not (content == item.default if parameter is None else parameter.is_default(content)):
            words.append(f"{item.name}={content!r}")
    return f"{type(value).__qualname__}({', '.join(words)})"
