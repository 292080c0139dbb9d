"""Shared memory: what is a segment, and who removes it? Whoever created it, or the kernel.

One owner creates and removes; everybody else attaches and detaches. An attached segment is not tracked by the
attacher: a tracked attacher would destroy the segment when it exits (https://github.com/python/cpython/issues/82300).

On Linux a segment is a file in memory without a name, and others attach by ``/proc/PID/fd/N``: so the
kernel removes the segment with the last process that holds it, however that one ends. Elsewhere, and where others may
not look into the owner (a service that has given up root), the segment keeps its name until the owner releases it.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker, shared_memory

from imgbatch.core.errors import HostError

SHM = "/dev/shm"  # where Linux keeps segments
_PREFIX = "imgbatch-"
_SMALL = 2**20  # bytes that are not worth asking for
_ATTACH_LOCK = threading.Lock()
_CANNOT = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # a disk that cannot reserve space


class Segment:
    """A segment of shared memory as this process holds it, to be mapped; the owner also removes it.

    Parameters
    ----------
    name : str
        What another process attaches by.
    descriptor : int
        An open file of it; -1 where the system has none.
    memory : SharedMemory or None
        The standard library's object, where the segment keeps its name.
    own : bool
        Whether this process created it.
    """

    def __init__(self, name: str, descriptor: int, memory: shared_memory.SharedMemory | None, own: bool) -> None:
        self.name, self._descriptor, self._memory = name, descriptor, memory
        self._owner = os.getpid() if own else None  # a forked copy of the owner is none

    def map(self, size: int) -> mmap.mmap:
        """A mapping that lives as long as a view of it."""
        if self._descriptor >= 0:
            return mmap.mmap(self._descriptor, max(1, size))
        return mmap.mmap(-1, max(1, size), tagname=self.name)  # type: ignore[call-arg]  # Windows

    def close(self) -> None:
        """Nothing more will be mapped here."""
        memory, self._memory = self._memory, None
        descriptor, self._descriptor = self._descriptor, -1
        if memory is not None:
            memory.close()  # and its descriptor
        elif descriptor >= 0:
            os.close(descriptor)

    def remove(self) -> None:
        """By the owner: nobody can attach any more. May be called again, and by anybody else without effect."""
        if self._owner != os.getpid():
            return
        self._owner = None
        memory = self._memory
        self.close()
        if memory is not None:
            with contextlib.suppress(FileNotFoundError):
                memory.unlink()


def create_segment(size: int) -> Segment:
    """A new segment of zeros, its space reserved; HostError when there is no room for it."""
    size = max(1, size)
    if size > _SMALL:
        refuse_more_than_free(size)
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"  # says whose it is; macOS takes 30 characters
    if _is_open_to_workers():
        with _room_for(size):
            descriptor = _nameless_file(name, size)
            try:
                os.ftruncate(descriptor, size)
                reserve(descriptor, size)
            except OSError:
                os.close(descriptor)
                raise
        return Segment(f"/proc/{os.getpid()}/fd/{descriptor}", descriptor, None, own=True)
    with _room_for(size):
        try:
            memory = shared_memory.SharedMemory(name, create=True, size=size)
        except OSError:  # with no process for the tracker it would stay
            with contextlib.suppress(OSError):
                os.unlink(f"{SHM}/{name}")
            raise
        descriptor = getattr(memory, "_fd", -1)  # private, for the only call that turns a later SIGBUS into an error
        try:
            if descriptor >= 0:
                reserve(descriptor, size)
        except OSError:
            memory.close()
            memory.unlink()
            raise
    return Segment(memory.name, descriptor, memory, own=True)


@contextlib.contextmanager
def _room_for(size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HostError(f"no room for {megabytes(size)} of shared memory: {error.strerror or error}") from None


def _is_open_to_workers() -> bool:
    """Whether others of this user may open what this process has open: not where it has been root, say."""
    try:
        return os.stat(f"/proc/{os.getpid()}/fd").st_uid == os.geteuid()
    except (OSError, AttributeError):  # no Linux
        return False


def _nameless_file(name: str, size: int) -> int:
    """A new file in memory, without its name: in ``/dev/shm``, or one of the kernel's where it is small, or has to be.

    Containers give ``/dev/shm`` little room or none.
    """
    if size <= _SMALL:
        with contextlib.suppress(OSError):
            return os.memfd_create(name)
    path = f"{SHM}/{name}"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return os.memfd_create(name)
    os.unlink(path)
    return descriptor


def attach_segment(name: str) -> Segment:
    """The segment of that name, which another process created; FileNotFoundError when it is gone."""
    if name.startswith("/proc/"):
        if not os.readlink(name).startswith((f"{SHM}/{_PREFIX}", f"/memfd:{_PREFIX}")):
            raise FileNotFoundError(errno.ENOENT, "the shared memory has gone", name)
        return Segment(name, os.open(name, os.O_RDWR | os.O_CLOEXEC), None, own=False)
    if sys.version_info >= (3, 13):
        memory = shared_memory.SharedMemory(name=name, track=False)
    else:
        with _without_tracker():
            memory = shared_memory.SharedMemory(name=name)
    return Segment(name, getattr(memory, "_fd", -1), memory, own=False)


@contextlib.contextmanager
def _without_tracker() -> Iterator[None]:
    """Before 3.13: keep ``resource_tracker.register`` out of an attach (gh-82300)."""
    with _ATTACH_LOCK:
        register = resource_tracker.register
        resource_tracker.register = lambda name, rtype: None
        try:
            yield
        finally:
            resource_tracker.register = register


def free() -> int | None:
    """Bytes of shared memory that can still be taken; None where the system does not say."""
    try:
        space = os.statvfs(SHM)
    except (OSError, AttributeError):
        return None
    return space.f_bavail * space.f_frsize


def refuse_more_than_free(size: int) -> None:
    """HostError when shared memory has no room for `size` bytes."""
    there = free()
    if there is not None and size > there:
        raise HostError(f"{megabytes(size)} of shared memory are needed, {SHM} has {megabytes(there)} left")


def reserve(descriptor: int, size: int) -> None:
    """Take the space for an open file or segment of `size` bytes now: OSError now, not SIGBUS later."""
    if size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise


def megabytes(size: int) -> str:
    """`size` bytes for a sentence."""
    return f"{size / 1e6:,.1f} MB"
