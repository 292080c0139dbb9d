"""JPEG headers: what do they say that Pillow does not, or says in its own way?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.metadata.block import JpegTables
from imgbatch.core.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

#: Markers of segments (T.81, table B.1): of applications, comments, the frame by each of its processes, a scan.
APP0, APP1, APP2, APP13, APP14, COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
APPLICATIONS = range(APP0, 0xF0)
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SOS = 0xDA
#: Frames of processes that libjpeg lacks (T.81, B.1.1.3), the head of a hierarchy of frames, and JPEG-LS (T.87, T.870).
_UNUSUAL = {
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE), "a hierarchical JPEG"),
    0xCB: "a lossless JPEG coded arithmetically", 0xF7: "a JPEG-LS", 0xF9: "a JPEG-LS",
}  # fmt: skip
#: Those that can be written, and others, by how many pixels share a sample of color, across and down.
_SAMPLINGS: dict[tuple[float, float], str] = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
_OTHER_SAMPLINGS: dict[tuple[float, float], str] = {(1, 2): "4:4:0", (4, 1): "4:1:1", (4, 2): "4:1:0"}
_RGB = tuple(b"RGB")
#: Scans of a JPEG that are decoded; cameras and programs write up to 12. Each costs as much as the whole picture.
MOST_SCANS = 100
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd8])")  # fill bytes before it are skipped (T.81, B.1.1.2)
_EOI = re.compile(rb"\xff\xd9")
#: A reader takes blocks of 64 KiB, and may hold back a part of one.
_WINDOW = 4 << 16


def segments(data: bytes, begin: int = 0) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of the segments of the JPEG from `begin`, up to the header of its first scan."""
    at = begin + 2
    while (match := _MARKER.search(data, at)) is not None:
        start, marker = match.start(), match[1][0]
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if at > len(data) or at < start + 4:
            return
        yield marker, start, at
        if marker == SOS:
            return


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def process_of(data: bytes) -> tuple[int | None, bool]:
    """How a JPEG was coded: the number of its SOF marker (3: lossless), and whether it comes in several scans."""
    process, parts = None, 0
    for marker, start, end in segments(data):
        if marker in FRAMES:
            process, parts = marker - 0xC0, data[start + 9] if end > start + 9 else 0
        elif marker == SOS:
            return process, process in (2, 6, 10, 14) or data[start + 4] < parts
    return process, False


def unusual_process(data: bytes) -> str | None:
    """How a JPEG is coded, in words, where it is a way that libjpeg lacks; else None."""
    marker = next((marker for marker, _, _ in segments(data) if marker in FRAMES or marker in _UNUSUAL), None)
    return None if marker is None else _UNUSUAL.get(marker)


def has_late_height(data: bytes) -> bool:
    """Whether a JPEG leaves its height to a DNL segment behind its first scan (T.81, B.2.5)."""
    frames = (start for marker, start, end in segments(data) if marker in FRAMES and end > start + 9)
    start = next(frames, None)
    return start is not None and data[start + 5 : start + 7] == b"\0\0" and b"\xff\xdc\0\4" in data


def scan_end(data: bytes, position: int) -> int | None:
    """Where the picture of one scan ends, whose decoder has read the file up to `position`; None: there is no end mark.

    Only the last blocks that the decoder was given are looked at: the data of a scan hold no end mark.
    """
    start = max(2, position - _WINDOW)
    if start < _WINDOW:  # a small picture in the header ends, too
        start = max(start, next((begin for marker, begin, _ in segments(data) if marker == SOS), 2))
    match = _EOI.search(data, start)
    return None if match is None else match.end()


def end_of_scans(data: bytes) -> int | None:
    """Where a JPEG of several scans ends (None: it has no end mark).

    Raises
    ------
    ImageError
        Kind ``too_large`` for more scans than `MOST_SCANS`: a small one may take hours.
    """
    scans, end = jpeg_scans(data)
    count = len(scans)
    if count > MOST_SCANS:
        many = f"the JPEG has {count} scans, at most {MOST_SCANS} are read"
        raise ImageError("too_large", f"{many}, since each costs the time of a picture; save it again with fewer")
    return end


def late_profile(image: Image) -> bytes | None:
    """The ICC profile of a JPEG that has it behind the head of its picture, where Pillow collects its pieces only."""
    pieces = sorted(piece for piece in getattr(image, "icclist", ()) if len(piece) > 14)
    whole = len(pieces) and all(piece[12:14] == bytes((at, len(pieces))) for at, piece in enumerate(pieces, 1))
    return b"".join(piece[14:] for piece in pieces) if whole else None


def is_ycbcr(image: ImageFile) -> bool:
    """Whether a JPEG holds brightness and two colors, which the decoder can leave as they are.

    libjpeg takes three components for red, green and blue where they are named so, or where Adobe's marker says so.
    """
    names = tuple(layer[0] for layer in getattr(image, "layer", ()))
    return image.mode == "RGB" and len(names) == 3 and names != _RGB and image.info.get("adobe_transform") != 0


def refuse_ycbcr(image: ImageFile) -> None:
    """ImageError where JFIF or Adobe's marker declares a lossless JPEG YCbCr: for these nothing else counts."""
    if is_ycbcr(image) and ("jfif" in image.info or image.info.get("adobe_transform") == 1):
        raise ImageError(
            "unsupported",
            "no reader here for a lossless JPEG of brightness and two colors (YCbCr); save it as PNG or TIFF first",
        )


def decoder_bytes(image: ImageFile, name: str, several: bool) -> int:
    """How many bytes a decoder holds besides pixels; 0 for all but JPEG and JPEG 2000.

    Parameters
    ----------
    image : ImageFile
        Opened, not decoded: its size in px and its components count.
    name : str
        Our name of its format.
    several : bool
        Whether a JPEG is in several scans: libjpeg holds two bytes for each sample, however small it is decoded.
        OpenJPEG always holds four.
    """
    if name == "jpeg2000":
        return 4 * len(image.getbands()) * image.width * image.height
    layers: Sequence[tuple[int, int, int, int]] = getattr(image, "layer", ())  # number, across, down, table
    if not several or not layers:
        return 0
    finest = max(layer[1] for layer in layers) * max(layer[2] for layer in layers)
    return 2 * image.width * image.height * sum(layer[1] * layer[2] for layer in layers) // finest


def tables(image: ImageFile) -> JpegTables | None:
    """A JPEG's quantization tables and chroma sampling; None where it has no tables that can be written again."""
    raw = getattr(image, "quantization", None)
    if not raw or any(len(table) != 64 or min(table) < 1 or max(table) > 255 for table in raw.values()):
        return None
    numbers = {number: list(raw[key]) for number, key in enumerate(sorted(raw))}
    return JpegTables(numbers, *_sampling(image)) if image.mode == "RGB" else JpegTables(numbers, None)


def _sampling(image: ImageFile) -> tuple[str, str]:
    """The chroma sampling to write in its place, and where that is another one, how the JPEG's own is called."""
    layers: Any = getattr(image, "layer", ())
    wide, high = (max((layer[axis] for layer in layers), default=1) for axis in (1, 2))
    steps: set[tuple[float, float]] = {
        (wide / layer[1], high / layer[2]) for layer in layers[1:] if layer[1] and layer[2]
    }
    step = steps.pop() if len(steps) == 1 and tuple(layers[0][1:3]) == (wide, high) else (0, 0)
    if step in _SAMPLINGS:
        return _SAMPLINGS[step], ""
    return "4:4:4", _OTHER_SAMPLINGS.get(step, ", ".join(f"{layer[1]}x{layer[2]}" for layer in layers))
