"""Record file: where do the bytes of very many records lie? In one temporary file without a name.

The last megabyte is in memory, so a small run never makes the file. A record costs 8 bytes of memory: where it ends.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from array import array
from collections.abc import Iterable, Iterator
from typing import IO, Any

from imgbatch.core.errors import HostError

BUFFER_SIZE = 2**20  # bytes that are in memory before they are written
_READ_SIZE = 2**16  # bytes that are read at a time
_WINDOWS = 4  # places that are read in turns: what needs no work, what was done, what failed, what is looked up


class RecordFile:
    """Records of bytes, numbered from 0 as they are appended; to be used by one thread at a time.

    Parameters
    ----------
    folder : str
        Where the file shall lie, so that it takes room where the run writes anyway; may be set until it is made. ""
        (and one where it cannot be made): the system's folder for temporary files, which may be memory.
    """

    def __init__(self, folder: str = "") -> None:
        self.folder = folder
        self._ends = array("Q")  # by number: where its bytes end, those of all records in one line
        self._buffer = bytearray()
        self._size = 0  # of the file; there the buffer goes on
        self._file: IO[bytes] | None = None
        self._windows: list[tuple[int, bytes]] = []  # what was read of the file, and from where; the latest is last

    def __len__(self) -> int:
        return len(self._ends)

    def append(self, record: bytes) -> int:
        """Add a record; its number. HostError as of :meth:`extend`."""
        self.extend((record,))
        return len(self._ends) - 1

    def extend(self, records: Iterable[bytes]) -> None:
        """Add records; HostError where the disk takes no more: they are there all the same, in memory."""
        for record in records:
            self._buffer += record
            self._ends.append(self._size + len(self._buffer))
        if len(self._buffer) >= BUFFER_SIZE:
            self._flush()

    def __getitem__(self, number: int) -> bytes:
        """The record of that number, which is not negative."""
        start = self._ends[number - 1] if number > 0 else 0
        end = self._ends[number]
        if start >= self._size:
            return bytes(self._buffer[start - self._size : end - self._size])
        for first, data in self._windows:
            if first <= start and end <= first + len(data):
                return data[start - first : end - first]
        data = self._read(start, min(self._size - start, max(end - start, _READ_SIZE)))
        self._windows = [*self._windows[1 - _WINDOWS :], (start, data)]
        return data[: end - start]

    def __iter__(self) -> Iterator[bytes]:
        for number in range(len(self)):
            yield self[number]

    def __getstate__(self) -> dict[str, Any]:
        """With all bytes: a copy has a file of its own."""
        return {"ends": self._ends, "data": self._read(0, self._size) + bytes(self._buffer)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        RecordFile.__init__(self)
        self._ends, self._buffer = state["ends"], bytearray(state["data"])
        if len(self._buffer) >= BUFFER_SIZE:
            self._flush()

    def _flush(self) -> None:
        """Write the buffer; where that fails it stays, and nothing counts as written."""
        file = self._file
        folder = self.folder
        try:
            if file is None:
                file, self.folder = _new_file(folder)
                self._file = file
                weakref.finalize(self, file.close)
            view, count = memoryview(self._buffer), 0
            while count < len(view):
                file.seek(self._size + count)
                count += file.write(view[count:])
        except OSError as error:
            raise HostError(
                f"the folder for temporary files {self.folder} takes no more of what the run has to remember "
                f"({error.strerror or error}); make room, or name another one in TMPDIR"
            ) from None
        self._size += count
        self._buffer = bytearray()

    def _read(self, start: int, size: int) -> bytes:
        if not size:
            return b""
        assert self._file is not None
        if hasattr(os, "pread"):  # a forked copy of this process has the same place in the file
            return os.pread(self._file.fileno(), size, start)
        self._file.seek(start)
        return self._file.read(size)


def _new_file(folder: str) -> tuple[IO[bytes], str]:
    """A file that is gone when it is closed, or this process has ended; and the folder that it takes room in."""
    import tempfile  # only runs of many files need it

    if folder:
        with contextlib.suppress(OSError):
            return tempfile.TemporaryFile(buffering=0, prefix=".imgbatch-", dir=folder), folder
    return tempfile.TemporaryFile(buffering=0, prefix="imgbatch-"), tempfile.gettempdir()
