"""Copy between stores: how does a source reach ``--archive s3://…``, or leave a bucket, and is never lost?

Where nothing can be renamed, a source is read, written exclusively, and only then removed, if it is still what was
read. A run that was killed in between finds its copy, which holds the same bytes, and does not make another one. What
stands in the copy's place may be the source itself: its own folder is the archive, or a bucket has two names.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable

from imgbatch.core.errors import ImageError
from imgbatch.core.job import Source
from imgbatch.originals.archive import SourceMover, free_paths
from imgbatch.storage.atomic_write import mtime, sync
from imgbatch.storage.base import Storage
from imgbatch.storage.below import Root
from imgbatch.storage.read_source import read_source, source_root
from imgbatch.storage.registry import is_remote, storage_of


class SourceCarrier(SourceMover):
    """What becomes of the sources of a run, where they go to another store than a disk, or come from one."""

    def folders_of(self, sources: Iterable[Source]) -> list[tuple[str, Root]]:
        """As a SourceMover, of folders only: nothing is ever half-written in a bucket."""
        return [pair for pair in super().folders_of(sources) if not is_remote(pair[0])]

    def _move(self, source: Source, folder: Root, why: bytes) -> str:
        """Copy, then remove; OSError where the source is not what it was."""
        if not is_remote(source.path) and not is_remote(folder.path):
            return super()._move(source, folder, why)
        here, there = _store_of(source), storage_of(folder.path).below(folder)
        if not is_remote(folder.path):
            folder.hold()
        _refuse_change(here, source)
        try:
            data = read_source(source)
        except ImageError as error:
            raise OSError(errno.EBUSY, f"it cannot be read: {error}", source.path) from None
        for place in free_paths(os.path.join(folder.path, source.relative)):
            is_mine = not there.exists(place)
            explanation = self._explain(place, why, folder) if why and is_mine else ""
            try:
                _create(there, place, data)
            except FileExistsError:
                is_mine = False
                if not _is_copy(place, data, there, source):
                    _remove(there, explanation)
                    continue
            except OSError:
                _remove(there, explanation)
                raise
            break
        try:
            _refuse_change(here, source)
        except OSError:
            _remove(there, explanation)
            _remove(there, place if is_mine else "")
            raise
        here.remove(source.path)
        return place

    def _explain(self, place: str, why: bytes, folder: Root) -> str:
        """Say beside a source why it is there, over no other file; the path of the text."""
        store, start = storage_of(folder.path).below(folder), why[: why.index(b": ") + 2]
        for path in free_paths(place + ".txt"):
            try:
                _create(store, path, why)
            except FileExistsError:
                with contextlib.suppress(OSError):
                    if store.read_prefix(path, len(start)) == start:  # a killed run may have worded it otherwise
                        return path
                continue
            return path
        raise AssertionError("numbers do not end")


def _store_of(source: Source) -> Storage:
    store = storage_of(source.path)
    return store if is_remote(source.path) else store.below(source_root(source))


def _refuse_change(store: Storage, source: Source) -> None:
    info = store.stat(source.path, follow_links=False)
    if (info.st_size, mtime(info)) != (source.size, source.mtime_ns):
        raise OSError(errno.EBUSY, "it was changed while the run was at work", source.path)


def _is_copy(place: str, data: bytes, there: Storage, source: Source) -> bool:
    """Whether a file holds a source's bytes, and is another one than the source."""
    if is_remote(place) and there.mark(place) in ("", storage_of(source.path).mark(source.path)):
        return False
    return there.holds(place, data)


def _create(store: Storage, path: str, data: bytes) -> None:
    """Make a file, over nothing, that is there after a power cut, too."""
    store.create_exclusively(path, data)
    if not store.properties.whole_after_power_cut:
        sync(path)
        sync(os.path.dirname(path))


def _remove(store: Storage, path: str) -> None:
    if path:
        with contextlib.suppress(OSError):
            store.remove(path)
