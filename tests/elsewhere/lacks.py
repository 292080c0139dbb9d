"""Lacks: what has a system not, seen from Linux? Stands in for os, signal and multiprocessing in a copy of imgbatch.

Only imgbatch sees the lacks: tests and the standard library have the real modules. What is there is asked of the real
module at each use, so that a test's replacements are seen here, too. No fcntl, resource, pwd, grp: to import them from
here is an ImportError, as where they are not.
"""

from __future__ import annotations

import os as _os
import re
import signal as _signal
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

_OF_UNIX = re.compile(
    r"""(fork|forkpty|get[ep]?[ug]id|getres[ug]id|getgroups|set(res|re|e)?[ug]id|setgroups|initgroups|f?chown|lchown|fchmod
    |killpg|setsid|[gs]etp?gid|[gs]etpgrp|getsid|nice|[gs]etpriority|PRIO_.*|sysconf.*|confstr.*|f?statvfs|f?pathconf.*
    |sched_.*|posix_.*|POSIX_.*|memfd_create|MFD_.*|eventfd.*|EFD_.*|mkfifo|mknod|wait|wait3|wait4|waitid|WNOHANG|W[A-Z]+
    |p(read|write)v?|readv|writev|sendfile|copy_file_range|splice|environb|getenvb|getloadavg|uname|chroot|fchdir
    |fdatasync|sync|lockf|F_.*|.*xattr|XATTR_.*|pidfd_open|register_at_fork|unshare|setns|ttyname|openpty|tcgetpgrp
    |O_(NOFOLLOW|DIRECTORY|CLOEXEC|NONBLOCK|PATH|TMPFILE|NOATIME|DSYNC|RSYNC|SYNC|NDELAY|NOCTTY|ASYNC|DIRECT))""",
    re.VERBOSE,
)
_SIGNALS = re.compile(
    r"SIG(?!ABRT$|FPE$|ILL$|INT$|SEGV$|TERM$|_DFL$|_IGN$).*|pthread_.*|sig[a-z]+|alarm|pause|[gs]etitimer|ITIMER_.*"
)


class _Rest(types.ModuleType):
    """A module without what a pattern names."""

    def __init__(self, module: types.ModuleType, lacking: re.Pattern[str], **others: object) -> None:
        super().__init__(module.__name__)
        vars(self).update(others, _module=module, _lacking=lacking)

    def __getattr__(self, name: str) -> Any:
        if self._lacking.fullmatch(name) and name != "signal":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} elsewhere", name=name, obj=self)
        return getattr(self._module, name)


class _Msvcrt:
    """Locks of one byte of an open file, as Windows has them: another descriptor of the same process is another."""

    LK_NBLCK, LK_UNLCK = 2, 0

    @staticmethod
    def locking(descriptor: int, mode: int, count: int) -> None:
        """Lock or unlock; OSError where somebody else holds it."""
        import ctypes

        exclusive, at_once, unlock = 2, 4, 8  # flock(2)
        operation = unlock if mode == _Msvcrt.LK_UNLCK else exclusive | at_once
        if ctypes.CDLL(None).flock(descriptor, operation):
            raise PermissionError(13, "Permission denied")


def _by_name_only(name: str) -> Callable[..., None]:
    """One of os's functions, for names and for no descriptors."""

    def change(path: str | _os.PathLike[str], *words: Any, **more: Any) -> None:
        if isinstance(path, int):
            raise TypeError(f"{name}: path should be string, bytes or os.PathLike, not int")
        getattr(_os, name)(path, *words, **more)

    return change


os = _Rest(
    _os, _OF_UNIX, name="nt", supports_dir_fd=set(), utime=_by_name_only("utime"), chmod=_by_name_only("chmod")
)
signal = _Rest(_signal, _SIGNALS)
msvcrt = _Msvcrt()


def __getattr__(name: str) -> Any:
    """multiprocessing, which is loaded when it is needed, as everywhere in imgbatch; no fcntl and the like."""
    if name != "multiprocessing":
        raise AttributeError(f"there is no {name} elsewhere")
    import multiprocessing

    spawn = multiprocessing.get_context("spawn")

    def get_context(method: str | None = None) -> BaseContext:
        if method not in (None, "spawn"):
            raise ValueError(f"cannot find context for {method!r}")
        return spawn

    return _Rest(
        multiprocessing, re.compile("fork.*"), get_all_start_methods=lambda: ["spawn"], get_context=get_context
    )
