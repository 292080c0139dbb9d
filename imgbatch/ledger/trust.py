"""Trust: may the state folder be believed and written to, or did it come from strangers?

What it says decides what is replaced, restored and removed. So it is no link, holds none, and is the user's own, root's
or one that the user's group shares; else ``--trust-state`` says that it may be used all the same, as git's
``safe.directory`` does.
"""

from __future__ import annotations

import os
import stat

from imgbatch.core.errors import PlanError
from imgbatch.ledger.database import FILE
from imgbatch.planning.folders import display_path
from imgbatch.storage.lock import FILE as LOCK

#: Of shards, which are opened and read; written out: plain runs need not load what gives them these names.
_OF_SHARDS = ("outcomes.jsonl", "merge.json")
_NAMES = (LOCK, "reserve", FILE, FILE + "-wal", FILE + "-shm", FILE + "-journal", "reports", *_OF_SHARDS)
BACKUPS = "backup"


def refuse_strange_state(state: str, trust_state: bool, writing: bool) -> None:
    """Refuse a state folder that may have come from strangers.

    Parameters
    ----------
    state : str
        Absolute; nothing is said where it is not there.
    trust_state : bool
        Whether the user trusts it. Links in it are not followed even then.
    writing : bool
        Whether it will be written to and what it says be done; who only looks may look at other people's.

    Raises
    ------
    PlanError
    """
    folder = display_path(state)
    try:
        info = os.lstat(state)
    except OSError:  # it is not there, or will be said to be unusable
        return
    for name in _NAMES:
        mode = _mode(os.path.join(state, name))
        if stat.S_ISLNK(mode):
            raise PlanError(f"{name} in the state folder {folder} is a link, as no run makes one; remove it")
        if name in _OF_SHARDS and mode and not stat.S_ISREG(mode):  # a pipe would be waited for
            raise PlanError(f"{name} in the state folder {folder} is not a file, as every run makes it; remove it")
    if writing and os.path.islink(os.path.join(state, BACKUPS)):
        what = f"{BACKUPS} in the state folder {folder} is a link, as no run makes one"
        raise PlanError(f"{what}; move the originals that it leads to here in its place, so that undo still has them")
    if trust_state:
        return
    how = "if you trust what made it, add --trust-state; else remove it, or choose another one with --state DIR"
    if stat.S_ISLNK(info.st_mode):
        raise PlanError(f"the state folder {folder} is a link; {how}")
    if writing and not _is_ours(info):
        raise PlanError(f"the state folder {folder} belongs to another user ({info.st_uid}); {how}")


def _mode(path: str) -> int:
    """What is there, and is not followed where it is a link; 0: nothing."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _is_ours(info: os.stat_result) -> bool:
    if not hasattr(os, "geteuid") or info.st_uid in (os.geteuid(), 0):
        return True
    return bool(info.st_mode & stat.S_IWGRP) and info.st_gid in (os.getegid(), *os.getgroups())
