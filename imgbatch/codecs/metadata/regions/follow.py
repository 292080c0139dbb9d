"""Following: how do the places that metadata name follow the picture to an output? They are made true, or they go."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.regions.base import SUBJECT_CHANGE, base_of, subject
from imgbatch.core.places import STILL, Journey

_SUBJECT_AREA, _SUBJECT_LOCATION = 0x9214, 0xA214
#: The numbers of these tags, as either order of bytes has them.
_MARKS = tuple(tag.to_bytes(2, order) for tag in (_SUBJECT_AREA, _SUBJECT_LOCATION) for order in ("little", "big"))
_LOOK = re.compile(
    rb"schemas/regions/|photo/1\.2/|panorama/|spherical/|ImageRegion|Subject(?:Area|Location)|camera-raw-settings"
    rb"|acdsee\.com/regions|drone-dji/|photos/1\.0/focus/|pix4d\.com/camera"
)


def names_places(metadata: Metadata) -> bool:
    """Whether there may be something that follows the picture: a quick look."""
    exif, packet = metadata.exif, metadata.xmp
    return bool(exif and any(mark in exif for mark in _MARKS)) or bool(packet and _LOOK.search(packet))


def follow(metadata: Metadata, journey: Journey, changes: list[str]) -> Metadata:
    """`metadata` of a file, true of an output in what they say of places.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    journey : Journey
    changes : list of str
        Gets what goes.
    """
    if journey.place_map == STILL and journey.orientation == 1 and journey.start == journey.end:
        return metadata
    result = replace(metadata)
    if metadata.exif:
        result.exif = _exif(metadata.exif, journey, changes)
    if metadata.xmp and _LOOK.search(metadata.xmp):
        result.xmp = _xmp(metadata.xmp, journey, changes)
    return result


def _exif(exif: bytes, journey: Journey, changes: list[str]) -> bytes | None:
    """The block with its subject where it is in the output, or without."""
    subjects = [entry for entry in exif_tags.entries(exif) if entry.tag in (_SUBJECT_AREA, _SUBJECT_LOCATION)]
    if not subjects:
        return exif
    block, losses = bytearray(exif), set()
    base = base_of(journey, None, at_start=True)
    for entry in subjects:
        word = {exif_tags.SHORT: "H", exif_tags.LONG: "I"}.get(entry.kind)
        numbers = None
        if word is not None and base is not None and entry.is_measured and 2 <= entry.number <= 4:
            form = f"{exif_tags.order_of(exif)}{entry.number}{word}"
            numbers = subject(base, [float(number) for number in struct.unpack_from(form, exif, entry.start)])
            if numbers is not None:
                struct.pack_into(form, block, entry.start, *numbers)
        if numbers is None:
            losses.add(entry.at)
    if not losses:
        return bytes(block)
    changes.append(SUBJECT_CHANGE)
    return exif_tags.without(bytes(block), lambda tags: [tag for tag in tags if tag.at in losses])


def _xmp(packet: bytes, journey: Journey, changes: list[str]) -> bytes | None:
    from imgbatch.codecs.metadata.regions.areas import follow_regions
    from imgbatch.codecs.metadata.regions.panorama import follow_panorama
    from imgbatch.codecs.metadata.regions.rdf import Packet
    from imgbatch.codecs.metadata.regions.settings import follow_settings

    tree = Packet(packet)
    if tree.root is None:
        changes.append("xmp removed: it names places in the picture, and cannot be read")
        return None
    follow_regions(tree, journey, changes)
    follow_panorama(tree, journey, changes)
    follow_settings(tree, journey, changes)
    return tree.data
