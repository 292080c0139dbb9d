"""Companions of a source: what accompanies its picture in the file, and how is it said that it is not kept?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.containers import color_boxes
from imgbatch.codecs.containers.jpeg_companions import UNKNOWN, Companion
from imgbatch.codecs.metadata import announcements
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


def without_announcements(metadata: Metadata, image: SourceImage, changes: list[str]) -> Metadata:
    """`metadata` whose XMP announces nothing that accompanies the picture.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    image : SourceImage
        Whose it is: what the file has is named elsewhere.
    changes : list of str
        Gets what was announced and is none of them.
    """
    if metadata.xmp is None or not announcements.announces(metadata.xmp):
        return metadata
    packet, kinds = announcements.without_announcements(metadata.xmp)
    present = {companion.kind for companion in image.companions}
    for kind in kinds:
        if kind not in present and f"{kind} not kept" not in image.changes:
            absent = f"xmp announces no {kind} any more: the file has none"
            changes.append(f"{kind} not kept" if kind in _INSIDE else absent)
    if packet is None and not announcements.is_readable(metadata.xmp):
        changes.append("xmp: removed whole, since it cannot be read")
    return replace(metadata, xmp=packet)
