"""Extended XMP: what of a packet stands in other segments, and does it stay where only metadata change?

A packet that is too long for one segment (depth maps and pictures in Base64) goes on in others, which say whose they
are by the MD5 of the whole and where each part lies in it (Adobe XMP Specification, part 3).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from imgbatch.codecs.containers.jpeg_headers import APP1, segments
from imgbatch.codecs.metadata import announcements, strip
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.header_blocks import XMP_EXTENSION

if TYPE_CHECKING:
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.reading.decode import SourceImage

_HEAD = len(XMP_EXTENSION) + 32 + 8  # of a segment's content: its name, the MD5, the length of all, its own place
#: What is said where it is not kept.
LOSS = "extended xmp not kept"


class Extension(NamedTuple):
    """The extension of a packet: its name (an MD5 in hexadecimal), its content, its segments as they are."""

    name: bytes
    content: bytes
    segments: bytes


def extension_of(data: bytes) -> Extension | None:
    """The extension in a JPEG; None where it has none, or none that is whole."""
    parts = []
    pieces = []
    for marker, start, end in segments(data):
        content = data[start + 4 : end]
        if marker == APP1 and content.startswith(XMP_EXTENSION) and len(content) > _HEAD:
            place = int.from_bytes(content[_HEAD - 4 : _HEAD], "big")
            parts.append((content[len(XMP_EXTENSION) : _HEAD - 8], place, content[_HEAD:]))
            pieces.append(data[start:end])
    if not parts or len({name for name, _, _ in parts}) > 1:
        return None
    whole = b"".join(content for _, _, content in sorted(parts, key=lambda part: part[1]))
    name = parts[0][0]
    if hashlib.md5(whole, usedforsecurity=False).hexdigest().encode() != name.lower():
        return None
    return Extension(name, whole, b"".join(pieces))


def keep_extension(image: SourceImage, data: bytes, encoding: Encoding, final: Metadata, changes: list[str]) -> bytes:
    """The segments of a JPEG's extended XMP that stay around the same picture, all or none.

    Parameters
    ----------
    image : SourceImage
    data : bytes
        Its file.
    encoding : Encoding
        Which metadata go: where some of the extension would, it goes whole.
    final : Metadata
        What is written; its XMP says that there is an extension, or does not announce any more what was in it.
    changes : list of str
        Gets that it is not kept.
    """
    if LOSS not in image.changes:
        return b""
    extension = extension_of(data)
    if extension is not None and final.xmp:
        before = Metadata(xmp=extension.content)
        same = strip.strip_metadata(before, encoding.strip, encoding.keep, []).xmp == extension.content
        if same and not _says_other(extension.content, encoding):
            final.xmp = announcements.with_extension(final.xmp, extension.name)
            return extension.segments
    changes += losses(image)
    if final.xmp:
        final.xmp = announcements.without_announcements(final.xmp, announcements.IN_EXTENSIONS)[0]
    return b""


def _says_other(packet: bytes, encoding: Encoding) -> bool:
    """Whether a packet has texts that are set, which would stay as they were."""
    if not encoding.set:
        return False
    from imgbatch.codecs.metadata.labels.xmp_labels import without_labels

    return without_labels(packet, encoding.set) != packet


def losses(image: SourceImage) -> list[str]:
    """Sentences for the changes of a file without the extension, where the source has one."""
    if LOSS not in image.changes:
        return []
    kinds = announcements.without_announcements(image.metadata.xmp or b"", announcements.IN_EXTENSIONS)[1]
    return [LOSS, *(f"{kind} not kept" for kind in kinds)]
