"""Losses: what does reading a picture leave behind, and how is that said?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs.reading import optional_readers
from imgbatch.codecs.registry import CODECS

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MULTIFRAME = frozenset(name for name, one in CODECS.items() if one.multiframe)


def reading_losses(image: ImageFile, format: str, data: bytes, depth: int) -> list[str]:
    """Sentences for the changes of a picture whose header was read.

    Parameters
    ----------
    image : ImageFile
    format : str
        Our name of its format.
    data : bytes
        The file.
    depth : int
        Bits per sample as stored.
    """
    sentences = []
    count = getattr(image, "n_frames", 1) if format not in MULTIFRAME else 1
    name = (image.format or "").lower()
    if format in optional_readers.EXTRAS:
        if (several := optional_readers.count_note(image, data)) is not None:
            sentences.append(several)
    elif name == "psd" and count > 1:
        sentences.append(f"merged picture of {count} layers kept: psd")
    elif count > 1:
        sentences.append(f"first of {count} pictures kept: {name}")
    elif name in ("ico", "icns") and len(image.info.get("sizes", ())) > 1:
        sentences.append(f"largest of {len(image.info['sizes'])} pictures kept: {name}")
    if depth > 8 and image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        sentences.append(f"depth: {depth} -> 8 bits")
    return sentences
