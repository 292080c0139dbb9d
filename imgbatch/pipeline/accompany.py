"""Accompanied output: what becomes of the pictures, films and depth that accompany a picture in its file?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.codecs.reading import companions

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
    from imgbatch.codecs.writing.encode import EncodedFile
    from imgbatch.pipeline.steps import ImageContext, OutputContext
    from imgbatch.pixels.frames import SpooledFrames


def encode(
    image: ImageContext,
    one: OutputContext,
    frames: SpooledFrames,
    format: str,
    metadata: Metadata,
    timing: AnimationTiming,
) -> EncodedFile:
    """An output's file, in memory, whose changes say what accompanied the source's picture and is not in it.

    Parameters
    ----------
    image : ImageContext
        The source.
    one : OutputContext
        The output.
    frames, format, metadata, timing
        As of :func:`codecs.encode`.
    """
    all_companions = image.picture.companions
    changes = companions.losses(all_companions, image.picture)
    metadata = companions.without_announcements(metadata, all_companions, changes)
    file = codecs.encode(frames, format, one.output, metadata, timing)
    file.changes += changes
    return file
