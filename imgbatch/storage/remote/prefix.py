"""Prefix: what is the root of a run whose outputs go to a bucket? A name that keys begin with.

No folder is held open, for there is none that could be swapped, unmounted or reached by a link.
"""

from __future__ import annotations

import errno

from imgbatch.storage.below import Identity, Parent, Root
from imgbatch.storage.remote.address import parse


class Prefix(Root):
    """What stands for a :class:`Root` where files have no folders.

    Parameters
    ----------
    path : str
        The URL.
    """

    def __init__(self, path: str, identity: Identity | None = None) -> None:
        super().__init__(path)

    def __reduce__(self) -> tuple[type[Root], tuple[str, Identity | None]]:
        return Prefix, (self.path, None)

    def hold(self) -> None:
        """OSError where the bucket cannot be reached, is not there, or may not be listed."""
        from imgbatch.storage.remote import listing

        listing.is_folder(parse(self.path))

    def check(self) -> None:
        """Nothing: what fails says so itself."""

    def parent(self, path: str, make: bool = False) -> Parent:
        """OSError: nothing has a descriptor here."""
        raise OSError(errno.ENOTSUP, "objects lie in no folder", path)
