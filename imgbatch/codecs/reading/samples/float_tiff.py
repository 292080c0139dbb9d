"""Float TIFF: how does Pillow open a page of color in 32-bit floats, which it has no mode for?

Its header is read as that of 16 bits would be, and gives an RGB picture; the pixels are read by deep_tiff.py alone.
"""

from __future__ import annotations

from PIL.TiffImagePlugin import TiffImageFile

from imgbatch.codecs.containers import tiff_pages

_BITS, _PHOTOMETRIC, _FORMAT = 258, 262, 339
_RGB, _FLOAT, _UINT = 2, 3, 1
_BANDS = 3


class FloatPages(TiffImageFile):
    """A TIFF some of whose pages may be RGB of 32-bit floats."""

    def has_floats(self) -> bool:
        """Whether the page that it stands at has such samples."""
        tags = self.tag_v2
        formats = tags.get(_FORMAT)
        return (
            tags.get(_PHOTOMETRIC) == _RGB
            and tags.get(_BITS) == (32,) * _BANDS
            and formats in (_FLOAT, (_FLOAT,), (_FLOAT,) * _BANDS)
        )

    def _setup(self) -> None:
        if not self.has_floats():
            super()._setup()  # type: ignore[no-untyped-call, unused-ignore]
            return
        tags, formats = self.tag_v2, self.tag_v2[_FORMAT]
        tags[_BITS], tags[_FORMAT] = (16,) * _BANDS, (_UINT,) * _BANDS
        try:
            super()._setup()  # type: ignore[no-untyped-call, unused-ignore]
        finally:
            tags[_BITS], tags[_FORMAT] = (32,) * _BANDS, formats


def open_floats(data: bytes) -> FloatPages | None:
    """The header of a file whose first page is RGB of 32-bit floats; None: it is none that can be read."""
    try:
        image = FloatPages(tiff_pages.Pages(data), "")
    except Exception:  # noqa: BLE001 - asked only after Pillow has failed, whose words are those that count
        return None
    return image if image.has_floats() else None
