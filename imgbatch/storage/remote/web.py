"""Web: how is an image read from a web server? ``http:// https://``, as sources only.

Each address is one file: servers list no folders. An address may hold a signature in its query, which belongs to the
key and is shown nowhere. What is asked first is one byte, not a HEAD: signed addresses often allow nothing but GET.
"""

from __future__ import annotations

import contextlib
import email.utils
import errno
import http.client
import os
import random
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

from imgbatch.core.errors import ImageError, kind_of_errno, one_line
from imgbatch.core.version import VERSION
from imgbatch.storage.atomic_write import content_hash
from imgbatch.storage.base import FolderEntry, Properties, Storage
from imgbatch.storage.remote.address import web_name, without_secrets
from imgbatch.storage.remote.object_status import object_status

Result = TypeVar("Result")
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.2
_MOST_PAUSE_S = 5.0
_SILENCE_S = 30.0  # without a byte
_CHUNK = 1 << 20
_REFUSAL = "a web server is only read from"


class Web(Storage):
    """Web servers; keys are addresses."""

    properties = Properties(fingerprint=True)

    def absolute(self, key: str) -> str:
        """As it was typed."""
        return key

    def split(self, key: str) -> tuple[str, str]:
        """The address's folder, and a name that a file can have, without query."""
        return without_secrets(key).rstrip("/").rpartition("/")[0], web_name(key)

    def list(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """OSError: there is no way to ask."""
        raise NotADirectoryError(errno.ENOTDIR, "web servers list no folders; name each file", folder)

    def stat(self, key: str, *, follow_links: bool = True) -> os.stat_result:
        """Size, Last-Modified and ETag, as the answer to a GET of one byte has them."""
        return _attempt(lambda: _status(key), key)

    def read(self, key: str) -> bytes:
        """One GET, begun again after a broken connection."""
        try:
            data = _whole(key)
        except MemoryError as error:
            raise ImageError("memory", "not enough memory for this picture") from error
        except OSError as error:
            raise ImageError(kind_of_errno(error.errno), one_line(str(error.strerror))) from error
        if not data:
            raise ImageError("truncated", "the file is empty (0 bytes)")
        return data

    def read_prefix(self, key: str, size: int) -> bytes:
        """A GET of the first bytes; a server that knows no ranges is not listened to any longer."""

        def read() -> bytes:
            with _open(key, f"bytes=0-{size - 1}") as answer:
                data: bytes = answer.read(size)
                return data

        return _attempt(read, key)

    def write_whole(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """OSError (EROFS)."""
        _refuse(key)

    def create_exclusively(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """OSError (EROFS)."""
        _refuse(key)

    def rename(self, key: str, new: str, *, replace: bool = False) -> None:
        """OSError (EROFS)."""
        _refuse(key)

    def remove(self, key: str) -> None:
        """OSError (EROFS)."""
        _refuse(key)

    def fingerprint(self, key: str) -> str:
        """The content's hash."""
        try:
            return content_hash(_whole(key))
        except OSError:
            return ""

    def preserve(self, key: str, like: str) -> None:
        """OSError (EROFS)."""
        _refuse(key)

    def is_folder(self, key: str) -> bool:
        """Never."""
        return False

    def is_link(self, key: str) -> bool:
        """Never; where an address leads on is followed."""
        return False


def _refuse(key: str) -> NoReturn:
    raise OSError(errno.EROFS, _REFUSAL, without_secrets(key))


def _status(key: str) -> os.stat_result:
    with _open(key, "bytes=0-0") as answer:
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        size = int(total) if total.isdigit() else int(answer.headers.get("Content-Length") or 0)
        time_of_change = None
        with contextlib.suppress(TypeError, ValueError):
            time_of_change = email.utils.parsedate_to_datetime(answer.headers["Last-Modified"])
        etag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        return object_status(size, etag, time_of_change)


def _whole(key: str) -> bytes:
    def read() -> bytes:
        with _open(key) as answer:
            parts = []
            while part := answer.read(_CHUNK):
                parts.append(part)
            return b"".join(parts)

    return _attempt(read, key)


def _open(key: str, byte_range: str = "") -> Any:
    """The answer to a GET, to be closed."""
    headers = {"User-Agent": f"imgbatch/{VERSION}", "Accept-Encoding": "identity"}
    if byte_range:
        headers["Range"] = byte_range
    address = urllib.parse.quote(key, safe="%/:=&?~#+!$,;'@()*[]")  # blanks, and what is no ASCII
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=_SILENCE_S)


def _attempt(call: Callable[[], Result], key: str) -> Result:
    """The result of a request, tried again after 429, 5xx and broken connections."""
    pause = _FIRST_PAUSE_S
    for count in range(1, _ATTEMPTS + 1):
        try:
            return call()
        except (OSError, http.client.HTTPException, ValueError) as error:
            if count == _ATTEMPTS or not _is_passing(error):
                raise _os_error(error, key) from None
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, _MOST_PAUSE_S)
    raise AssertionError("the last attempt returns or raises")


def _is_passing(error: Exception) -> bool:
    if isinstance(error, urllib.error.HTTPError):
        return error.code == 429 or error.code >= 500
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, (ConnectionResetError, TimeoutError))
    return isinstance(error, (ConnectionError, TimeoutError, http.client.HTTPException))


def _os_error(error: Exception, key: str) -> OSError:
    """What went wrong, in a sentence that holds no address."""
    address = without_secrets(key)
    if isinstance(error, urllib.error.HTTPError):
        words = f"the server answers {error.code} ({http.client.responses.get(error.code, 'no known answer')})"
        if error.code in (404, 410):
            return FileNotFoundError(errno.ENOENT, words, address)
        return OSError(errno.EACCES if error.code in (401, 403, 407) else errno.EIO, words, address)
    if isinstance(error, ValueError):
        return OSError(errno.EINVAL, "it is no web address", address)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    host = urllib.parse.urlsplit(address).netloc
    if isinstance(reason, ssl.SSLError):
        return OSError(errno.EIO, f"the certificate or encryption of {host} is not accepted", address)
    if isinstance(reason, (ConnectionResetError, TimeoutError, http.client.HTTPException)):
        return OSError(errno.EIO, f"{host} cuts the connection, however often it is asked; run again", address)
    return OSError(errno.EIO, f"{host} cannot be reached; see to the address and the network, and run again", address)
