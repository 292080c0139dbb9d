"""Bit depth: what do the stored samples mean, where Pillow takes them for something else, or keeps fewer bits of them?

A reader that turns a negative the wrong way around, or shows 12 bits as if they were 16, gives a wrong picture
without a warning. Such frames are repaired here as they come from the reader; what cannot be repaired gets a
warning, as does a color without an entry in the palette. A palette without any entry is an error.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers.tiff_pages import tag
from imgbatch.codecs.reading import optional_readers
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_BITS, _PHOTOMETRIC, _FORMAT, _COUNT = 258, 262, 339, 277
_UINT, _INT = 1, 2
_SIZ = b"\xff\x4f\xff\x51"  # the head of a JPEG 2000 codestream
_WRAPPING = frozenset({"LA", "RGB", "RGBA"})


def depth(image: ImageFile, name: str, data: bytes) -> int:
    """Bits per sample as stored, where the header says it cheaply; 8 otherwise.

    Parameters
    ----------
    image : ImageFile
    name : str
        Our name of its format.
    data : bytes
        The file, or at least its headers.
    """
    if name == "png":
        return data[24] if len(data) > 24 else 8
    if name == "tiff":
        bits = tag(image, _BITS, 8)
        return bits if isinstance(bits, int) else 8
    if name == "avif":
        at = data.find(b"av1C", 0, 4096)
        flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
        return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
    if name == "jpeg2000":
        at = data.find(_SIZ)
        return (data[at + 42] & 0x7F) + 1 if 0 <= at < len(data) - 42 else 8
    if name in optional_readers.EXTRAS:
        return optional_readers.depth(image, data)
    if name == "sgi":
        return 8 * data[3]
    if name == "ppm" and image.tile:
        args = image.tile[0].args
        top = args[-1] if isinstance(args, tuple) else 255
        return top.bit_length() if isinstance(top, int) and top > 255 else 8
    return 8


def frame_repair(image: ImageFile, bits: int) -> Callable[[Image], Image] | None:
    """What must be done to the frame that `image` will load next, of so many bits a sample; None: nothing.

    Called before it is loaded.
    """
    if image.format == "HEIF" and image.mode == "I;16" and bits < 16:
        return functools.partial(_spread, bits)
    if image.format != "TIFF" or not image.tile:
        return None
    args = image.tile[0].args
    raw = args[0] if isinstance(args, tuple) else args
    if raw in ("I;16", "I;16N") and tag(image, _PHOTOMETRIC, 1) == 0:
        return _invert
    if raw == "I;12":
        return _spread_12_bits
    if raw == "I;32N" and tag(image, _FORMAT, _UINT) == _UINT:
        return _as_uint32
    if raw == "L" and tag(image, _BITS, 8) == 8 and tag(image, _FORMAT, _UINT) == _INT:
        return _as_int8
    return None


def check(image: ImageFile, name: str, bits: int, warnings: list[str]) -> None:
    """Look at the pixels of a loaded frame for what its file leaves open.

    Parameters
    ----------
    image : ImageFile
    name : str
        Our name of its format.
    bits : int
        Bits per sample (:func:`depth`).
    warnings : list of str
        Gets colors beyond the palette, and full brightness that the reader may have turned to black.

    Raises
    ------
    ImageError
        Kind ``corrupt``: the palette has no entries.
    """
    if image.mode == "P":
        entries = 0 if image.palette is None else len(image.palette.palette) // len(image.palette.mode)
        highest = image.getextrema()[1] if entries < 256 else 0
        if not entries:
            raise ImageError("corrupt", f"the palette of the {name} has no entries")
        if isinstance(highest, (int, float)) and highest >= entries:
            warnings.append(f"pixels of color {int(highest)}, but the palette ends at {entries - 1}: shown black")
    wrapping = name == "jpeg2000" and bits > 8 and image.mode in _WRAPPING
    if wrapping and any(band.getextrema()[0] == 0 for band in image.split()):
        # j2ku_shift of Pillow's Jpeg2KDecode.c rounds 65,408 and more up to 256, which becomes 0 in a byte.
        warnings.append(f"JPEG 2000 of {bits} bits: the reader may have turned full brightness to black; compare")


def gif_warnings(image: ImageFile, data: bytes) -> list[str]:
    """What a GIF leaves open from its first bytes on, as warnings. Called before it is loaded."""
    warnings = []
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    if image.size != (width, height):
        frame_size = f"{image.size[0]}x{image.size[1]}"
        warnings.append(f"the first frame of the GIF is larger than its canvas of {width}x{height} px: {frame_size}")
    if image.mode == "L" and not data[10] & 0x80 and image.tile:
        at = image.tile[0].offset - 11  # the frame's descriptor, where no palette stands between
        if data[at : at + 1] == b"," and not data[at + 9] & 0x80:
            warnings.append("the GIF has no palette: its numbers are shown as gray")
    return warnings


def tiff_tags(data: bytes) -> dict[int, Any]:
    """The tags of a TIFF's first directory, as far as they can be read."""
    import io

    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    try:
        file = io.BytesIO(data)
        tags = ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        return dict(tags)
    except Exception:  # noqa: BLE001 - asked for words about a file that is broken already
        return {}


