"""Companions of a source: what accompanies its picture in the file, and how is it said that it is not kept?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.containers.jpeg_companions import UNKNOWN, Companion
from imgbatch.codecs.metadata import announcements
from imgbatch.codecs.metadata.block import DEPTH, PICTURE, SOUND

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.reading.decode import SourceImage

#: What may stand in the XMP itself.
_INSIDE = (DEPTH, PICTURE, SOUND)


def losses(companions: Sequence[Companion], image: SourceImage) -> list[str]:
    """Sentences for the changes of an output without `companions`."""
    counts = Counter(companion.kind for companion in companions)
    if image.image.format == "MPO" and set(counts) == {PICTURE}:
        return [f"first of {1 + counts[PICTURE]} pictures kept: mpo"]
    sentences = []
    for kind, count in counts.items():
        if kind == UNKNOWN:
            total = sum(companion.end - companion.start for companion in companions if companion.kind == kind)
            sentences.append(f"{total} bytes after the picture not kept")
        else:
            several = "more pictures" if kind == PICTURE else f"{kind}s"
            sentences.append(f"{kind} not kept" if count == 1 else f"{count} {several} not kept")
    return sentences


def without_announcements(metadata: Metadata, companions: Sequence[Companion], changes: list[str]) -> Metadata:
    """`metadata` whose XMP announces nothing that accompanies the picture.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    companions : sequence of Companion
        What the file has.
    changes : list of str
        Gets what was announced and is none of them.
    """
    if metadata.xmp is None or not announcements.announces(metadata.xmp):
        return metadata
    packet, kinds = announcements.without_announcements(metadata.xmp)
    present = {companion.kind for companion in companions}
    for kind in kinds:
        if kind not in present:
            absent = f"xmp announces no {kind} any more: the file has none"
            changes.append(f"{kind} not kept" if kind in _INSIDE else absent)
    if packet is None and not announcements.is_readable(metadata.xmp):
        changes.append("xmp: removed whole, since it cannot be read")
    return replace(metadata, xmp=packet)
