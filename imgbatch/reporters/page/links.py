"""Links: how does a page that lies in some folder point to a file?"""

from __future__ import annotations

import os
from urllib.parse import quote

from imgbatch.storage.registry import is_remote


class Links:
    """Relative URLs from one page to files of this machine, so that page and pictures may move together.

    Parameters
    ----------
    page : str
        The page's file.

    Attributes
    ----------
    folders : list of (str or None)
        The URL of each folder that :meth:`number` has numbered, ending in a slash; None for one that a browser cannot
        open from here, because it is in a remote store.
    """

    def __init__(self, page: str) -> None:
        self._home = os.path.dirname(os.path.abspath(page))
        self._numbers: dict[str, int] = {}
        self.folders: list[str | None] = []

    def number(self, folder: str) -> int:
        """The place of a folder (absolute) among :attr:`folders`."""
        number = self._numbers.get(folder)
        if number is None:
            number = self._numbers[folder] = len(self.folders)
            url = self.url(folder)
            self.folders.append(url and url.rstrip("/") + "/")
        return number

    def url(self, path: str) -> str | None:
        """The URL of a file or folder (absolute); None in a remote store."""
        if is_remote(path):
            return None
        try:
            relative = os.path.relpath(path, self._home)
        except ValueError:  # another drive
            return "file:///" + percent_encode(path)
        return "./" + percent_encode(relative)


def percent_encode(path: str) -> str:
    """A path as the path of a URL: its bytes percent-encoded."""
    return quote(os.fsencode(path.replace(os.sep, "/")))
