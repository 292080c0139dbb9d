"""Row: what does the table of a page hold of one file?

A list, because there may be a hundred thousand::

    [status, folder, name, bytes, outputs, ms, more]

`folder` is a number of :attr:`links.Links.folders`, and `name` the path below it; `outputs` are lists ``[folder, name,
format, width, height, bytes, quality or null, url?]``; `ms` is the time of all phases together. `more` is only there
where it holds something: ``error`` (kind, phase, message), ``warnings``, ``changes``, ``attempts``, ``url``. Names are
spelled as reporters do; a ``url`` says where one lies whose spelling is not its name.
"""

from __future__ import annotations

import os
from typing import Any

from imgbatch.core.job import Outcome, Written
from imgbatch.reporters.base import location, printable
from imgbatch.reporters.page.links import Links, percent_encode


def row(outcome: Outcome, base: str, links: Links) -> list[Any]:
    """One file's row.

    Parameters
    ----------
    outcome : Outcome
    base : str
        The output folder (absolute), if there is one.
    links : Links
        Numbers the folders.
    """
    source = outcome.source
    folder, relative = _split(source.path, source.path.removesuffix(source.relative))
    more: dict[str, Any] = {}
    if outcome.error is not None:
        error = outcome.error
        more["error"] = [error.kind, error.phase, printable(error.message)]
    if outcome.warnings:
        more["warnings"] = list(map(printable, outcome.warnings))
    if outcome.changes:
        more["changes"] = list(map(printable, outcome.changes))
    if outcome.attempts > 1:
        more["attempts"] = outcome.attempts
    text = printable(relative)
    if text != relative:
        more["url"] = percent_encode(relative)
    if not folder:  # a web address is a name as it stands
        text = printable(location(source))
    outputs = [_output(output, base, links) for output in outcome.outputs]
    result = [
        outcome.status, links.number(folder), text, source.size, outputs, round(sum(outcome.ms.values()), 1)
    ]  # fmt: skip
    return [*result, more] if more else result


def _output(output: Written, base: str, links: Links) -> list[Any]:
    folder, relative = _split(output.path, base.rstrip("/") + "/" if base else "")
    text = printable(relative)
    result = [
        links.number(folder), text, output.format, output.width, output.height, output.bytes, output.quality
    ]  # fmt: skip
    return result if text == relative else [*result, percent_encode(relative)]


def _split(path: str, folder: str) -> tuple[str, str]:
    """The folder of a path (absolute), and the path below it."""
    if folder and path.startswith(folder) and path != folder:
        return folder, path.removeprefix(folder)
    folder, name = os.path.split(path)
    return folder, name
