"""TIFF pages: how is one of thousands found, and decoded as what it is? The header of a copy is pointed at it.

libtiff (since 4.5) walks from the first directory to the wanted one for each page that Pillow decodes: 10,000 pages
took 19 s, 40,000 nearly four minutes. A file whose header points at the wanted page is decoded at once. That takes a
copy of the file that can be changed, so it is done only where the pages are many.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from imgbatch.codecs.metadata.exif_tags import ORIENTATION
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MANY = 1000
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_MOST = 1 << 24  # px that a tile may have beside four times its picture: libtiff makes room for any
_BITS, _SAMPLES, _PLANES = 258, 277, 284
#: Pillow's raw modes of numbers whose order of bytes it takes for the file's, and those of the machine's.
_BIG_ENDIAN = {"F;32BF": "F;32NF", "I;32BS": "I;32NS", "I;16BS": "I;16NS"}
_NO_PLANES = "no reader here for a TIFF of {} in planes; save it with samples side by side first"


class Pages(io.BytesIO):
    """A TIFF in memory, as Pillow reads it, and as it hands it to libtiff."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._first: bytearray | None = None

    def point_at(self, directory: int) -> None:
        """Let the file that libtiff gets begin with the directory at that byte."""
        if self._first is None:
            self._first = bytearray(super().getvalue())
        place = slice(8, 16) if 43 in self._first[2:4] else slice(4, 8)  # BigTIFF, TIFF
        order: Literal["little", "big"] = "little" if self._first.startswith(b"II") else "big"
        self._first[place] = directory.to_bytes(place.stop - place.start, order)

    def getvalue(self) -> bytes:
        """What libtiff gets."""
        return super().getvalue() if self._first is None else self._first  # type: ignore[return-value]  # read only


class _Places(list[int]):
    """Where the pages seen so far begin; Pillow asks of each whether it is one of them."""

    def __init__(self, places: Iterable[int]) -> None:
        super().__init__(places)
        self._set = set(self)

    def append(self, place: int) -> None:
        """Add the byte at which a page begins."""
        super().append(place)
        self._set.add(place)

    def __contains__(self, place: object) -> bool:
        return place in self._set


def index_pages(image: ImageFile) -> None:
    """Give Pillow a set to look up the pages that it has seen: its list makes counting them quadratic."""
    places = getattr(image, "_frame_pos", None)  # private to Pillow: where it is missing, nothing is to be done
    if isinstance(places, list):
        image._frame_pos = _Places(places)  # type: ignore[attr-defined]


def prepare_page(image: ImageFile, count: int) -> None:
    """Let Pillow decode the page that `image` was moved to, one of `count`.

    Raises
    ------
    ImageError
        Kind ``unsupported``: it is of planes that Pillow takes for others; ``corrupt``: of tiles far larger than it.
    """
    point_at_page(image, count)
    tags: Any = getattr(image, "tag_v2", {})
    width, height = tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)
    if isinstance(width, int) and isinstance(height, int) and width * height > _MOST + 4 * image.width * image.height:
        raise ImageError("corrupt", f"the tiff has tiles of {width}x{height} px for {image.width}x{image.height}")
    image.tile = [_in_native_order(tile) for tile in image.tile]
    if tags.get(_PLANES) == 2 and image.tile:
        _mend_planes(image, tags)


def _in_native_order(tile: Any) -> Any:
    """What libtiff unpacks has the machine's order of bytes: Pillow knows it of 16 bits without a sign only."""
    if tile.codec_name != "libtiff" or tile.args[0] not in _BIG_ENDIAN:
        return tile
    return tile._replace(args=(_BIG_ENDIAN[tile.args[0]], *tile.args[1:]))


def _mend_planes(image: ImageFile, tags: Any) -> None:
    """Make Pillow read the samples of planes as what they are: it takes each byte of 16 bits for one, say."""
    if tags.get(_SAMPLES, 1) == 1:
        tags[_PLANES] = 1  # of one sample there are no planes
        image._setup()  # type: ignore[attr-defined]  # a TiffImageFile's
        return
    if image.mode not in ("RGB", "RGBA", "CMYK", "LAB", "YCbCr"):
        raise ImageError("unsupported", _NO_PLANES.format(f"{image.mode} samples"))
    bits = tags.get(_BITS, 1)
    if image.tile[0].codec_name != "raw" or (bits if isinstance(bits, int) else max(bits)) <= 8:
        return
    if image.mode not in ("RGB", "RGBA") or any(tile.args[0] == "a" for tile in image.tile):  # type: ignore[index]
        raise ImageError("unsupported", _NO_PLANES.format(f"16-bit {image.mode} samples"))
    order = "B" if tags.prefix == b"MM" else "L"
    image.tile = [
        tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))  # type: ignore[index]  # always a tuple
        for tile in image.tile
        if tile.args[0] in image.mode  # type: ignore[index]  # others are extra samples
    ]


def point_at_page(image: ImageFile, count: int) -> None:
    """Point the header of a TIFF of `count` pages at the page that `image` was moved to."""
    tags = getattr(image, "tag_v2", None)
    if count >= MANY and isinstance(image.fp, Pages) and tags is not None:
        image.fp.point_at(int(tags.offset))


def stored_size(image: ImageFile) -> tuple[int, int]:
    """(width, height) in px as stored: TIFF's reader gives the upright size."""
    if not hasattr(image, "tag_v2"):
        return image.size
    width, height = tag(image, _WIDTH, 0), tag(image, _HEIGHT, 0)
    return (int(width), int(height)) if width and height else image.size


def tag(image: Image, tag: int, default: Any) -> Any:
    """The value of a TIFF's tag, the first where it has several.

    Parameters
    ----------
    image : Image
        Of any format; those without TIFF tags have `default` for all.
    tag : int
        Its number.
    default : object
        What a tag that is missing gives.
    """
    tags = getattr(image, "tag_v2", None)
    value = tags.get(tag, default) if tags is not None else default
    return value[0] if isinstance(value, tuple) and value else value


def exif_orientation(image: Image) -> int:
    """EXIF's orientation as stored, be it one of 1 to 8 or not; 1 where it is missing or cannot be read."""
    from PIL.Image import Image as Plain

    with contextlib.suppress(Exception):
        value = Plain.getexif(image).get(ORIENTATION, 1)
        return value if isinstance(value, int) else 1
    return 1
