"""Archive and quarantine: where does a source go when its job is done? ``--archive DIR``, ``--quarantine DIR``.

Nothing is lost, whenever the run is killed: first the outputs are on the disk (fsync of the files and their folders),
then the source is renamed, exclusively, or, to another file system, copied whole under a temporary name, put on the
disk, renamed there, and only then given up. A run that was killed between these two steps finds the copy again and does
not make another. A name that is taken by another file is numbered.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace

from imgbatch.core.errors import BLAME, UsageError, one_line
from imgbatch.core.job import Outcome, Source
from imgbatch.planning.names import numbered_name
from imgbatch.reporters.base import printable
from imgbatch.storage.atomic_write import has_content, mtime, open_atomic, sync
from imgbatch.storage.rename import rename_file


class SourceMover:
    """What becomes of the sources of a run.

    Parameters
    ----------
    archive, quarantine : str or None
        Folders (they need not exist), or None where sources stay.
    output : str
        The output folder, absolute.
    roots : iterable of str
        What was given as SRC.

    Raises
    ------
    UsageError
        A folder is the output folder, or a source folder, itself.
    """

    def __init__(self, archive: str | None, quarantine: str | None, output: str, roots: Iterable[str]) -> None:
        off_limits = {os.path.realpath(path) for path in (output, *roots)}
        for name, folder in (("archive", archive), ("quarantine", quarantine)):
            if folder is not None and os.path.realpath(folder) in off_limits:
                raise UsageError(f"expected a folder of its own for {name}, got {folder!r}; choose another one")
        self._archive = None if archive is None else os.path.abspath(archive)
        self._quarantine = None if quarantine is None else os.path.abspath(quarantine)

    @property
    def folders(self) -> list[str]:
        """The folders, which are never searched for sources."""
        return [folder for folder in (self._archive, self._quarantine) if folder is not None]

    def settle(self, outcome: Outcome) -> Outcome:
        """Move the outcome's source where it belongs; the outcome, with what was done among its changes."""
        error = outcome.error
        if outcome.status in ("ok", "unchanged") and self._archive is not None:
            folder, word = self._archive, "archived"
        elif error is not None and BLAME[error.kind] == "file" and self._quarantine is not None:
            folder, word = self._quarantine, "quarantined"
        else:
            return outcome
        try:
            for output in outcome.outputs:
                sync(output.path)
            for where in {os.path.dirname(output.path) for output in outcome.outputs}:
                sync(where)
            place = _move(outcome.source, folder)
        except OSError as failure:
            warning = f"not {word}: {one_line(failure.strerror or str(failure))}"
            return replace(outcome, warnings=(*outcome.warnings, warning))
        outcome = replace(outcome, changes=(*outcome.changes, f"{word}: {place}"))
        if error is None:
            return outcome
        try:
            why = printable(f"{outcome.source.path}: {error.kind} in {error.phase}: {error.message}")
            _explain(place, f"{why}\n".encode())
        except OSError as failure:  # the name with .txt is too long, say
            warning = f"no .txt beside {place}: {one_line(failure.strerror or str(failure))}"
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome


def _move(source: Source, folder: str) -> str:
    """Move a source below `folder`, under its relative path; where it is now."""
    info = os.lstat(source.path)
    if not os.path.isfile(source.path) or os.path.islink(source.path):
        raise OSError(errno.EINVAL, "it is a link, or no file; its place is left alone")
    if (info.st_size, mtime(info)) != (source.size, source.mtime_ns):
        raise OSError(errno.EBUSY, "it was changed while the run was at work")
    path = os.path.join(folder, source.relative)
    where = os.path.dirname(path)
    os.makedirs(where, exist_ok=True)
    for place in _free_paths(path):
        try:
            _transfer(source.path, place)
        except FileExistsError:
            if not _is_copy(source.path, place):
                continue
            os.unlink(source.path)  # a run was killed after it had copied the file, before it gave the source up
        break
    sync(where)
    sync(os.path.dirname(source.path))
    return place


def _explain(place: str, why: bytes) -> None:
    """Say beside a file that was moved why; over no file, be it a source of that name that failed, too."""
    for path in _free_paths(place + ".txt"):
        try:
            with open_atomic(path, replace=False, durable=True) as file:
                file.write(why)
        except FileExistsError:
            if not has_content(path, why):  # else it was said by a run that was killed
                continue
        return


def _free_paths(path: str) -> Iterator[str]:
    """The path itself, then its numbered variants, for as long as they are taken by other files."""
    yield path
    folder, name = os.path.split(path)
    for number in itertools.count(1):
        yield os.path.join(folder, numbered_name(name, number))


def _transfer(path: str, place: str) -> None:
    """Rename, or copy durably and give up; FileExistsError where the place is taken."""
    try:
        rename_file(path, place, replace=False)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    with open_atomic(place, replace=False, durable=True) as copy, open(path, "rb") as original:
        info = os.fstat(original.fileno())
        with contextlib.suppress(OSError):  # some disks know no modes
            os.chmod(copy.fileno(), stat.S_IMODE(info.st_mode))  # first: who must not read it never could
        shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        os.utime(copy.fileno(), ns=(info.st_atime_ns, info.st_mtime_ns))
    os.unlink(path)


def _is_copy(path: str, place: str) -> bool:
    """Whether both files hold the same bytes, and are two."""
    if os.path.islink(place) or not os.path.isfile(place) or os.path.samefile(path, place):
        return False
    import filecmp  # only where a place is taken

    return filecmp.cmp(path, place, shallow=False)
