"""Placeholder: what does a file say of itself before it is loaded? Its thumbhash and its dominant color.

Of a file's bytes only, as a browser shows them: upright and in sRGB. So an output gets the same one whether it was made
now, copied, or made by an earlier run, whatever resized it.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.job import Outcome, Written
from imgbatch.pixels import profile_conversion
from imgbatch.pixels.placeholders.dominant_color import dominant_color
from imgbatch.pixels.placeholders.thumbhash import SIDE, thumbhash
from imgbatch.reporters.files.srcset import pictures
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from PIL.Image import Image

_DIRECT = ("L", "LA", "RGB", "RGBA", "CMYK")  # modes that are made small first, and converted then


def with_placeholders(
    files: Sequence[Written], content_of: Callable[[str], bytes], max_pixels: int
) -> list[Written]:
    """The files of an image, one of each picture that they show with its placeholder: the narrowest, soonest decoded.

    Parameters
    ----------
    files : sequence of Written
    content_of : callable
        The bytes of a file by its path.
    max_pixels : int
        As of :func:`placeholder_of`.
    """
    result = list(files)
    for group in pictures(files):
        if not any(one.placeholder for one in group):
            narrowest = min(group, key=lambda one: (one.width, one.output))
            with contextlib.suppress(Exception):  # of a file that cannot be read nothing is told
                text = placeholder_of(content_of(narrowest.path), max_pixels)
                result[result.index(narrowest)] = replace(narrowest, placeholder=text)
    return result


def complete(outcome: Outcome, max_pixels: int) -> Outcome:
    """An outcome whose outputs have their placeholders, also where these were made by a run that had no use for them.

    Called in the process that has the run: files are read where they lie.
    """

    def content_of(path: str) -> bytes:
        return storage_of(path).read(path)

    with limits.pixel_limit(max_pixels):
        files = with_placeholders(outcome.outputs, content_of, max_pixels)
    return replace(outcome, outputs=tuple(files))


def placeholder_of(data: bytes, max_pixels: int) -> str:
    """What :class:`Written` has for a file of these bytes; "" where it shows nothing, or cannot be read.

    limits.pixel_limit (or limits.warning_recorder) must be active.

    Parameters
    ----------
    data : bytes
        Of a format that is recognized by its content.
    max_pixels : int
        As :func:`open_image` has it.
    """
    import numpy

    with open_image(data, "", max_pixels) as picture:
        width, height = picture.upright_size
        scale = min(1.0, SIDE / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        frames, _ = picture.decode("first", size)
        pixels = numpy.asarray(_small(next(iter(frames)), size, picture.metadata.icc))
    main_color = dominant_color(pixels)
    return f"{base64.b64encode(thumbhash(pixels)).decode()} {main_color}" if main_color else ""


def _small(frame: Image, size: tuple[int, int], icc: bytes | None) -> Image:
    """A frame as RGBA of `size`, in sRGB."""
    from PIL.Image import Resampling

    if frame.mode not in _DIRECT or "transparency" in frame.info:
        frame = profile_conversion.to_rgb(profile_conversion.to_srgb(frame, icc) or frame if icc else frame)
        icc = None
    if frame.size != size:
        frame = frame.resize(size, Resampling.LANCZOS, reducing_gap=2.0)
    if icc is not None:
        frame = profile_conversion.to_srgb(frame, icc) or frame
    return profile_conversion.to_rgb(frame).convert("RGBA")
