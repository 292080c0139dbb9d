"""Relabeled file: how does a file that is no JPEG get the texts that a user sets, its picture's bytes as they are?

Its container is written again around them; None where that is not as it should be, and the picture has to be encoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.codecs import registry
from imgbatch.codecs.formats.rewrites import (
    gif_packet,
    item_boxes,
    jxl_metadata,
    png_texts,
    tiff_entries,
    webp_metadata,
)
from imgbatch.codecs.metadata.labels.write_labels import set_sentences, with_labels
from imgbatch.codecs.writing.encode import EncodedFile
from imgbatch.codecs.writing.labels_in_format import set_labels

if TYPE_CHECKING:
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.metadata.labels.label_words import Labels
    from imgbatch.codecs.reading.decode import SourceImage

#: What goes: blocks beside the one that counts, which would go on saying what was there, and in a JPEG XL what cannot
#: be read here, or holds for the metadata of before only.
_LOSSES = ("second exif", "second xmp", "second iptc", "JPEG reconstruction", "compressed Exif", "compressed xml")


def relabel(data: bytes, encoding: Encoding, image: SourceImage) -> EncodedFile | None:
    """A file with other texts around the same picture; None where it has to be decoded.

    Parameters
    ----------
    data : bytes
        The file.
    encoding : Encoding
        What is set.
    image : SourceImage
        The same file, opened.
    """
    codec, before = registry.load(image.format), image.metadata
    changes: list[str] = ["picture copied: only metadata are changed"]
    final = set_labels(codec, before, encoding.set, changes)
    if before.xmp and not codec.label_places:  # a GIF holds a packet that nobody makes
        final, changes[1:] = with_labels(before, encoding.set, (), []), []
    raw = _with_metadata(data, encoding.set, image, final)
    if raw is None:
        return None
    changes = [change for change in changes if not change.startswith("metadata ")]
    if raw != data:
        changes += set_sentences(encoding.set)
        changes += [f"{name} not kept" for name, _ in before.others if name.startswith(_LOSSES)]
    return EncodedFile(raw, image.format, *image.size, changes=changes, has_position=final.has_position)


def _with_metadata(data: bytes, labels: Labels, image: SourceImage, final: Metadata) -> bytes | None:
    format = image.format
    if format == "tiff":
        return tiff_entries.with_labels(data, labels)
    if format == "jxl":
        return jxl_metadata.with_labels(data, labels)
    if format == "png":
        return png_texts.with_metadata(data, image.metadata, final, labels)
    if format == "webp":
        return webp_metadata.with_labels(data, image.size, labels)
    if format in ("avif", "heif"):
        return item_boxes.with_labels(data, labels)
    if format == "gif" and final.xmp != image.metadata.xmp:
        return gif_packet.with_packet(data, final.xmp)
    return data
