"""Check: which files are damaged, or not what their name says? Every frame of every file is decoded.

Nothing is written. The work of a file is inspect.py's; finding files, workers, limits and the report are those of
every other command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Unpack

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Job, Outcome, Source
from imgbatch.core.parameter_kinds import check_path, check_type
from imgbatch.core.report import Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.ledger.history import History
from imgbatch.pipeline.inspect import InspectTask, VerifyJob, VerifyTask
from imgbatch.reporters.progress import carry_out
from imgbatch.runs.base import Run
from imgbatch.runs.keywords import ReadOnlyKeywords, read_only_settings
from imgbatch.runs.workload import Path, Workload


class CheckRun(Run):
    """A run that decodes every frame: "failed" means that the file is damaged, warnings that it is odd.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`.
    quality : bool
        Whether it also warns of bad pictures.
    """

    lists_meanwhile = True

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        quality: bool = False,
    ) -> None:
        super().__init__(paths, settings, filters)
        self._quality = check_type("quality", quality, bool, "true or false")

    def _work(self) -> Iterator[Outcome]:
        return self._do_all(InspectTask(self.settings.max_pixels, self._quality))


def check(
    paths: Sequence[Path] | Path,
    *,
    quality: bool = False,
    filters: Filters | None = None,
    progress: bool = False,
    **settings: Unpack[ReadOnlyKeywords],
) -> Report:
    """Decode every frame of every file, and report what is damaged or mislabelled.

    A damaged file's Outcome is failed, with a kind (truncated, corrupt, unidentified, unsupported, too_large, ...).
    What is only odd is in its warnings: a suffix of another format, data after the end of the picture, a wrong
    checksum of a PNG chunk after the pixels, a GIF or JPEG without end mark.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    quality : bool
        Whether the first frame of whole files is judged, too: blurred, too dark, too light, or nothing to see are
        warnings that begin with ``quality:``.
    filters : Filters, optional
        Which files of folders and globs count.
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.
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
    check_run = CheckRun(paths, read_only_settings(settings), filters, quality=quality)
    carry_out(check_run, progress)
    return check_run.report


class VerifyRun(Run):
    """A run that reads every output of a folder again: "failed" means that it is not what imgbatch wrote.

    Parameters
    ----------
    folder : path
        An output folder.
    deep : bool
        Whether every frame is decoded, too.
    settings : Settings or None
        With `state` where the ledger lies, if not in the folder.
    """

    def __init__(self, folder: Path, *, deep: bool = False, settings: Settings | None = None) -> None:
        super().__init__(check_path("folder", folder, "a folder"), settings)
        self._deep = check_type("deep", deep, bool, "true or false")

    def _find_workload(self) -> Workload:
        """A job for each output in the ledger; PlanError where there is none, or none of outputs."""
        (folder,) = self.paths
        history = History(folder, self.settings.state)
        rows = sorted(history.ledger.rows, key=lambda row: os.fsencode(row.path))
        if not rows and history.replacements:
            raise PlanError(f"in {folder} files were replaced in place; verify compares what a run wrote with -o DIR")
        jobs: list[Job] = []
        for row in rows:
            source = Source(row.path, folder, os.path.relpath(row.path, history.folder), row.size, row.mtime_ns)
            jobs.append(VerifyJob(len(jobs), source, (), hash=row.hash))
        return Workload(jobs)

    def _work(self) -> Iterator[Outcome]:
        return self._do_all(VerifyTask(self.settings.max_pixels, deep=self._deep))


def verify(
    folder: Path,
    *,
    deep: bool = False,
    state: Path | None = None,
    progress: bool = False,
    **settings: Unpack[ReadOnlyKeywords],
) -> Report:
    """Read every output of a folder again, and compare it with the hash in the ledger.

    Parameters
    ----------
    folder : path
        An output folder.
    deep : bool
        Whether every frame is decoded, too, as :func:`check` does.
    state : path, optional
        Where the ledger lies, if not in the folder.
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.
    **settings
        As :func:`check` has them.

    Returns
    -------
    Report
        The Outcome of a file that is gone, or not what was written, is failed.

    Raises
    ------
    UsageError, PlanError
        A wrong value, a folder without a ledger.
    EngineError
        Workers cannot be started.
    """
    options = read_only_settings(settings)
    if state is not None:
        options = replace(options, state=check_path("state", state, "a folder"))
    verification = VerifyRun(folder, deep=deep, settings=options)
    carry_out(verification, progress)
    return verification.report
