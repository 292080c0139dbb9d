"""Priority: how does a run make way for everything else on the machine? It lowers its own, and its workers follow.

The forkserver may be running before anybody knows that the run is unattended, so workers do not inherit the priority
of the process that asked for it: each takes its parent's when it begins.
"""

from __future__ import annotations

import contextlib
import os
import sys

NICE = 10
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}  # the kernel's number of ioprio_set(2), which libc does not wrap
_IDLE = 3
_LOWEST = 2 << 13 | 7  # IOPRIO_CLASS_BE, level 7: behind all others, but never starved as the idle class may be


def lower() -> None:
    """Let other processes go first, for the processor and, on Linux, for the disk; what the system lacks is left."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    number = _IOPRIO_SET.get(os.uname().machine) if hasattr(os, "uname") else None
    if sys.platform == "linux" and number is not None:
        import ctypes  # only here: few runs are unattended

        with contextlib.suppress(OSError, AttributeError):
            call = ctypes.CDLL(None).syscall
            if call(number + 1, 1, 0) >> 13 != _IDLE:  # ioprio_get(2): whoever started it may have wanted that
                call(number, 1, 0, _LOWEST)


def follow(parent: int) -> None:
    """Go as low as the process `parent` is."""
    if not hasattr(os, "getpriority"):
        return
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, parent) > os.getpriority(os.PRIO_PROCESS, 0):
            lower()
