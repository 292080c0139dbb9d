"""PDF file: how do pages become one document? Each is a JPEG on a page of its size, written as it comes.

Of PDF 1.4 (ISO 32000-1, 7.5) only what that takes: the same pages give the same bytes, and none stays in memory, where
Pillow's writer puts in the time of day and holds all pages.
"""

from __future__ import annotations

from typing import BinaryIO

from imgbatch.core.quantities import Size

_DPI = 150  # of a page's pixels
_CATALOG, _PAGES = 1, 2  # the numbers of the first two objects


class PdfFile:
    """A document while it is written.

    Parameters
    ----------
    stream : binary file
        Is at its start.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._places = [0, 0]  # of the objects, by their numbers from 1, in bytes
        self._pages: list[int] = []
        stream.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def add(self, jpeg: bytes, size: Size) -> None:
        """Add a page.

        Parameters
        ----------
        jpeg : bytes
            A baseline JPEG of RGB.
        size : (int, int)
            Its width and height in px.
        """
        width, height = size
        across, down = (side * 72 / _DPI for side in size)
        facts = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB"
        image = self._add_stream(f"{facts} /BitsPerComponent 8 /Filter /DCTDecode", jpeg)
        content = self._add_stream("", f"{across:.2f} 0 0 {down:.2f} 0 0 cm /I Do".encode())
        page = (
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {across:.2f} {down:.2f}] "
            f"/Resources << /XObject << /I {image} 0 R >> >> /Contents {content} 0 R >>"
        )
        self._pages.append(self._add_object(page.encode()))

    def finish(self) -> None:
        """Write what leads to the pages."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._write_object(_PAGES, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>".encode())
        self._write_object(_CATALOG, f"<< /Type /Catalog /Pages {_PAGES} 0 R >>".encode())
        start, count = self._stream.tell(), len(self._places) + 1
        table = "".join(f"{place:010d} 00000 n \n" for place in self._places)
        trailer = f"trailer\n<< /Size {count} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._stream.write(f"xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}".encode())

    def _add_stream(self, facts: str, data: bytes) -> int:
        return self._add_object(f"<< {facts} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")

    def _add_object(self, content: bytes) -> int:
        self._places.append(0)
        self._write_object(len(self._places), content)
        return len(self._places)

    def _write_object(self, number: int, content: bytes) -> None:
        self._places[number - 1] = self._stream.tell()
        self._stream.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
