"""Below: how is a file reached without leaving its folder, whatever links others put on the way meanwhile?

A :class:`Root` is a folder that is held open. The folder of a file below it is opened by descriptor: in one step with
Linux's openat2(RESOLVE_BENEATH), else part by part without following links. Links that end below the root are followed.
What is done to the file is then done by its name in that descriptor (``dir_fd``). Where a system has no such thing
(Windows) the path is looked at before it is used. A root is known by its device and inode: one that was renamed,
removed, unmounted or swapped is not made again, and nothing is written to what stands in its place.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import struct
import sys
import weakref
from collections.abc import Callable

Place = tuple[int | None, str]  # a dir_fd and a name in it; without the former, a path
Identity = tuple[int, int, str]  # device, inode, and the machine that has them
_MACHINE = os.uname().nodename if hasattr(os, "uname") else ""
HAS_DIR_FD = os.open in os.supports_dir_fd and os.mkdir in os.supports_dir_fd
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
#: To open a file for reading: no link is followed, and a pipe in its place is not waited for.
READ_NO_LINK = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OPENAT2 = 437  # of all processors but Alpha
_BENEATH = 0x08 | 0x02  # linux/openat2.h: RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS
_HOW = struct.pack("QQQ", _FOLDER, 0, _BENEATH)


class Root:
    """A folder that files are reached below; opened, and made if need be, when the first one is, or by :meth:`hold`.

    Parameters
    ----------
    path : str
        Absolute; links on the way to it are followed.
    identity : Identity, optional
        When not given, the one that it has when it is opened. It is sent with it, and ignored on another machine.
    """

    def __init__(self, path: str, identity: Identity | None = None) -> None:
        self.path = path
        self._inside = path.rstrip(os.sep) + os.sep
        self._descriptor: int | None = None
        self._identity = identity if identity is not None and identity[2] == _MACHINE else None

    def __reduce__(self) -> tuple[type[Root], tuple[str, Identity | None]]:
        return Root, (self.path, self._identity)

    def hold(self) -> None:
        """Open it now, or make it, and remember which folder it is."""
        if HAS_DIR_FD:
            self._open(make=True)
        elif self._identity is None:
            os.makedirs(self.path, exist_ok=True)
            self._identity = identity_of(self.path)

    @property
    def device(self) -> int | None:
        """The number of its disk; None where it was not opened, or has none."""
        return None if self._identity is None else self._identity[0]

    def check(self) -> None:
        """Nothing, or OSError (ESTALE) where its path leads to another folder than when it was opened, or to none."""
        if self._identity is not None:
            refuse_another_identity(self.path, self._identity)

    def parent(self, path: str, make: bool = False) -> Parent:
        """The folder of a file as a ``dir_fd``, and the file's name in it; to be used in a ``with``.

        Parameters
        ----------
        path : str
            Absolute, below the root.
        make : bool
            Whether missing folders are made.

        Raises
        ------
        OSError
            EXDEV where the path, or a link on the way, leads out of the root. ESTALE where something fails, also in
            the block, and the root is gone.
        """
        return Parent(self, path, make)

    def descend(self, path: str, make: bool) -> tuple[int | None, str, int | None]:
        """The place of a file, as of :meth:`parent`, and the descriptor that is to be closed afterwards.

        Parameters
        ----------
        path, make
            As of :meth:`parent`, which says the errors, too.
        """
        relative = path.removeprefix(self._inside)
        if len(relative) == len(path) or "\0" in path:
            raise self._leads_out(path)
        try:
            if not HAS_DIR_FD:
                self.check()
                self._resolve(os.path.dirname(path))
                if make:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                return None, path, None
            folder, _, name = relative.rpartition(os.sep)
            root = self._open(make) if self._descriptor is None else self._descriptor
            if not folder:
                return root, name, None
            descriptor = self._descend(root, folder, make)
            return descriptor, name, descriptor
        except OSError:
            self.check()
            raise

    def _open(self, make: bool) -> int:
        if self._descriptor is None:
            try:
                descriptor = os.open(self.path, _FOLDER)
            except FileNotFoundError:
                if not make or self._identity is not None:
                    raise
                os.makedirs(self.path, exist_ok=True)
                descriptor = os.open(self.path, _FOLDER)
            weakref.finalize(self, os.close, descriptor)
            current = _identity(os.fstat(descriptor))
            self._identity = self._identity or current
            if self._identity != current:
                raise _place_error(self.path, "is another one")
            self._descriptor = descriptor
        return self._descriptor

    def _descend(self, root: int, folder: str, make: bool) -> int:
        """A new descriptor of a folder below the root."""
        descriptor = _openat2(root, folder)
        if descriptor is not None:
            return descriptor
        parts = os.path.relpath(self._resolve(os.path.join(self.path, folder)), os.path.realpath(self.path))
        descriptor = os.open(".", _FOLDER, dir_fd=root)
        for part in parts.split(os.sep):
            try:
                below = _open_part(descriptor, part, make)
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor

    def _resolve(self, folder: str) -> str:
        real, top = os.path.realpath(folder), os.path.realpath(self.path)
        if real != top and not real.startswith(top.rstrip(os.sep) + os.sep):
            raise self._leads_out(folder)
        return real

    def _leads_out(self, path: str) -> OSError:
        return OSError(errno.EXDEV, f"it leads out of {self.path}, by its name or a link on the way", path)


class Parent:
    """The folder of a file, held open in a ``with``: a class, since a generator takes more calls for each file.

    Parameters
    ----------
    root, path, make
        As of :meth:`Root.parent`, which makes it.
    """

    __slots__ = ("_descriptor", "_make", "_path", "_root")

    def __init__(self, root: Root, path: str, make: bool) -> None:
        self._root, self._path, self._make = root, path, make

    def __enter__(self) -> Place:
        folder, name, self._descriptor = self._root.descend(self._path, self._make)
        return folder, name

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        if isinstance(error, OSError):
            self._root.check()


def identity_of(path: str) -> Identity | None:
    """What a path leads to; None where nothing is there."""
    try:
        return _identity(os.stat(path))
    except OSError:
        return None


def _identity(info: os.stat_result) -> Identity:
    return info.st_dev, info.st_ino, _MACHINE


def refuse_another_identity(path: str, identity: Identity) -> None:
    """OSError (ESTALE) where a path leads to something else than it did, or to nothing."""
    try:
        info = os.stat(path)
    except OSError:
        raise _place_error(path, "is gone") from None
    if (info.st_dev, info.st_ino) != identity[:2] or identity[2] != _MACHINE:
        raise _place_error(path, "is another one")


def _place_error(path: str, what: str) -> OSError:
    return OSError(errno.ESTALE, f"{path} {what} since the run began; bring it back and run again", path)


def _open_part(folder: int, name: str, make: bool) -> int:
    try:
        return os.open(name, _FOLDER | _NO_LINK, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER | _NO_LINK, dir_fd=folder)


def _openat2(root: int, folder: str) -> int | None:
    """The descriptor of a folder that is there; None where one call cannot tell, or the system has no such call."""
    call = _system_call()
    if call is None:
        return None
    descriptor = call(_OPENAT2, root, os.fsencode(folder), _HOW, len(_HOW))
    return None if descriptor < 0 else descriptor


@functools.cache
def _system_call() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    import ctypes  # only where something is written

    try:
        call = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return None
    call.restype = ctypes.c_long
    call.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]
    function: Callable[..., int] = call
    return function


def read_below(root: Root, path: str) -> bytes:
    """A file's bytes; OSError where it is a link, or its folder is not below `root`."""
    with root.parent(path) as (folder, name), os.fdopen(os.open(name, READ_NO_LINK, dir_fd=folder), "rb") as file:
        return file.read()


def remove_below(root: str, path: str) -> None:
    """Remove a file (a link itself); OSError where its folder is not below `root` (absolute), links resolved."""
    with Root(root).parent(path) as (folder, name):
        os.unlink(name, dir_fd=folder)
