"""Environment variables: which does the command read?"""

from __future__ import annotations

import textwrap

from imgbatch.core.parameters import parameters
from imgbatch.core.run_settings import Settings, UnattendedSettings


def block() -> str:
    """The names of all that stand for a running option, as code."""
    fields = [field.name for cls in (Settings, UnattendedSettings) for field in parameters(cls)]
    names = " ".join(f"IMGBATCH_{name.upper()}" for name in fields)
    return "```\n" + textwrap.fill(names, 96, break_long_words=False) + "\n```"
