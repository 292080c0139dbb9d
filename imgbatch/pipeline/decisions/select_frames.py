"""Frame selection: how many frames of a picture does an output get, and can its format hold them?"""

from __future__ import annotations

from collections.abc import Sequence

from imgbatch import codecs
from imgbatch.codecs.metadata.block import AnimationTiming
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Target
from imgbatch.pixels.frames import SpooledFrames
from imgbatch.planning.recipe import Output

_SINGLE = frozenset(("first", "1"))


def frame_selection(outputs: Sequence[Output]) -> str:
    """How many frames are decoded for all outputs: ``all``, ``first`` or a number."""
    wishes = [output.frames for output in outputs]
    if _SINGLE.issuperset(wishes):
        return "first"
    if "all" in wishes:
        return "all"
    return str(max(int(wish) for wish in wishes if wish != "first"))


def count(picture: SourceImage, selection: str) -> int:
    """How many frames are decoded for a :func:`frame_selection`."""
    if selection == "first":
        return 1
    return picture.frame_count if selection == "all" else min(int(selection), picture.frame_count)


def select(frames: SpooledFrames, output: Output) -> SpooledFrames:
    """Those of the decoded frames that an output gets."""
    if output.frames == "all":
        return frames
    return frames[:1] if output.frames == "first" else frames[: int(output.frames)]


def timing_of_first(timing: AnimationTiming, count: int) -> AnimationTiming:
    """The timing of the first `count` frames."""
    return AnimationTiming(timing.durations[:count], timing.loop)


def refuse_several(picture: SourceImage, targets: Sequence[Target], outputs: Sequence[Output]) -> None:
    """Refuse several frames for a format that holds one, before anything is decoded.

    Parameters
    ----------
    picture : SourceImage
    targets, outputs
        As many of each, in the recipe's order.

    Raises
    ------
    ImageError
        Kind ``frames``: a source of several frames, of which the output takes no single one.
    """
    for target, output in zip(targets, outputs, strict=True):
        if output.frames not in _SINGLE and not codecs.codec(target.format).multiframe and picture.frame_count > 1:
            raise ImageError(
                "frames",
                f"{picture.frame_count} frames, but {target.format} holds one; use --frames first, or -f webp",
            )
