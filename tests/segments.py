"""Which segments of shared memory are still there? What tests ask when nothing may be left."""

from __future__ import annotations

import os

SHM = "/dev/shm"
_HELPER = f"{SHM}/imgbatch-helper-"  # the forkserver's socket, which stays open as long as it lives


def segment_exists(name: str) -> bool:
    """Whether a segment can still be attached by that name (shared.py: a path in /proc, or a name in /dev/shm)."""
    try:
        if name.startswith("/proc/"):
            return os.readlink(name).startswith((f"{SHM}/imgbatch-", "/memfd:imgbatch-"))
        return name in os.listdir(SHM)
    except OSError:
        return False


def own_segments() -> set[str]:
    """The segments of this process: names of its own in /dev/shm, and open descriptors."""
    if not os.path.isdir(SHM):
        return set()
    found = {name for name in os.listdir(SHM) if name.startswith(("psm_", f"imgbatch-{os.getpid()}-"))}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue  # the one that lists them
        if path.startswith((f"{SHM}/", "/memfd:imgbatch-")) and not path.startswith(_HELPER):
            found.add(f"{descriptor}: {path}")
    return found
