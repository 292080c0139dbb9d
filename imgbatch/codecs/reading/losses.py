"""Losses: what does reading a picture leave behind, and how is that said?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.containers import jpeg_headers
from imgbatch.codecs.metadata import header_blocks
from imgbatch.codecs.metadata.header_blocks import Others
from imgbatch.codecs.reading import optional_readers
from imgbatch.codecs.registry import CODECS

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from imgbatch.codecs.containers.jpeg_companions import Companion
    from imgbatch.codecs.reading.decode import SourceImage

_OF_BOXES = frozenset({"avif", *optional_readers.EXTRAS})
MULTIFRAME = frozenset(name for name, one in CODECS.items() if one.multiframe)


def depth_losses(image: ImageFile, depth: int) -> list[str]:
    """The change of a picture of `depth` bits a sample, where its reader gives 8."""
    shallow = depth > 8 and image.mode in ("L", "LA", "RGB", "RGBA", "CMYK")
    return [f"depth: {depth} -> 8 bits"] if shallow else []


def reading_losses(image: ImageFile, format: str, data: bytes) -> list[str]:
    """Sentences for the changes of a picture whose header was read.

    Parameters
    ----------
    image : ImageFile
    format : str
        Our name of its format.
    data : bytes
        The file.
    """
    sentences = []
    count = getattr(image, "n_frames", 1) if format not in MULTIFRAME else 1
    name = (image.format or "").lower()
    if format in optional_readers.EXTRAS:
        if (several := optional_readers.count_note(image, data)) is not None:
            sentences.append(several)
    elif name == "psd" and count > 1:
        sentences.append(f"merged picture of {count} layers kept: psd")
    elif count > 1 and format != "jpeg":  # what follows a JPEG an output may keep
        sentences.append(f"first of {count} pictures kept: {name}")
    elif name in ("ico", "icns") and len(image.info.get("sizes", ())) > 1:
        sentences.append(f"largest of {len(image.info['sizes'])} pictures kept: {name}")
    if format in _OF_BOXES:
        from imgbatch.codecs.reading.companions import losses_in_boxes  # few files are

        sentences += losses_in_boxes(data)
    return sentences


def lacks_end_mark(data: bytes) -> bool:
    """Whether a GIF has none, even with other bytes behind it."""
    if data.rstrip(b"\0\r\n ").endswith(b";"):
        return False
    from imgbatch.codecs.containers.blocks import gif_blocks  # few files are

    return all(kind != gif_blocks.END for kind, _, _ in gif_blocks.blocks(data))


def companions(image: SourceImage, data: bytes) -> list[Companion]:
    """What follows the picture in a JPEG.

    Parameters
    ----------
    image : SourceImage
        Where its decoder has read the picture, it is known where that ends.
    data : bytes
        The file.
    """
    if image.format != "jpeg":
        return []
    end = image.end
    if end is None and image.file is not None:
        end = jpeg_headers.scan_end(data, image.file.tell())
    if end is None or end >= len(data):
        return []
    from imgbatch.codecs.containers import jpeg_companions  # few files have any

    return jpeg_companions.companions(data, end, image.metadata.xmp or b"")


def other_blocks(image: ImageFile, format: str, data: bytes, warnings: list[str]) -> Others:
    """What only a copy of the file keeps; the EXIF and XMP of a JPEG, PNG or PSD are chosen where it has several.

    Parameters
    ----------
    image : ImageFile
        Its info has one EXIF block and one XMP packet from now on.
    format : str
        Our name of its format.
    data : bytes
        The file.
    warnings : list of str
        Gets which texts hold a block that cannot be read.
    """
    if format == "jpeg":
        return header_blocks.choose(image, warnings)
    if format in ("jxl", "jpeg2000"):
        from imgbatch.codecs.containers.blocks import boxes  # few files are

        for word, block in boxes.blocks_of(data).items():  # which their readers leave out
            image.info.setdefault(word, block)
    from imgbatch.codecs import contents  # a JPEG's are in its header

    blocks = header_blocks.choose(image, warnings) if format in ("png", "psd") else ()
    return (*blocks, *((name, b"") for name in contents.strangers(data, format)))
