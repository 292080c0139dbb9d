"""Quality search: which quality gives the wanted size or likeness?

It is found in few encodes of frames that were decoded and brought into their modes once.
``max_bytes``: the highest quality, up to the one that was asked for, whose file fits. Where the logarithm of the size
goes about straight with the quality, two encodes tell where the third must be. ``min_ssim``: the lowest quality
that is alike enough. ``then_shrink``: where the lowest quality does not fit, a smaller picture at that quality. All
together at most :data:`MOST` encodes; out of reach is a failure of kind ``target``, never a file that breaks the wish.
"""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.writing.encode import Encoded, prepare
from imgbatch.core.errors import ImageError
from imgbatch.pixels import alpha, color
from imgbatch.pixels.frames import map_frames
from imgbatch.pixels.ssim import ssim

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 7  # encodes
LOWEST = 20  # the quality that a search goes down to, where min_quality does not say
_FULL = 0.93  # of max_bytes: near enough not to go on
_AIM = 0.97  # of max_bytes: where the guess is set, so that it rather fits
_SLOPE = 0.03  # of the logarithm of the size over quality, on photographs, until two encodes tell


def encode(
    codec: Codec, frames: Sequence[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> Encoded:
    """`frames` as a file that keeps to ``max_bytes`` and ``min_ssim``; its `changes` say what was chosen.

    Parameters
    ----------
    codec, frames, encoding, metadata, timing
        As of :func:`writing.encode.encode`; each frame is encoded several times.

    Raises
    ------
    ImageError
        Kind ``target`` where that cannot be reached.
    """
    return _Search(codec, frames, encoding, metadata, timing).result()


class _Search:
    """One search: what was tried, and how often."""

    def __init__(
        self, codec: Codec, frames: Sequence[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
    ) -> None:
        self._codec, self._frames, self._metadata, self._timing = codec, frames, metadata, timing
        self._wish = encoding
        self._input = prepare(codec, frames, encoding, metadata, timing)
        self._count = 0

    def result(self) -> Encoded:
        """The file at the quality that was found, with a change where it is not the one asked for.

        Raises ImageError of kind ``target`` where no quality keeps to the limits.
        """
        asked = self._codec.quality(self._wish)
        if asked is None:
            made = self._check(self._try(None))
        elif self._wish.max_bytes is not None:
            made = self._check(self._search_size(asked))
        else:
            made = self._search_likeness(asked)
        if made.quality != asked:
            made.changes.append(f"quality: {made.quality} instead of {asked}, to keep to {self._reasons()}")
        return made

    def _lowest(self, highest: int) -> int:
        low = LOWEST if self._wish.min_quality is None else self._wish.min_quality
        return min(low, highest)

    def _try(self, quality: int | None) -> Encoded:
        self._count += 1
        wish = self._wish if quality is None else dataclasses.replace(self._wish, quality=quality)
        return self._input.encode(wish)

    @property
    def _left(self) -> int:
        return MOST - self._count

    # -- max_bytes -----------------------------------------------------------------------------------------------------

    def _search_size(self, highest: int) -> Encoded:
        """The file of the highest quality that fits, or the smallest that was made."""
        low, high = self._lowest(highest), highest
        made = self._try(high)
        best = None
        known = [(high, len(made.data))]
        while not self._fits(made) or made.quality != highest:
            if self._fits(made):
                best, low = made, (made.quality or 0) + 1
                if len(made.data) >= _FULL * (self._wish.max_bytes or 0):
                    break
            else:
                high = min(high, made.quality or 0)
            spare = 3 if self._wish.then_shrink and best is None else 0
            if low >= high or self._left <= spare:
                break
            quality = low if best is None and self._left == spare + 1 else self._guess(known, low, high - 1)
            made = self._try(quality)
            known.append((quality, len(made.data)))
        return best or made

    def _guess(self, known: list[tuple[int, int]], low: int, high: int) -> int:
        """The quality whose file should just fit, by the two sizes that are nearest to the wanted one."""
        target = math.log(max(1.0, _AIM * (self._wish.max_bytes or 1)))
        near = sorted(known, key=lambda one: abs(math.log(one[1]) - target))
        quality, size = near[0]
        slope = _SLOPE
        if len(near) > 1 and near[1][1] != size and near[1][0] != quality:
            slope = max(0.002, (math.log(near[1][1]) - math.log(size)) / (near[1][0] - quality))
        return min(max(math.floor(quality + (target - math.log(size)) / slope), low), high)

    def _fits(self, made: Encoded) -> bool:
        return self._wish.max_bytes is None or len(made.data) <= self._wish.max_bytes

    def _check(self, made: Encoded) -> Encoded:
        """`made` where it keeps to the wish, else a smaller picture where that is allowed."""
        full = self._frames[0].size
        scale = 1.0
        while not self._fits(made) and self._wish.then_shrink and self._left:
            scale *= min(0.95, math.sqrt((self._wish.max_bytes or 0) / len(made.data)) * _AIM)
            self._shrink(scale)
            quality = None if made.quality is None else self._lowest(made.quality)
            made = self._try(quality)
        if not self._fits(made):
            raise ImageError("target", self._too_large(made))
        if self._wish.min_ssim is not None:
            self._require(made)
        if (made.width, made.height) != full:
            before = f"{full[0]}x{full[1]}"
            made.changes.append(f"size: {made.width}x{made.height} instead of {before}, to keep to {self._reasons()}")
        return made

    def _shrink(self, scale: float) -> None:
        from PIL.Image import Resampling

        def shrunk(frame: Image) -> Image:
            size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
            return alpha.to_straight_alpha(frame).resize(size, Resampling.LANCZOS)

        smaller = map_frames(self._frames, shrunk)
        self._input = prepare(self._codec, smaller, self._wish, self._metadata, self._timing)

    def _too_large(self, made: Encoded) -> str:
        at = f" at quality {made.quality}" if made.quality is not None else ""
        said = f"{len(made.data)} bytes{at}, more than --max-bytes {self._wish.max_bytes}"
        if self._wish.then_shrink:
            return f"{said}, even at {made.width}x{made.height} px"
        lower = " or a lower --min-quality" if made.quality is not None else " or another --format"
        return f"{said}; allow a smaller picture (--then-shrink){lower}"

    # -- min_ssim ------------------------------------------------------------------------------------------------------

    def _search_likeness(self, asked: int) -> Encoded:
        """The file of the lowest quality that is alike enough."""
        high = 100 if self._wish.quality is None else asked
        low = self._lowest(high)
        made = self._try(asked)
        if not self._enough(made) and asked < high:
            low, made = asked + 1, self._try(high)
        self._require(made)
        best, high = made, made.quality or high
        while low < high and self._left:
            made = self._try((low + high) // 2)
            if self._enough(made):
                best, high = made, made.quality or 0
            else:
                low = (made.quality or 0) + 1
        return best

    def _enough(self, made: Encoded) -> bool:
        return self._wish.min_ssim is None or self._likeness(made) >= self._wish.min_ssim

    def _require(self, made: Encoded) -> None:
        likeness = self._likeness(made)
        if self._wish.min_ssim is not None and likeness < self._wish.min_ssim:
            at = f" at quality {made.quality}" if made.quality is not None else ""
            within = f" within --max-bytes {self._wish.max_bytes}" if self._wish.max_bytes is not None else ""
            raise ImageError("target", f"SSIM {likeness:.4f}{at}{within}, less than --min-ssim {self._wish.min_ssim:g}")

    def _likeness(self, made: Encoded) -> float:
        """The lowest SSIM of a frame to what was encoded; 0 where frames are missing."""
        import numpy
        from PIL import Image as Images

        pictures = self._input.frames
        with Images.open(io.BytesIO(made.data), formats=[self._codec.pillow]) as image:
            if made.frames != len(pictures):
                pictures = pictures[:1]  # equal neighbors were joined
            found = 1.0
            for place, picture in enumerate(pictures):
                if place:
                    image.seek(place)
                found = min(found, ssim(numpy.asarray(_gray(picture)), numpy.asarray(_gray(image))))
        return found

    def _reasons(self) -> str:
        size = [] if self._wish.max_bytes is None else [f"max-bytes {self._wish.max_bytes}"]
        return " and ".join([*size, *([] if self._wish.min_ssim is None else [f"min-ssim {self._wish.min_ssim:g}"])])


def _gray(image: Image) -> Image:
    """What the eye compares: luma, transparency on mid-gray."""
    whole = alpha.flatten(image, (128, 128, 128))
    return (color.to_eight_bits(whole) if whole.mode in color.DEEP else whole).convert("L")
