"""Quality search: which quality gives the wanted size or likeness?

It is found in few encodes of frames that were decoded and brought into their modes once.
``max_bytes``: the highest quality, up to the one that was asked for, whose file fits. The logarithm of the size is
nearly linear in the quality, so two encodes tell where the third must be. ``min_ssim``: the lowest quality
that is alike enough. ``then_shrink``: where the lowest quality does not fit, a smaller picture at that quality. All
together at most :data:`MOST` encodes; out of reach is a failure of kind ``target``, never a file that misses its limit.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.codecs.base import Codec
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.metadata.block import AnimationTiming, Metadata
from imgbatch.codecs.writing.encode import EncodedFile, prepare
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
_LIGHT = 4  # metadata of less than 1/4 of max_bytes are not spoken of
_SLOPE = 0.03  # of the logarithm of the size over quality, on photographs, until two encodes tell


def encode(
    codec: Codec, frames: Sequence[Image], encoding: Encoding, metadata: Metadata, timing: AnimationTiming
) -> EncodedFile:
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
        self._encoding = encoding
        self._input = prepare(codec, frames, encoding, metadata, timing)
        self._wish = self._input.encoding
        self._count = 0
        # Measured only where it matters: two encodes of one pixel.
        heavy = sum(self._input.blocks.values()) > (encoding.max_bytes or math.inf) / _LIGHT
        self._overhead = self._input.overhead(self._wish) if heavy else 0

    def result(self) -> EncodedFile:
        """The file at the quality that was found, with a change where it is not the one asked for.

        Raises ImageError of kind ``target`` where no quality keeps to the limits.
        """
        if self._overhead and self._overhead >= (self._wish.max_bytes or math.inf):
            raise ImageError("target", self._heavy_metadata())
        requested_quality = self._codec.quality(self._wish)
        if requested_quality is None:
            file = self._check(self._try(None))
        elif self._wish.max_bytes is not None:
            file = self._check(self._search_size(requested_quality))
        else:
            file = self._search_likeness(requested_quality)
        if file.quality != requested_quality:
            file.changes.append(f"quality: {file.quality} instead of {requested_quality}, to keep to {self._reasons()}")
        return file

    def _lowest(self, highest: int) -> int:
        low = LOWEST if self._wish.min_quality is None else self._wish.min_quality
        return min(low, highest)

    def _try(self, quality: int | None) -> EncodedFile:
        self._count += 1
        wish = self._wish if quality is None else dataclasses.replace(self._wish, quality=quality)
        return self._input.encode(wish)

    @property
    def _remainder(self) -> int:
        return MOST - self._count

    # -- max_bytes -----------------------------------------------------------------------------------------------------

    def _search_size(self, highest: int) -> EncodedFile:
        """The file of the highest quality that fits, or the smallest that was made."""
        low, high = self._lowest(highest), highest
        file = self._try(high)
        best = None
        attempts = [(high, len(file.data))]
        while not self._fits(file) or file.quality != highest:
            if self._fits(file):
                best, low = file, (file.quality or 0) + 1
                if len(file.data) >= _FULL * (self._wish.max_bytes or 0):
                    break
            else:
                high = min(high, file.quality or 0)
            spare = 3 if self._wish.then_shrink and best is None else 0
            if low >= high or self._remainder <= spare:
                break
            quality = low if best is None and self._remainder == spare + 1 else self._guess(attempts, low, high - 1)
            file = self._try(quality)
            attempts.append((quality, len(file.data)))
        return best or file

    def _guess(self, attempts: list[tuple[int, int]], low: int, high: int) -> int:
        """The quality whose file should just fit, by the two sizes that are nearest to the wanted one."""
        target = math.log(max(1.0, _AIM * (self._wish.max_bytes or 1)))
        near = sorted(attempts, key=lambda one: abs(math.log(one[1]) - target))
        quality, size = near[0]
        slope = _SLOPE
        if len(near) > 1 and near[1][1] != size and near[1][0] != quality:
            slope = max(0.002, (math.log(near[1][1]) - math.log(size)) / (near[1][0] - quality))
        return min(max(math.floor(quality + (target - math.log(size)) / slope), low), high)

    def _fits(self, file: EncodedFile) -> bool:
        return self._wish.max_bytes is None or len(file.data) <= self._wish.max_bytes

    def _check(self, file: EncodedFile) -> EncodedFile:
        """`file` where it keeps to the wish, else a smaller picture where that is allowed."""
        full = self._frames[0].size
        scale = 1.0
        while not self._fits(file) and self._wish.then_shrink and self._remainder:
            scale *= min(0.95, math.sqrt((self._wish.max_bytes or 0) / len(file.data)) * _AIM)
            self._shrink(scale)
            quality = None if file.quality is None else self._lowest(file.quality)
            file = self._try(quality)
        if not self._fits(file):
            raise ImageError("target", self._too_large(file))
        if self._wish.min_ssim is not None:
            self._require(file)
        if (file.width, file.height) != full:
            before = f"{full[0]}x{full[1]}"
            file.changes.append(f"size: {file.width}x{file.height} instead of {before}, to keep to {self._reasons()}")
        return file

    def _shrink(self, scale: float) -> None:
        from PIL.Image import Resampling

        def shrink(frame: Image) -> Image:
            size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
            return alpha.to_straight_alpha(frame).resize(size, Resampling.LANCZOS)

        smaller = map_frames(self._frames, shrink)
        self._input = prepare(self._codec, smaller, self._encoding, self._metadata, self._timing)

    def _heavy_metadata(self) -> str:
        return f"the metadata are too large for --max-bytes {self._wish.max_bytes}: {self._advice()}"

    def _advice(self) -> str:
        """Which blocks of metadata take how many bytes, and the words that leave the large ones out."""
        words, rest = [], self._overhead
        for name, size in self._input.blocks.items():
            if rest > (self._wish.max_bytes or 0) / _LIGHT:
                words.append(name)
                rest -= size
        sizes = ", ".join(f"{name} {size}" for name, size in self._input.blocks.items())
        return f"{self._overhead} bytes are metadata ({sizes}); leave some out (--strip {','.join(words)})"

    def _too_large(self, file: EncodedFile) -> str:
        at = f" at quality {file.quality}" if file.quality is not None else ""
        text = f"{len(file.data)} bytes{at}, more than --max-bytes {self._wish.max_bytes}"
        if self._overhead and len(file.data) - self._overhead <= (self._wish.max_bytes or 0):
            return f"{text}; {self._advice()}"
        if self._wish.then_shrink:
            return f"{text}, even at {file.width}x{file.height} px"
        lower = " or a lower --min-quality" if file.quality is not None else " or another --format"
        return f"{text}; allow a smaller picture (--then-shrink){lower}"

    # -- min_ssim ------------------------------------------------------------------------------------------------------

    def _search_likeness(self, requested_quality: int) -> EncodedFile:
        """The file of the lowest quality that is alike enough."""
        high = 100 if self._wish.quality is None else requested_quality
        low = self._lowest(high)
        file = self._try(requested_quality)
        if not self._enough(file) and requested_quality < high:
            low, file = requested_quality + 1, self._try(high)
        self._require(file)
        best, high = file, file.quality or high
        while low < high and self._remainder:
            file = self._try((low + high) // 2)
            if self._enough(file):
                best, high = file, file.quality or 0
            else:
                low = (file.quality or 0) + 1
        return best

    def _enough(self, file: EncodedFile) -> bool:
        return self._wish.min_ssim is None or self._likeness(file) >= self._wish.min_ssim

    def _require(self, file: EncodedFile) -> None:
        likeness = self._likeness(file)
        if self._wish.min_ssim is not None and likeness < self._wish.min_ssim:
            at = f" at quality {file.quality}" if file.quality is not None else ""
            within = f" within --max-bytes {self._wish.max_bytes}" if self._wish.max_bytes is not None else ""
            raise ImageError("target", f"SSIM {likeness:.4f}{at}{within}, less than --min-ssim {self._wish.min_ssim:g}")

    def _likeness(self, file: EncodedFile) -> float:
        """The lowest SSIM of a frame to what was encoded; 0 where frames are missing."""
        import numpy

        pictures = self._input.frames
        with self._codec.open(file.data) as image:
            if file.frames != len(pictures):
                pictures = pictures[:1]  # equal neighbors were joined
            lowest = 1.0
            for place, picture in enumerate(pictures):
                if place:
                    image.seek(place)
                lowest = min(lowest, ssim(numpy.asarray(_gray(picture)), numpy.asarray(_gray(image))))
        return lowest

    def _reasons(self) -> str:
        size = [] if self._wish.max_bytes is None else [f"max-bytes {self._wish.max_bytes}"]
        return " and ".join([*size, *([] if self._wish.min_ssim is None else [f"min-ssim {self._wish.min_ssim:g}"])])


def _gray(image: Image) -> Image:
    """What the eye compares: luma, transparency on mid-gray."""
    whole = alpha.flatten(image, (128, 128, 128))
    return (color.to_eight_bits(whole) if whole.mode in color.DEEP else whole).convert("L")
