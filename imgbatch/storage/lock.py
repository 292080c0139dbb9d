"""Lock: is another run at work here? One run per output folder, by a lock that dies with its process.

The kernel's lock (flock) on a file in the state folder, which says who holds it: a killed run leaves the file, but no
lock. Windows locks a byte of it instead.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
import time
import weakref

from imgbatch.core.errors import LockedError

FILE = "lock"
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_POLL_SECONDS = 0.1
CAN_SHARE = sys.platform != "win32"  # whether who shares a lock holds it
_BYTE = 1 << 20  # what Windows locks: behind the text, which must stay readable


class Lock:
    """Holds a state folder until :meth:`release`, or the end of the process.

    Parameters
    ----------
    folder : str
        The state folder; made when needed.
    wait : float
        Seconds to wait for another run to end.
    output : str
        The output folder, for the message.
    share : bool
        Whether others may hold it at the same time that share it, too; who shares it is not named. Windows has no such
        lock: there it is only looked whether somebody holds it alone.

    Raises
    ------
    LockedError
        Another run holds it; says its process, since when, and what to do.
    OSError
        The folder cannot be written to.
    """

    def __init__(self, folder: str, wait: float = 0.0, output: str = "", share: bool = False) -> None:
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, FILE)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666)
        self._close = weakref.finalize(self, os.close, self._descriptor)
        until = time.monotonic() + wait
        while not _try_lock(self._descriptor, share):
            if time.monotonic() >= until:
                owner = self._read()
                self._close()
                raise LockedError(_busy(output or folder, owner, wait))
            time.sleep(_POLL_SECONDS)
        self._is_named = not share
        text = "" if share else json.dumps({"pid": os.getpid(), "started": time.time()})
        with contextlib.suppress(OSError):  # on a full disk the file does not name its owner
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text.encode())

    def release(self) -> None:
        """Let the next run in; nothing happens the second time."""
        if self._close.alive:
            if self._is_named:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, 0)
            _unlock(self._descriptor)  # also for copies of the descriptor that a forked child may hold
            self._close()

    def _read(self) -> dict[str, float]:
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            owner = json.loads(os.read(self._descriptor, 1000))
        except (OSError, ValueError, RecursionError):
            return {}
        return owner if isinstance(owner, dict) else {}


def _busy(folder: str, owner: dict[str, float], wait: float) -> str:
    who = "another run"
    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError, OSError):  # somebody else wrote there
        since = datetime.datetime.fromtimestamp(owner["started"]).strftime("%Y-%m-%d %H:%M:%S")
        who = f"another run (process {owner['pid']:.0f}, since {since})"
    delay = f" still, after {wait:g} s" if wait else ""
    return f"{who} is at work in {folder}{delay}; let it end, wait for it with --wait 10m, or choose another -o"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int, share: bool) -> bool:
        try:
            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        if share:
            _unlock(descriptor)
        return True

    def _unlock(descriptor: int) -> None:
        with contextlib.suppress(OSError):  # what was shared is not held
            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int, share: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if share else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
