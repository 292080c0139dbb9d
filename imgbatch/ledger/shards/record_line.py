"""Record line: what does a line of a shard's record say of a file, and how does it become an outcome again?

Paths of outputs are relative to DIR: another machine may know it by another name. A record may come from a stranger, as
a ledger may: what no run writes is a ValueError before anybody counts or compares it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

from imgbatch.core.errors import KINDS, PHASES
from imgbatch.core.job import STATUSES, Failure, Outcome, Source, Written
from imgbatch.ledger.database import is_outside
from imgbatch.ledger.rows import relative_path

_WORD = "file"
START = f'["{_WORD}",'.encode()  # of the lines of files
_NAMES = Written.__match_args__
_PATH, _FIELDS = _NAMES.index("path"), _NAMES.index("fields")
_Kind = type | tuple[type, ...]
_COUNT = (int, NoneType)
#: What stands in a line, in its source, in each of its outputs and in its error.
_LINE: tuple[_Kind, ...] = (str, int, bool, list, str, list, (list, NoneType), list, list, dict, str, int, bool)
_SOURCE: tuple[_Kind, ...] = (str, str, str, int, int)
_OUTPUT: tuple[_Kind, ...] = (int, str, str, int, int, int, _COUNT, int, int, str, str, str, bool, list, str)
_ERROR: tuple[_Kind, ...] = (str, str, str)
_MOST = 1 << 63


def entry_of(outcome: Outcome, is_found: bool, folder: str) -> list[Any]:
    """What a line says, for JSON.

    Parameters
    ----------
    outcome : Outcome
    is_found : bool
        It is a failure that was not tried again.
    folder : str
        DIR (absolute).
    """
    source, error = outcome.source, outcome.error
    outputs = []
    for one in outcome.outputs:
        values = [getattr(one, name) for name in _NAMES]
        values[_PATH] = relative_path(one.path, folder)
        outputs.append(values)
    return [
        _WORD, outcome.index, is_found, [source.path, source.root, source.relative, source.size, source.mtime_ns],
        outcome.status, outputs, error and [error.kind, error.phase, error.message], outcome.warnings,
        outcome.changes, outcome.ms, outcome.source_hash, outcome.attempts,
        outcome.is_known,
    ]  # fmt: skip


def outcome_of(line: bytes, folder: str) -> tuple[Outcome, bool]:
    """The outcome of a line, and whether it was only found: unchanged, or not tried again.

    Parameters
    ----------
    line : bytes
    folder : str
        DIR (absolute), which its outputs are below.

    Raises
    ------
    ValueError, TypeError, RecursionError
        No run writes such a line.
    """
    entry = json.loads(line)
    _check(entry, _LINE)
    _, index, is_found, source, status, outputs, error, warnings, changes, ms, source_hash, *more = entry
    _check(source, _SOURCE)
    if error is not None:
        _check(error, _ERROR)
    for texts in (warnings, changes):
        _check(texts, (str,) * len(texts))
    _check_times(ms.values())
    if status not in STATUSES or (error is not None and (error[0] not in KINDS or error[1] not in PHASES)):
        raise ValueError("it names what no run does")
    outcome = Outcome(
        index, Source(*source), status, tuple(_outputs(outputs, folder)), error and Failure(*error), tuple(warnings),
        tuple(changes), ms, None, source_hash, (), *more,
    )  # fmt: skip
    return outcome, is_found or status == "unchanged"


def _outputs(rows: Sequence[Any], folder: str) -> Iterator[Written]:
    for values in rows:
        _check(values, _OUTPUT)
        _check(values[_FIELDS], (str,) * len(values[_FIELDS]))
        if is_outside(values[_PATH]):
            raise ValueError("an output is outside of the folder")
        values[_PATH], values[_FIELDS] = os.path.join(folder, values[_PATH]), tuple(values[_FIELDS])
        yield Written(*values)


def time_of(value: Any) -> int:
    """When a run began or ended (time.time_ns()); ValueError for what is no such time."""
    _check([value], (int,))
    return int(value)


def check_summary(summary: Mapping[str, Any]) -> None:
    """ValueError for a summary of a run whose counts and seconds cannot be added up, or that names no engine."""
    counts = [summary.get(name, 0) for name in ("remaining", "skipped", "other_outputs")]
    _check([*counts, summary.get("resampler", "")], (int, int, int, str))
    _check_times([summary.get("seconds", 0)])


def _check(values: Any, kinds: Sequence[_Kind]) -> None:
    """ValueError where values are not of these kinds, or a number is larger than SQLite has them."""
    if not isinstance(values, list) or len(values) != len(kinds) or not all(map(isinstance, values, kinds)):
        raise ValueError("it holds what no run writes")
    if not all(-_MOST <= value < _MOST for value in values if isinstance(value, int)):
        raise ValueError("a number is too large")


def _check_times(times: Iterable[Any]) -> None:
    if not all(isinstance(value, float | int) and math.isfinite(value) for value in times):
        raise ValueError("a time is none")
