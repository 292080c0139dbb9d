"""Download: how is an object read whole, of one version of it, though connections break and others replace it?

After a broken connection the rest is asked for, of the very same version: by obstore itself, and by ours where what
obstore had is lost. Where another version is there by now, that one is read from its start.
"""

from __future__ import annotations

import errno
from typing import Any

from imgbatch.storage.remote.address import Address
from imgbatch.storage.remote.client import attempt, client, library

_CHUNK = 16 << 20  # bytes that are taken from the connection at a time
_VERSIONS = 5  # of one object that are begun to be read, where others replace it meanwhile


class Download:
    """The bytes of one object.

    Parameters
    ----------
    address : Address
        Of the object.
    """

    def __init__(self, address: Address) -> None:
        self._address, self._store = address, client(address)
        self._parts: list[Any] = []
        self._size, self._etag = 0, ""

    def run(self) -> bytes:
        """All bytes; FileExistsError where the object was another one whenever the rest of it was asked for."""
        for count in range(1, _VERSIONS + 1):
            try:
                attempt(self._fetch, self._address)
                break
            except FileExistsError:  # of the version that was begun there is no more
                self._etag = ""
                if count == _VERSIONS:
                    raise
        return bytes(self._parts[0]) if len(self._parts) == 1 else b"".join(self._parts)

    def _fetch(self) -> None:
        if not self._etag:  # at first; later there is no telling whether it is the same version
            self._parts.clear()
            self._size = 0
        options: dict[str, Any] = {}
        if self._size:
            options = {"range": {"offset": self._size}, "if_match": self._etag}
        result = library().get(self._store, self._address.key, options=options)
        etag = result.meta["e_tag"] or ""
        if self._size and etag != self._etag:  # not every store heeds If-Match
            raise FileExistsError(errno.EEXIST, "somebody else changed it meanwhile", self._address.url)
        self._etag, whole = etag, result.meta["size"]
        for part in result.stream(min_chunk_size=_CHUNK):
            self._parts.append(part)
            self._size += len(part)
            if self._size >= whole:
                break
        if self._size < whole:
            raise ConnectionError("the connection ended before the object did")
