"""Companions of a source: what accompanies its picture in the file, and how is it said that it is not kept?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.containers import color_boxes
from imgbatch.codecs.containers.jpeg_companions import UNKNOWN, Companion
from imgbatch.codecs.metadata import announcements, exif_tags, xmp
from imgbatch.codecs.metadata.block import DEPTH, FILM, GAIN_MAP, PICTURE, PREVIEW, SOUND

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.reading.decode import SourceImage

#: What the items of an AVIF or HEIC say of themselves (ISO/IEC 23008-12; tmap: ISO 21496-1), in the box "meta".
_ITEMS = {
    GAIN_MAP: re.compile(rb"aux:hdrgainmap|infe.{8}(?:..)?tmap", re.DOTALL),
    DEPTH: re.compile(rb"hevc:2015:auxid:2|systems:auxiliary:depth"),
}
#: Outermost boxes that are companions: Google's film in a HEIC, the gain map of a JPEG XL.
_BOXES = {b"mpvd": FILM, b"jhgm": GAIN_MAP}
_APPLE, _HDR_TAGS = b"Apple iOS\0", (b"\0\x21", b"\0\x30")
#: What may stand in the XMP itself.
_INSIDE = (DEPTH, PICTURE, SOUND)


def losses_in_boxes(data: bytes) -> list[str]:
    """Sentences for what accompanies the picture in an AVIF, HEIC or JPEG XL, which no output keeps."""
    kinds: dict[str, None] = {}
    for name, start, end in color_boxes.outer_boxes(data):
        if name in _BOXES:
            kinds[_BOXES[name]] = None
        elif name == b"meta":
            kinds |= {kind: None for kind, words in _ITEMS.items() if words.search(data, start, end)}
    return [f"{kind} not kept" for kind in kinds]


def losses(companions: Sequence[Companion], image: SourceImage) -> list[str]:
    """Sentences for the changes of an output without `companions`."""
    counts = Counter(companion.kind for companion in companions)
    only_pictures = bool(counts) and counts.keys() <= {PICTURE, PREVIEW}
    if image.image.format == "MPO" and only_pictures and len(companions) == len(image.companions):
        return [f"first of {1 + len(companions)} pictures kept: mpo"]
    sentences = []
    for kind, count in counts.items():
        if kind == UNKNOWN:
            total = sum(companion.end - companion.start for companion in companions if companion.kind == kind)
            sentences.append(f"{total} bytes after the picture not kept")
        else:
            several = "more pictures" if kind == PICTURE else f"{kind}s"
            sentences.append(f"{kind} not kept" if count == 1 else f"{count} {several} not kept")
    return sentences


def without_announcements(
    metadata: Metadata, image: SourceImage, changes: list[str], keep_films: bool = False
) -> Metadata:
    """`metadata` whose XMP announces nothing that accompanies the picture.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    image : SourceImage
        Whose it is: what the file has is named elsewhere.
    changes : list of str
        Gets what was announced and is none of them.
    keep_films : bool
        Whether what is said of a film beside the container directory stays.
    """
    if metadata.xmp is None or not announcements.announces(metadata.xmp):
        return metadata
    packet, kinds = announcements.without_announcements(metadata.xmp, keep_films=keep_films)
    present = {companion.kind for companion in image.companions}
    for kind in kinds:
        if kind not in present and f"{kind} not kept" not in image.changes:
            absent = f"xmp announces no {kind} any more: the file has none"
            changes.append(f"{kind} not kept" if kind in _INSIDE else absent)
    if packet is None and not xmp.is_readable(metadata.xmp):
        changes.append("xmp: removed whole, since it cannot be read")
    return replace(metadata, xmp=packet)


def without_gain_of_apple(metadata: Metadata) -> Metadata:
    """`metadata` whose EXIF has no headroom and gain of Apple's: what an iPhone's gain map is to be multiplied by.

    They stand in its maker note, whose offsets count from its own start: the directory closes over the two entries, and
    nothing else moves.
    """
    exif = metadata.exif
    if exif is None or _APPLE not in exif:
        return metadata
    for entry in exif_tags.entries(exif):
        note = exif[entry.start : entry.start + entry.length]
        if entry.tag != exif_tags.MAKER_NOTE or not note.startswith(_APPLE) or note[12:14] != b"MM":
            continue
        start, count = 16, int.from_bytes(note[14:16], "big")
        end = start + 12 * count
        rows = [note[at : at + 12] for at in range(start, end, 12)]
        rest = [row for row in rows if row[:2] not in _HDR_TAGS]
        if end + 4 > len(note) or len(rest) == count:
            return metadata
        directory = len(rest).to_bytes(2, "big") + b"".join(rest) + note[end : end + 4]
        note = note[:14] + directory.ljust(end + 4 - 14, b"\0") + note[end + 4 :]
        return replace(metadata, exif=exif[: entry.start] + note + exif[entry.start + entry.length :])
    return metadata
