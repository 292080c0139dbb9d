"""Check: which files are damaged, or not what their name says? Every frame of every file is decoded.

Nothing is written. The work of a file is inspect.py's; finding files, workers, limits and the report are those of
every other command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack

from imgbatch.core.job import Outcome
from imgbatch.core.report import Report
from imgbatch.core.run_settings import Filters
from imgbatch.pipeline.inspect import InspectTask
from imgbatch.runs.base import Run
from imgbatch.runs.keywords import ReadOnlyKeywords, read_only_settings
from imgbatch.runs.workload import Path


class CheckRun(Run):
    """A run that decodes every frame: "failed" means that the file is damaged, warnings that it is odd."""

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        with self._reporting():
            for outcome in self._execute(InspectTask(self.settings.max_pixels), self.todo, self.settings.workers):
                self._count(outcome)
                yield outcome


def check(
    paths: Sequence[Path] | Path, *, filters: Filters | None = None, **settings: Unpack[ReadOnlyKeywords]
) -> Report:
    """Decode every frame of every file, and report what is damaged or mislabelled.

    A damaged file's Outcome is failed, with a kind (truncated, corrupt, unidentified, unsupported, too_large, ...).
    What is only odd is in its warnings: a suffix of another format, data after the end of the picture, a wrong
    checksum of a PNG chunk after the pixels, a GIF or JPEG without end mark.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    filters : Filters, optional
        Which files of folders and globs count.
    **settings
        The fields of :class:`imgbatch.Settings` that have a meaning here: workers, chunksize, timeout, memory,
        max_pixels, fail_on, fail_fast, max_failures.

    Returns
    -------
    Report
        ``.ok``, ``.failed``, ``.outcomes`` in the order of the sources, ``.exit_code``, ``.to_json()``.

    Raises
    ------
    UsageError, PlanError
        Before the first file is opened: a wrong value, a missing source.
    EngineError
        Workers cannot be started.

    Examples
    --------
    >>> import imgbatch as ib
    >>> ib.check("sample_images/travel", workers=0).ok
    True
    """
    checking = CheckRun(paths, read_only_settings(settings), filters)
    checking.prepare()
    for _ in checking.outcomes():
        pass
    return checking.report
