"""GIF: how is it written? 256 colors, one of them transparent, animation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.pixels.frames import SpooledFrames

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.errors import Finding

_LONGEST_MS = 655350


class Gif(Codec):
    """GIF: colors are chosen for all frames together, and only where they are too many (palette.py)."""

    name = "gif"
    modes = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
    longest = 65535
    plays = True
    icc = False
    exif = False
    label_places = ()
    color_key = True

    def findings(self, data: bytes) -> Iterator[Finding]:
        from imgbatch.codecs.containers import integrity

        return integrity.gif(data)

    def finish(self, frames: Sequence[Image], encoding: Encoding, changes: list[str]) -> Sequence[Image]:
        from imgbatch.codecs.writing import palette

        if encoding.colors is None and all(palette.is_indexed(frame) for frame in frames):
            return SpooledFrames(map(_with_rgb_palette, frames)) if any(map(_has_wide_palette, frames)) else frames
        return palette.reduce_colors(frames, encoding.colors or 256, changes, color_key=True)

    def options(self, encoding: Encoding, frames: Sequence[Image]) -> dict[str, Any]:
        if len(frames) > 1 and any("transparency" in frame.info for frame in frames):
            return {"disposal": 2}  # what was drawn must go where the next frame is transparent
        return {}

    def metadata_options(self, metadata: Metadata, missing: list[str]) -> dict[str, Any]:
        super().metadata_options(replace(metadata, comment=None), missing)
        return {"comment": metadata.comment} if metadata.comment else {}

    def animation_options(self, timing: AnimationTiming, count: int, changes: list[str]) -> dict[str, Any]:
        options = super().animation_options(timing, count, changes)
        exact = options["duration"]
        durations = _round_durations(exact)
        if durations != exact:
            changes.append("durations: rounded to 10 ms")
        options["duration"] = durations
        plays = options.pop("loop")
        if plays != 1:  # the extension counts repeats after the first time, 0 is for ever; without it, once
            options["loop"] = min(plays - 1, 65535) if plays else 0
        return options


def _has_wide_palette(frame: Image) -> bool:
    """Whether the colors of a palette frame have four bytes each.

    Pillow's ``convert`` of a frame with a transparent color leaves them so in the frame itself, and its writer takes
    them for a longer palette: a broken file. Any output before this one may have converted the frame.
    """
    return frame.mode == "P" and frame.getpalette(None) != frame.getpalette("RGB")


def _with_rgb_palette(frame: Image) -> Image:
    if not _has_wide_palette(frame):
        return frame
    result = frame.copy()
    result.putpalette(frame.getpalette("RGB") or [])
    return result


def _round_durations(exact: list[int]) -> list[int]:
    """Durations in steps of 10 ms, so that each frame ends when it should: what one loses, a later one gets."""
    durations, end, so_far = [], 0, 0
    for duration in exact:
        end += duration
        step = (end - so_far + 5) // 10 * 10
        durations.append(min(max(10, step), _LONGEST_MS) if duration else 0)
        so_far += durations[-1]
    return durations
