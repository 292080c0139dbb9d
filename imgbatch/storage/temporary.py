"""Temporary names: whose is a half-written file, and has its writer ended?

``.imgbatch-<pid>-<space>-<birth>-<number>.tmp``: hidden, and short, for a long target name must not make it too long.
Containers and machines that share a folder have processes of equal numbers, and numbers are used again. So the name
also says where the number counts, and when the process began; what began elsewhere is left alone until it is old.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import time
from collections.abc import Iterable

from imgbatch.storage.below import Root

_OLD_SECONDS = 12 * 3600.0  # by then nothing is being written under a temporary name, wherever it began
#: Of earlier versions there are names without the two in the middle.
TEMPORARY = re.compile(r"^\.imgbatch-(\d+)(?:-([0-9a-f]{6})-([0-9a-f]+))?-\d+\.tmp$")
_NUMBERS = itertools.count(1)  # one step, so that threads never get the same
_UNKNOWN = "0"
_DIGITS = 9  # of a number that belongs to a name


def temporary_name(folder: str) -> str:
    """A temporary name in `folder` that no other process and thread uses."""
    name = f".imgbatch-{_owner(os.getpid())}-{next(_NUMBERS)}.tmp"
    return os.path.join(folder, name) if folder else name


def numbered_name(name: str, number: int) -> str:
    """One of many temporary names that belong to a :func:`temporary_name`, and so to the process that has that."""
    return f"{name.removesuffix('.tmp')}{number:0{_DIGITS}d}.tmp"


def remove_numbered_files(name: str) -> None:
    """Remove all files that have a :func:`numbered_name` of a name; what cannot be removed stays."""
    folder, base = os.path.split(name)
    pattern = re.compile(re.escape(base.removesuffix(".tmp")) + rf"\d{{{_DIGITS}}}\.tmp")
    with contextlib.suppress(OSError):
        remove_files(os.path.join(folder, one) for one in os.listdir(folder or ".") if pattern.fullmatch(one))


def remove_files(paths: Iterable[str]) -> None:
    """Remove files, those that are still there; what cannot be removed stays."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)


@functools.cache
def _owner(pid: int) -> str:
    return f"{pid}-{_space()}-{_birth(pid)}"


@functools.cache
def _space() -> str:
    """Where this process's number counts: six hex digits of this boot of the machine, and of the container."""
    import hashlib  # once, where something is written

    try:
        boot = _read("/proc/sys/kernel/random/boot_id")
        place = boot + b"%d" % os.stat("/proc/self/ns/pid").st_ino
    except (OSError, AttributeError):  # no Linux
        import platform

        place = os.fsencode(platform.node())
    return hashlib.sha256(place).hexdigest()[:6]


def _birth(pid: int) -> str:
    """When a process began, in hex; "0" where that is not told, or /proc tells of other processes than our numbers."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return _UNKNOWN
        return f"{int(_stat(pid)[19]):x}"  # proc(5): starttime, in ticks since the boot
    except (OSError, ValueError, IndexError):
        return _UNKNOWN


def _stat(pid: int) -> list[bytes]:
    """What the kernel tells of a process, from its state on, which follows the name; OSError when it is gone."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def sweep(folder: str, pid: int | None = None, root: Root | None = None) -> int:
    """Remove temporary files that dead processes left in a folder; how many there were.

    What cannot be removed stays, such as another user's in a folder where everybody deletes only their own.

    Parameters
    ----------
    folder : str
        Nothing is done where it is missing, or closed to us.
    pid : int, optional
        Of the process whose files are meant; of all that are dead when not given.
    root : Root, optional
        What the folder must be or lie below, links resolved.
    """
    count = 0
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        inside, _ = stack.enter_context((root or Root(folder)).parent(os.path.join(folder, "*")))
        descriptor = None if inside is None else os.open(".", os.O_RDONLY, dir_fd=inside)
        if descriptor is not None:
            stack.callback(os.close, descriptor)
        for entry in stack.enter_context(os.scandir(folder if descriptor is None else descriptor)):
            match = TEMPORARY.match(entry.name)
            if match is None:
                continue
            with contextlib.suppress(OSError):
                if _is_of(match, pid) if pid is not None else _is_left(match, entry):
                    os.unlink(entry.path, dir_fd=descriptor)
                    count += 1
    return count


def _is_of(match: re.Match[str], pid: int) -> bool:
    return int(match[1]) == pid and match[2] in (None, _space())


def _is_left(match: re.Match[str], entry: os.DirEntry[str]) -> bool:
    if match[2] in (None, _space()):
        return not is_alive(int(match[1]), match[3] or _UNKNOWN)
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD_SECONDS


def is_alive(pid: int, birth: str = _UNKNOWN) -> bool:
    """Whether there is a process of that number (that began then, where it is known)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; a number in a name that is not ours
        pass
    if birth not in (_UNKNOWN, now := _birth(pid)) and now != _UNKNOWN:
        return False
    try:  # ended: only its number is left, until its parent asks; where nobody does, that is for long
        return _stat(pid)[:1] not in ([b"Z"], [b"X"])
    except OSError:
        return True