def tiff_samples(data: bytes) -> str | None:
    """The samples of a TIFF that Pillow has no reader for, in words; None where not even they can be told."""
    tags = tiff_tags(data)
    if not tags:
        return None
    bits, kinds, photometric = tags.get(_BITS, (1,)), tags.get(_FORMAT, (1,)), tags.get(_PHOTOMETRIC, "not said")
    first = bits[0] if isinstance(bits, tuple) else bits
    kind = {1: "", 2: " signed", 3: " float"}.get(kinds[0] if isinstance(kinds, tuple) else kinds, " odd")
    color = "odd" if isinstance(photometric, tuple) else photometric
    return f"{tags.get(_COUNT, 1)} x {first}-bit{kind} samples (photometric {color})"


def _invert(frame: Image) -> Image:
    """16-bit gray whose 0 is white (photometric 0), which Pillow inverts only for 8 bits."""
    return _change_samples(frame, lambda samples: 65535 - samples, "<u2")


def _spread_12_bits(frame: Image) -> Image:
    """12 bits spread over the 16 that hold them: 4095 is white."""
    return _change_samples(frame, lambda samples: samples << 4 | samples >> 8, "<u2")


def _spread(bits: int, frame: Image) -> Image:
    """Fewer bits, which the reader gives as the upper ones of 16, spread over all: the largest is white."""
    return _change_samples(frame, lambda samples: spread(samples >> 16 - bits, bits), "<u2")


def spread(samples: Any, bits: int) -> Any:
    """Samples of 8 to 15 bits over 16: the largest is 65535, and none is off by half of 1/65535."""
    import numpy

    most = (1 << bits) - 1
    return ((samples.astype(numpy.uint32) * 65535 + most // 2) // most).astype("<u2")


def _as_uint32(frame: Image) -> Image:
    """Unsigned 32-bit gray, which Pillow holds as signed: as floats where it is too large for that."""
    import numpy
    from PIL import Image as Images

    samples = numpy.asarray(frame)
    if samples.min(initial=0) >= 0:
        return frame
    result = Images.fromarray(samples.view("=u4").astype("=f4"))
    result.info = dict(frame.info)
    return result


def _as_int8(frame: Image) -> Image:
    """Signed 8-bit gray as signed numbers, as Pillow has 16 bits of them."""
    import numpy
    from PIL import Image as Images

    return Images.fromarray(numpy.asarray(frame).view("i1").astype("=i4"))


def _change_samples(frame: Image, change: Callable[..., object], order: str) -> Image:
    import numpy
    from PIL import Image as Images

    result = Images.fromarray(numpy.asarray(change(numpy.asarray(frame).astype("u2"))).astype(order))
    result.info = dict(frame.info)
    return result
