"""Archive and quarantine: where does a source go when its job is done? ``--archive DIR``, ``--quarantine DIR``.

Nothing is lost, whenever the run is killed: first the outputs are on the disk (fsync of the files and their folders),
then the source is renamed, exclusively, or, to another file system, copied whole under a temporary name, put on the
disk, renamed there, and only then given up. A run that was killed between these two steps finds the copy again and does
not make another. A name that is taken by another file is numbered. A disk that is full, broken or gone ends the run: no
source would be moved any more. What concerns one file (a permission, say) is that file's warning.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from imgbatch.core.errors import BLAME, DISK_ERRNOS, UsageError, one_line
from imgbatch.core.job import MOVES, Outcome, Source
from imgbatch.planning.names import numbered_name
from imgbatch.reporters.base import printable
from imgbatch.storage.atomic_write import mtime, open_atomic, refuse_another, sync, sync_folder
from imgbatch.storage.below import HAS_DIR_FD, READ_NO_LINK, Place, Root, remove_below
from imgbatch.storage.read_source import source_root
from imgbatch.storage.registry import absolute, is_remote, root_of_store
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
        self._words = {"archive": archive, "quarantine": quarantine}
        for root in (output, *roots):
            self.refuse_root(root)
        self._archive = None if archive is None else root_of_store(absolute(archive))
        self._quarantine = None if quarantine is None else root_of_store(absolute(quarantine))

    def refuse_root(self, root: str) -> None:
        """UsageError where one of the folders is this one itself: what is moved there would be found again."""
        for name, folder in self._words.items():
            if folder is not None and os.path.realpath(folder) == os.path.realpath(root):
                raise UsageError(f"expected a folder of its own for {name}, got {folder!r}; choose another one")

    @property
    def folders(self) -> list[str]:
        """The folders, which are never searched for sources."""
        return [folder.path for folder in (self._archive, self._quarantine) if folder is not None]

    def folders_of(self, sources: Iterable[Source]) -> list[tuple[str, Root]]:
        """Where these sources may go, and what that must be or lie below."""
        roots = [root for root in (self._archive, self._quarantine) if root is not None]
        places = {os.path.dirname(source.relative) for source in sources}
        return [(os.path.join(root.path, place), root) for root in roots for place in places]

    def settle(self, outcome: Outcome, stop: Callable[[str], None] | None = None) -> Outcome:
        """Move the outcome's source where it belongs; the outcome, with what was done among its changes.

        Parameters
        ----------
        outcome : Outcome
        stop : callable, optional
            Ends the run; takes the reason why no source can be moved any more.
        """
        error = outcome.error
        if outcome.status in ("ok", "unchanged") and self._archive is not None:
            folder, word = self._archive, MOVES[0]
        elif error is not None and BLAME[error.kind] == "file" and self._quarantine is not None:
            folder, word = self._quarantine, MOVES[1]
        else:
            return outcome
        try:
            _put_on_disk(outcome)
            place = self._move(outcome.source, folder, _reason(outcome))
        except OSError as failure:
            warning = f"not {word}: {one_line(failure.strerror or str(failure))}"
            if failure.filename != source_root(outcome.source).path:  # else the source's folder is gone
                _stop_where_the_disk_fails(stop, failure, warning, folder)
            return replace(outcome, warnings=(*outcome.warnings, warning))
        outcome = replace(outcome, changes=(*outcome.changes, f"{word}: {place}"))
        if error is None:
            return outcome
        try:
            self._explain(place, _reason(outcome), folder)
        except OSError as failure:  # the name with .txt is too long, say
            warning = f"no .txt beside {place}: {one_line(failure.strerror or str(failure))}"
            _stop_where_the_disk_fails(stop, failure, warning, folder)
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome

    def _move(self, source: Source, folder: Root, why: bytes) -> str:
        """Move a source below a folder; where it is now."""
        return _move(source, folder, why)

    def _explain(self, place: str, why: bytes, folder: Root) -> str:
        """Say beside a source that is moved why; the path of the text."""
        return _explain(place, why, folder)


def _put_on_disk(outcome: Outcome) -> None:
    """Have the disk hold what was made of a source; a store of another kind does when it has answered."""
    paths = [output.path for output in outcome.outputs if not is_remote(output.path)]
    for path in (*paths, *{os.path.dirname(path) for path in paths}):
        sync(path)


def _stop_where_the_disk_fails(
    stop: Callable[[str], None] | None, failure: OSError, warning: str, folder: Root
) -> None:
    if stop is not None and failure.errno in DISK_ERRNOS:
        stop(f"{warning}; see to the disk of {folder.path}, then run again: no source is lost")


def _reason(outcome: Outcome) -> bytes:
    """What stands beside a source that failed; nothing beside others."""
    error = outcome.error
    if error is None:
        return b""
    return f"{printable(f'{outcome.source.path}: {error.kind} in {error.phase}: {error.message}')}\n".encode()


def _move(source: Source, folder: Root, why: bytes = b"") -> str:
    """Move a source below `folder`, under its relative path; where it is now.

    The reason `why` is there first: after a kill in between nobody would know it any more.
    """
    with source_root(source).parent(source.path) as here:
        info = os.stat(here[1], dir_fd=here[0], follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "it is a link, or no file; its place is left alone")
        if (info.st_size, mtime(info)) != (source.size, source.mtime_ns):
            raise OSError(errno.EBUSY, "it was changed while the run was at work")
        folder.hold()
        folder.check()
        for place in free_paths(os.path.join(folder.path, source.relative)):
            with folder.parent(place, make=True) as there, contextlib.ExitStack() as undo:
                if why and not _is_taken(there):
                    with contextlib.suppress(OSError):  # it is tried again below
                        undo.callback(remove_below, folder.path, _explain(place, why, folder))
                try:
                    _transfer(here, info, place, there, folder)
                except FileExistsError:
                    if not _is_copy(here, there):
                        continue
                    os.unlink(here[1], dir_fd=here[0])  # a killed run had copied it, and not yet given it up
                undo.pop_all()
                sync_folder(there[0], place)
            break
        sync_folder(here[0], source.path)
    return place


def _is_taken(place: Place) -> bool:
    try:
        os.stat(place[1], dir_fd=place[0], follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _explain(place: str, why: bytes, folder: Root) -> str:
    """Say beside a file that is moved why, over no file, be it a source of that name that failed, too; and where."""
    start = why[: why.index(b": ") + 2]  # what a killed run has said may be worded otherwise
    for path in free_paths(place + ".txt"):
        if not os.path.lexists(path):
            with contextlib.suppress(FileExistsError):
                with open_atomic(path, replace=False, durable=True, root=folder) as file:
                    file.write(why)
                return path
        if _begins(path, start):
            return path
    raise AssertionError("numbers do not end")


def _begins(path: str, start: bytes) -> bool:
    """Whether a file (no link) begins with these bytes."""
    try:
        with os.fdopen(os.open(path, READ_NO_LINK), "rb") as file:
            return file.read(len(start)) == start
    except OSError:
        return False


def free_paths(path: str) -> Iterator[str]:
    """The path itself, then its numbered variants, for as long as they are taken by other files."""
    yield path
    folder, name = os.path.split(path)
    for number in itertools.count(1):
        yield os.path.join(folder, numbered_name(name, number))


def _transfer(here: Place, info: os.stat_result, place: str, there: Place, folder: Root) -> None:
    """Rename a file, or copy it durably and give it up.

    Parameters
    ----------
    here : Place
        Where it is.
    info : os.stat_result
        What it is: another file under its name, of somebody who swaps them, stays where it is.
    place : str
    there : Place
        Where it goes; FileExistsError when that is taken.
    folder : Root
        What `place` is below.
    """
    try:
        rename_file(here[1], there[1], False, (here[0], there[0]))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        try:
            refuse_another(info, there[1], there[0])
        except OSError:
            rename_file(there[1], here[1], False, (there[0], here[0]))
            raise
        return
    with (
        os.fdopen(os.open(here[1], READ_NO_LINK, dir_fd=here[0]), "rb") as original,
        open_atomic(place, replace=False, durable=True, root=folder) as copy,
    ):
        with contextlib.suppress(OSError):  # some disks know no modes
            if HAS_DIR_FD:  # Windows has neither modes nor times of descriptors
                os.chmod(copy.fileno(), stat.S_IMODE(info.st_mode))  # first: who must not read it never could
        while data := _read(original):
            copy.write(data)
        copy.flush()
        if HAS_DIR_FD:
            os.utime(copy.fileno(), ns=(info.st_atime_ns, info.st_mtime_ns))
        status = os.fstat(original.fileno())
        if (status.st_dev, status.st_ino, status.st_size) != (info.st_dev, info.st_ino, info.st_size):
            raise OSError(errno.EBUSY, "it was swapped for another file while the run was at work")
        if status.st_mtime_ns != info.st_mtime_ns:
            raise OSError(errno.EBUSY, "it was changed while the run was at work")
        new = os.fstat(copy.fileno())
    if not HAS_DIR_FD:
        os.utime(place, ns=(info.st_atime_ns, info.st_mtime_ns))
    refuse_another(new, there[1], there[0])
    if refuse_another(info, here[1], here[0]).st_mtime_ns != info.st_mtime_ns:  # the copy took its time
        raise OSError(errno.EBUSY, "it was changed while the run was at work")
    os.unlink(here[1], dir_fd=here[0])


def _read(file: BinaryIO) -> bytes:
    """The next bytes; what is wrong with its disk is not the archive's trouble."""
    try:
        return file.read(1 << 20)
    except OSError as error:
        raise OSError(errno.EBUSY, f"it cannot be read: {error.strerror}") from error


def _is_copy(here: Place, there: Place) -> bool:
    """Whether both files (no links) hold the same bytes, and are two."""
    with contextlib.ExitStack() as stack:
        files = []
        for folder, name in (here, there):
            try:
                file = stack.enter_context(os.fdopen(os.open(name, READ_NO_LINK, dir_fd=folder), "rb"))
            except OSError:  # a folder, a link
                return False
            files.append((file, os.fstat(file.fileno())))
        (one, info), (other, other_info) = files
        if not stat.S_ISREG(other_info.st_mode) or os.path.samestat(info, other_info):
            return False
        while (data := one.read(1 << 20)) == other.read(1 << 20):
            if not data:
                return True
    return False
