"""Labels in a format: which of the texts that a user sets find room in a file of it, and what is said of the others?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.metadata.labels.write_labels import with_labels
from imgbatch.codecs.writing.encode import metadata_options

if TYPE_CHECKING:
    from imgbatch.codecs.base import Codec
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.metadata.labels.label_words import Labels

_BLOCKS = ("exif", "xmp", "iptc")


def set_labels(codec: Codec, metadata: Metadata, labels: Labels, changes: list[str]) -> Metadata:
    """`metadata` with the texts of `labels` in each block that the format has a place for.

    A block that would be too long for the format is left without these words, so that nothing else of it is lost.

    Parameters
    ----------
    codec : Codec
    metadata : Metadata
        Not changed.
    labels : Labels
    changes : list of str
        Gets what was set, and what has no place.
    """
    if not codec.label_places:
        changes += [f"{word} not written: {codec.name}" for word, text in labels if text]
        return metadata
    result = with_labels(metadata, labels, codec.label_places, changes)
    if losses := _missing(codec, result) - _missing(codec, metadata):
        bare = with_labels(metadata, tuple((word, "") for word, _ in labels), (), [])
        words = ", ".join(word for word, text in labels if text)
        for name in sorted(losses):
            setattr(result, name, getattr(bare, name))
            changes.append(f"{words} not written to {name}: no room in {codec.name}")
    return result


def _missing(codec: Codec, metadata: Metadata) -> set[str]:
    """The blocks that a format has no room for."""
    changes: list[str] = []
    metadata_options(codec, replace(metadata), changes)
    return {name for name in _BLOCKS if f"{name} not written: {codec.name}" in changes}
