"""Page files: which files does a contact sheet have, and how do they come to be whole or not at all?

``SHEET.jpg``, or where there are several pages ``SHEET-1.jpg``, ``SHEET-2.jpg`` and so on; a PDF holds all of them.
They are written under temporary names, and renamed together at the end.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO

from imgbatch import codecs
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.core.errors import wrong_value
from imgbatch.datasets.sheets.pdf_file import PdfFile
from imgbatch.storage.rename import rename_all
from imgbatch.storage.temporary import remove_files, temporary_name

if TYPE_CHECKING:
    from PIL.Image import Image

PDF = "pdf"
#: The format of a sheet by its suffix, and the longest side of its pages in px.
_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".pdf": PDF}
SIDES = {"jpeg": 65_500, "png": 100_000, "webp": 16_383, PDF: 65_500}
_ENCODING = Encoding(quality=88)  # letters on a plain ground show what JPEG leaves out


def format_of_sheet(name: str) -> str:
    """The format of a sheet by its name; UsageError where that is none."""
    format = _FORMATS.get(os.path.splitext(name)[1].lower())
    if format is None:
        raise wrong_value("a file name ending in .jpg, .png, .webp or .pdf", "the sheet", name)
    return format


def paths_of(name: str, pages: int) -> list[str]:
    """The files of a sheet (absolute), by the number of its pages."""
    stem, suffix = os.path.splitext(os.path.abspath(name))
    if pages == 1 or format_of_sheet(name) == PDF:
        return [stem + suffix]
    return [f"{stem}-{number}{suffix}" for number in range(1, pages + 1)]


def other_pages(name: str, pages: int) -> list[str]:
    """Files that have the names of pages, but not of this sheet: a longer or shorter one may have left them."""
    stem, suffix = os.path.splitext(os.path.abspath(name))
    if format_of_sheet(name) == PDF:
        return []
    result = [stem + suffix] if pages > 1 and os.path.lexists(stem + suffix) else []
    number = 1 if pages == 1 else pages + 1
    while os.path.lexists(path := f"{stem}-{number}{suffix}"):
        result.append(path)
        number += 1
    return result

class PageFiles:
    """The files of a sheet while its pages are drawn.

    Parameters
    ----------
    name : str
        As of :func:`format_of_sheet`.
    """

    def __init__(self, name: str) -> None:
        self._format, self._folder = format_of_sheet(name), os.path.dirname(os.path.abspath(name))
        self._names: list[str] = []  # the temporary ones
        self._stream: BinaryIO | None = None
        self._document: PdfFile | None = None

    def add(self, page: Image) -> None:
        """Write the next page (RGB)."""
        is_document = self._format == PDF
        format = "jpeg" if is_document else self._format
        file = codecs.encode([page], format, _ENCODING, Metadata(), AnimationTiming())
        if not is_document:
            with self._new_file() as stream:
                stream.write(file.data)
            return
        if self._document is None:
            self._stream = self._new_file()
            self._document = PdfFile(self._stream)
        self._document.add(file.data, page.size)

    def _new_file(self) -> BinaryIO:
        name = temporary_name(self._folder)
        self._names.append(name)
        return open(name, "xb")

    def place(self, paths: list[str], replace: bool) -> None:
        """Give the files their names; PlanError where one has appeared meanwhile, and then none is there.

        Parameters
        ----------
        paths : list of str
            As of :func:`paths_of`.
        replace : bool
            Whether files in the way are replaced.
        """
        if self._document is not None and self._stream is not None:
            with self._stream:
                self._document.finish()
        rename_all(self._names, paths, replace)

    def release(self) -> None:
        """Remove what is not in its place."""
        if self._stream is not None:
            with contextlib.suppress(OSError):  # it is to be removed, and what it holds back has no room on a full disk
                self._stream.close()
        remove_files(self._names)
