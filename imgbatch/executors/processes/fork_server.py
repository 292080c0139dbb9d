"""Fork server: how does a command get one without starting Python twice more? By a fork, while it has one thread.

multiprocessing starts two processes as new interpreters that load multiprocessing again: the forkserver, and the
tracker of shared memory that it needs. In a small run they take longer than the pictures. `fork_helpers` has them
forked from this process instead, which has just loaded what they need, and nothing else. Only the command does so, as
the first thing it does: its process has one thread, no lock is held, nothing is open. A program that uses the
library starts them as multiprocessing does, and workers are forked by the forkserver alone, here as there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, resource_tracker, util

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    from typing import Any

#: What `ps` and `killall` call them and the workers, so that `killall imgbatch` ends the command alone, in good order.
NAME = "imgbatch-helper"
#: Where its socket is while it starts: in memory, and not among the user's temporary files.
FOLDER = f"/dev/shm/{NAME}"  # and the user's number
_LISTENER = "listener"

_proper = util.spawnv_passfds
_socket: int | None = None  # of the forkserver


@contextlib.contextmanager
def fork_helpers() -> Iterator[None]:
    """Within the block multiprocessing's own processes are forked, where that is safe."""
    if not _alone():
        yield
        return
    util.spawnv_passfds = _fork
    try:
        yield
    finally:
        util.spawnv_passfds = _proper


def ensure_running() -> None:
    """As multiprocessing's, but its socket leaves nothing in the folder for temporary files, however this process ends.

    On Linux a socket whose name is gone is reached by a descriptor of it. OSError where no forkserver can be started.

    To be called with start_method.CHILDREN: of two threads at once the second would take the first one's names for
    multiprocessing's own, and put them back for good. Only the forkserver's module sees them meanwhile.
    """
    global _socket
    if not _reaches_own_files():
        forkserver.ensure_running()
        return
    server: Any = forkserver._forkserver  # private, as is where its socket goes
    before, connection = server._forkserver_address, vars(forkserver)["connection"]
    with contextlib.ExitStack() as folders:

        def address_in_own_folder(family: str) -> str:
            return f"{folders.enter_context(_socket_folder())}/{_LISTENER}"

        names = {**vars(connection), "arbitrary_address": address_in_own_folder}
        vars(forkserver)["connection"] = types.SimpleNamespace(**names)
        try:
            forkserver.ensure_running()
        finally:
            vars(forkserver)["connection"] = connection
        address = server._forkserver_address
        if address != before:
            if _socket is not None:
                os.close(_socket)
            _socket = os.open(address, os.O_PATH | os.O_CLOEXEC)
            server._forkserver_address = f"/proc/self/fd/{_socket}"


@contextlib.contextmanager
def _socket_folder() -> Iterator[str]:
    """An empty folder that only this user enters, as a path of its descriptor; gone afterwards.

    Whoever is killed meanwhile leaves it behind, and the next command takes it: that nobody's lock is on it says that
    its owner is dead. Where it cannot be had, because another command starts just now, it is a folder of any name.
    """
    path = f"{FOLDER}-{os.geteuid()}"
    descriptor = _lock_folder(path)
    if descriptor is None:
        import tempfile

        path = tempfile.mkdtemp(prefix="pymp-")
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_LISTENER, dir_fd=descriptor)  # of the one that was killed
        yield f"/proc/self/fd/{descriptor}"
    finally:
        with contextlib.suppress(OSError):
            os.unlink(_LISTENER, dir_fd=descriptor)
        with contextlib.suppress(OSError):
            os.rmdir(path)
        os.close(descriptor)


def _lock_folder(path: str) -> int | None:
    """A descriptor of the folder, made where there is none, that holds its lock; None: it is another's."""
    import fcntl

    descriptor = None
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status, named = os.fstat(descriptor), os.stat(path, follow_symlinks=False)
        is_there = (status.st_dev, status.st_ino) == (named.st_dev, named.st_ino)  # not removed by its last owner
        if is_there and status.st_uid == os.geteuid() and not status.st_mode & 0o077:
            return descriptor
    except OSError:  # taken, or there is no such place
        pass
    if descriptor is not None:
        os.close(descriptor)
    return None


def _reaches_own_files() -> bool:
    """Whether what this process has open can be reached by its number: not on other systems, nor where it was root."""
    try:
        return os.stat("/proc/self/fd").st_uid == os.geteuid() and hasattr(os, "O_PATH")
    except (OSError, AttributeError):
        return False


def _alone() -> bool:
    """Whether this process has one thread, counted by the kernel: those of libraries are unknown to Python."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # no Linux: libraries of macOS do not bear a fork
        return False


def _fork(path: Any, args: Sequence[Any], passfds: Sequence[int]) -> int:
    """What `spawnv_passfds` does for ``python ... -c code``: the process number of one that carries out the code."""
    if args[-2] != "-c":
        return _proper(path, args, passfds)
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        _start_over(passfds)
        exec(args[-1], {"__name__": "__mp_main__"})
        code = 0
    except SystemExit:  # how the forkserver ends
        code = 0
    except BaseException:  # noqa: BLE001 - above it there is only the copy of a command that goes on elsewhere
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _start_over(passfds: Sequence[int]) -> None:
    """As in a new process: open is what was passed, and multiprocessing's own objects hold no lock and no number."""
    open_fds = {0, 1, 2, *passfds}
    for number in map(int, os.listdir("/proc/self/fd")):
        if number not in open_fds:
            with contextlib.suppress(OSError):  # the one that has listed them
                os.close(number)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:
        name.write(NAME)
    for keeper in (forkserver._forkserver, resource_tracker._resource_tracker):  # private: there is no public way
        type(keeper).__init__(keeper)
