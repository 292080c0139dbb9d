"""Object status: what are size, time and identity of an object, in the words of ``os.stat``?

An object's identity is its ETag, which changes with the content; its time has whole seconds, in the store's clock. So
``st_ino`` is a number made of the ETag, and ``st_mtime_ns`` is the time with such a number below the second: who
compares times, as the whole house does with files, compares ETags with them. Two versions of one size within one second
are taken for one in a case of 10**9.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import stat
import time

_SECOND_NS = 10**9
_FILE = stat.S_IFREG | 0o644
_FOLDER = stat.S_IFDIR | 0o755


def etag_number(etag: str | None) -> int:
    """A positive number below 2**63 of an ETag; another one each time where there is none, so that nothing is equal.

    Azure's listings have it without the quotes that its headers have.
    """
    word = etag or f"none {time.time_ns()} {os.urandom(8).hex()}"
    if not word.endswith('"'):
        word = f'"{word}"'
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big") >> 1


def object_status(size: int, etag: str | None, time_of_change: datetime.datetime | None = None) -> os.stat_result:
    """The status of an object.

    Parameters
    ----------
    size : int
        Bytes.
    etag : str or None
    time_of_change : datetime, optional
        Not known of what was just written; then all times are 0.
    """
    number = etag_number(etag)
    if time_of_change is None:
        return _status(_FILE, number, size, 0, 0)
    seconds = int(time_of_change.timestamp())
    return _status(_FILE, number, size, seconds, seconds * _SECOND_NS + number % _SECOND_NS)


def _status(mode: int, number: int, size: int, seconds: int, time_ns: int) -> os.stat_result:
    return os.stat_result(
        (mode, number, 0, 1, 0, 0, size, seconds, seconds, seconds),
        {"st_atime_ns": time_ns, "st_mtime_ns": time_ns, "st_ctime_ns": time_ns},
    )


FOLDER_STATUS = _status(_FOLDER, 0, 0, 0, 0)


class ObjectEntry:
    """An object or a folder of them in a listing, which answers as an ``os.DirEntry``.

    Parameters
    ----------
    path : str
        The URL.
    status : os.stat_result
    """

    __slots__ = ("_status", "name", "path")

    def __init__(self, path: str, status: os.stat_result) -> None:
        self.path, self._status = path, status
        self.name = path.rpartition("/")[2]

    def is_symlink(self) -> bool:
        """Never: there are no links."""
        return False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self._status.st_mode)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As the listing has it: nothing is asked."""
        return self._status
