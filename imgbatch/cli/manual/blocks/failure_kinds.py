"""Failure kinds: what may a record's ``error.kind`` be, and does the next run try such a file again?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.core.errors import BLAME, KINDS, Blame, Kind

_MEANINGS: dict[Kind, str] = {
    "unidentified": "no reader recognizes the content",
    "unsupported": "recognized, but imgbatch does not read or write it here",
    "truncated": "the data end too early",
    "corrupt": "the data contradict themselves",
    "too_large": "more pixels than `--max-pixels`",
    "frames": "several frames, and a format that holds one",
    "mode": "a pixel mode that this operation or format cannot take",
    "target": "a wanted size or quality (`--max-bytes`, `--min-ssim`) cannot be reached",
    "exists": "a file is in the way",
    "permission": "the file may not be read or written",
    "no_space": "the disk is full: the run ends",
    "io": "the file cannot be read or written",
    "disk": "the disk that is written to fails, or takes no writes: the run ends",
    "changed": "the source was written to while it was read",
    "operation": "an operation raised an error",
    "memory": "not enough memory",
    "timeout": "took longer than `--timeout`",
    "crash": "the worker process died",
    "internal": "a mistake of imgbatch, or the caller's executor broke",
}
_WHOSE: dict[Blame, str] = {
    "file": "the file", "around": "its surroundings", "disk": "the disk", "nobody knows": "not known"
}  # fmt: skip


def block() -> str:
    """The table of kinds."""
    rows = [[f"`{kind}`", _MEANINGS[kind], _WHOSE[BLAME[kind]]] for kind in KINDS]
    return markdown_table(["kind", "meaning", "lies with"], rows)
