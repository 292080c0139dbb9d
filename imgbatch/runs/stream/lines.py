"""Lines: which paths does a pipe bring, while its writer still writes? ``--files-from - --stream``.

Each line is there as soon as it is whole. Whoever waits for the next one can be released at any time, be the writer
silent for ever.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence

from imgbatch.core.errors import HostError, UsageError
from imgbatch.core.job import Source
from imgbatch.runs.stream.arrivals import unknown_source

_SIZE = 1 << 16
MOST = 1 << 20  # bytes of a line: no system has such a path
IN_A_LINE = "the list ends within this line; whoever wrote it may have died"


class Lines:
    """The paths of a list that grows, one by one; bytes that are no UTF-8 stay what they are.

    Parameters
    ----------
    name : str
        The file, or ``-`` for stdin.
    null : bool
        Whether NUL separates the paths, instead of line breaks.
    first : sequence of str
        Paths that come before those of the list.

    Raises
    ------
    UsageError
        The file cannot be opened.
    HostError
        While one iterates: it cannot be read, or it is no list of paths.
    """

    def __init__(self, name: str, null: bool = False, first: Sequence[str] = ()) -> None:
        self._first, self._name, self._separator = first, name, b"\0" if null else b"\n"
        self._lock = threading.Lock()  # nobody writes to a descriptor that is another file's by now
        self._wake: tuple[int, int] | None = None
        self._is_closed = False
        try:  # a pipe that nobody writes to yet is waited for where one can be woken
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            self._descriptor = 0 if name == "-" else os.open(name, flags)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read --files-from {name!r}: {_why(error)}") from None

    def __iter__(self) -> Iterator[str | Source]:
        rest = b""
        if os.name == "posix":  # elsewhere nobody can wait for two things at once
            self._wake = os.pipe()
        try:
            yield from self._first
            while data := self._read():
                *lines, rest = (rest + data).split(self._separator)
                yield from filter(None, map(self._path, lines))
                if len(rest) > MOST:
                    raise HostError(f"expected paths in --files-from {self._name!r}, got a line without an end")
            path = "" if self._is_closed else self._path(rest)
            if path:
                yield path if os.path.isfile(path) else unknown_source(path, IN_A_LINE)
        finally:
            self._release()

    def close(self) -> None:
        """End the list for who waits for its next line; callable from any thread."""
        with self._lock:
            self._is_closed = True
            if self._wake is not None:
                os.write(self._wake[1], b"\0")

    def _read(self) -> bytes:
        """What has come; empty at the end, or when it is closed."""
        while True:
            try:
                if self._wake is not None:
                    import select

                    poll = select.poll()
                    poll.register(self._descriptor, select.POLLIN)
                    poll.register(self._wake[0], select.POLLIN)
                    poll.poll()
                return b"" if self._is_closed else os.read(self._descriptor, _SIZE)
            except BlockingIOError:
                continue
            except OSError as error:
                raise HostError(f"cannot read --files-from {self._name!r}: {_why(error)}") from None

    def _path(self, line: bytes) -> str:
        """The path of a line; one of a list made on Windows ends in CR, and so may a name."""
        path = os.fsdecode(line)
        if self._separator == b"\0":
            return path
        if "\0" in path:
            raise HostError(
                f"expected one path a line in --files-from {self._name!r}, got NUL; add -0 if NUL separates them"
            )
        return path[:-1] if path.endswith("\r") and not os.path.lexists(path) else path

    def _release(self) -> None:
        with self._lock:
            wake, self._wake = self._wake, None
            for descriptor in (*(wake or ()), *(() if self._name == "-" else (self._descriptor,))):
                with contextlib.suppress(OSError):
                    os.close(descriptor)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
