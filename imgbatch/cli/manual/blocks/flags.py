"""Flags: what does each of the flags that a page names do?"""

from __future__ import annotations

from imgbatch.cli.flag import Flag
from imgbatch.cli.flag_table import run_flags
from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.core.errors import unknown


def block(*names: str) -> str:
    """A table of flags of ``imgbatch run``; `names` without their dashes."""
    flags = {flag.name.removeprefix("--"): flag for flag in run_flags([])}
    if wrong := [name for name in names if name not in flags]:
        raise unknown(wrong[0], "flag of run", flags)
    return markdown_table(["flag", "meaning"], [[_spelling(flags[name]), flags[name].help] for name in names])


def _spelling(flag: Flag) -> str:
    """``-q, --quality N|keep`` as code."""
    value = f"[={flag.metavar}]" if flag.takes == "attached" else f" {flag.metavar}"
    return f"`{', '.join(flag.names)}{value if flag.metavar else ''}`"
