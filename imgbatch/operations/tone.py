"""Which operations change each sample by a rule of its own?

They change colors, never alpha. Palettes and 1-bit images become RGB or gray first. 16-bit gray keeps its 16 bits.
CMYK and LAB are refused, since their numbers are not light; so is 32-bit gray, which has no fixed white.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.alpha import SIXTEEN, carrying, on_colors, straight
from imgbatch.declare import Number
from imgbatch.operations.base import Operation, refuse_mode

if TYPE_CHECKING:
    from PIL.Image import Image

Table = tuple[int, ...]  # the new level of each level, 0..255 or 0..65535
FACTOR = Number(0, 10)


@dataclass(frozen=True)
class Brightness(Operation):
    """Make the image brighter or darker: ``out = in * factor``.

    As the CSS filter ``brightness()`` and Pillow's ``ImageEnhance.Brightness``; what exceeds white is cut.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives black, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "brightness"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.2"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = black"]

    def apply(self, image: Image) -> Image:
        return image if self.factor == 1 else _curved(self, image, lambda value: value * self.factor)


@dataclass(frozen=True)
class Contrast(Operation):
    """Raise or lower the contrast around middle gray: ``out = (in - 0.5) * factor + 0.5``.

    As the CSS filter ``contrast()``. Pillow's ``ImageEnhance.Contrast`` turns around the mean of each image instead,
    which would treat equal pixels differently from file to file and from frame to frame.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives middle gray, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "contrast"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.2"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = middle gray"]

    def apply(self, image: Image) -> Image:
        return image if self.factor == 1 else _curved(self, image, lambda value: (value - 0.5) * self.factor + 0.5)


@dataclass(frozen=True)
class Saturation(Operation):
    """Make the colors stronger or weaker: ``out = gray + (in - gray) * factor``.

    ``gray`` is the luma of ITU-R BT.601, as in ``grayscale`` and Pillow's ``ImageEnhance.Color``. Gray images are left
    as they are.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives grays, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "saturation"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.3"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = gray"]

    def apply(self, image: Image) -> Image:
        from PIL import Image as Images

        if self.factor == 1 or _is_gray(image):
            return image
        ready = _toned(self, image)
        return on_colors(ready, lambda colors: Images.blend(colors.convert("L").convert("RGB"), colors, self.factor))


@dataclass(frozen=True)
class Gamma(Operation):
    """Lighten or darken the middle tones: ``out = in ** (1 / gamma)``.

    Black and white stay. As ImageMagick's ``-gamma``.

    Parameters
    ----------
    gamma : float
        0.01 to 10; above 1 lightens, below 1 darkens, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "gamma"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.4"

    gamma: Annotated[float, Number(0.01, 10), "above 1 lightens the middle tones; 1 = unchanged"]

    def apply(self, image: Image) -> Image:
        return image if self.gamma == 1 else _curved(self, image, lambda value: value ** (1 / self.gamma))


@dataclass(frozen=True)
class Invert(Operation):
    """Turn the image into its negative: ``out = white - in``."""

    word: ClassVar[str] = "invert"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True

    def apply(self, image: Image) -> Image:
        if image.mode == "1" and "transparency" not in image.info:
            from PIL import ImageChops

            return carrying(ImageChops.invert(image), image)
        return _curved(self, image, lambda value: 1 - value)


@dataclass(frozen=True)
class Grayscale(Operation):
    """Turn colors into grays.

    The luma of ITU-R BT.601, ``0.299 red + 0.587 green + 0.114 blue``, as Pillow's ``convert("L")``. Alpha is kept
    (mode LA). Gray images are left as they are.
    """

    word: ClassVar[str] = "grayscale"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True

    def apply(self, image: Image) -> Image:
        return image if _is_gray(image) else on_colors(_toned(self, image), lambda colors: colors.convert("L"))


@dataclass(frozen=True)
class _Measured(Operation):
    """A step whose tables depend on how often each level occurs: in one image, or in all frames of an animation."""

    @abstractmethod
    def table(self, counts: Sequence[int]) -> Table:
        """The new level of each level, where ``counts[level]`` samples are of that level."""

    def apply(self, image: Image) -> Image:
        ready = _toned(self, image)
        return _Tables(self, tuple(self.table(counts) for counts in _histograms(ready))).apply(ready)

    def across(self, frames: Sequence[Image]) -> Operation:
        ready = [_toned(self, frame) for frame in frames]
        if not any(frame.mode in SIXTEEN for frame in ready):
            colored = any(frame.mode in ("RGB", "RGBA") for frame in ready)
            ready = [_colored(frame) for frame in ready] if colored else ready
        elif not all(frame.mode in SIXTEEN for frame in ready):
            return self  # 8-bit and 16-bit pages: a document, no animation
        bands = zip(*(_histograms(frame) for frame in ready), strict=True)
        merged = ([sum(counts) for counts in zip(*band, strict=True)] for band in bands)
        return _Tables(self, tuple(self.table(counts) for counts in merged))


@dataclass(frozen=True)
class Autocontrast(_Measured):
    """Spread the tones until the darkest is black and the lightest white.

    ``out = (in - low) / (high - low)``, band by band, as Pillow's ``ImageOps.autocontrast`` (which may change a color
    cast). Fully transparent pixels do not count. The frames of an animation are measured together.

    Parameters
    ----------
    cutoff : float
        Share of the samples to ignore at each end, in %, 0 to 49.
    """

    word: ClassVar[str] = "autocontrast"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1"

    cutoff: Annotated[float, Number(0, 49, unit="%"), "share of the samples to ignore at each end"] = 0.0

    def table(self, counts: Sequence[int]) -> Table:
        top = len(counts) - 1
        ignored = int(sum(counts) * self.cutoff / 100)
        low = next((level for level, below in enumerate(accumulate(counts)) if below > ignored), 0)
        high = top - next((level for level, above in enumerate(accumulate(reversed(counts))) if above > ignored), 0)
        if high <= low:
            return tuple(range(top + 1))
        scale = top / (high - low)
        return tuple(min(max(int((level - low) * scale + 0.5), 0), top) for level in range(top + 1))


@dataclass(frozen=True)
class Equalize(_Measured):
    """Spread the tones until all are equally frequent.

    ``out = (c(in) - c(darkest)) / (1 - c(darkest))``, where ``c`` is the share of samples up to a level (R. Gonzalez,
    R. Woods, "Digital Image Processing"; OpenCV's ``equalizeHist``), band by band. Fully transparent pixels do not
    count. The frames of an animation are measured together.
    """

    word: ClassVar[str] = "equalize"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True

    def table(self, counts: Sequence[int]) -> Table:
        top, total = len(counts) - 1, sum(counts)
        darkest = next((count for count in counts if count), 0)
        rest = total - darkest
        if not rest:
            return tuple(range(top + 1))  # one level, or none
        return tuple((2 * max(below - darkest, 0) * top + rest) // (2 * rest) for below in accumulate(counts))


@dataclass(frozen=True)
class _Tables(Operation):
    """Each sample through its band's table; one table serves every band. `origin` is the operation that made them."""

    origin: Operation
    tables: tuple[Table, ...]

    def apply(self, image: Image) -> Image:
        ready = _toned(self.origin, image)
        if ready.mode in SIXTEEN:
            return _looked_up(ready, self.tables[0])
        if len(self.tables) == 3:
            ready = _colored(ready)

        def change(colors: Image) -> Image:
            tables = self.tables * (len(colors.getbands()) // len(self.tables))
            return colors.point([level for table in tables for level in table])

        return on_colors(ready, change)


def _curved(operation: Operation, image: Image, curve: Callable[[float], float]) -> Image:
    """Every color sample of `image` through `curve`, from 0..1 to 0..1, which is cut there."""
    ready = _toned(operation, image)
    top = 65535 if ready.mode in SIXTEEN else 255
    table = tuple(int(min(max(curve(level / top), 0.0), 1.0) * top + 0.5) for level in range(top + 1))
    return _Tables(operation, (table,)).apply(ready)


def _toned(operation: Operation, image: Image) -> Image:
    """`image` as L, LA, RGB, RGBA or 16-bit gray; anything else is refused."""
    if image.mode in ("CMYK", "LAB"):
        instead = "its colors need a profile conversion, which imgbatch does not do here; "
        raise refuse_mode(operation, image, instead + "leave the operation away or convert the file to sRGB first")
    if image.mode in ("I", "F"):
        instead = "32-bit samples have no fixed white; leave the operation away or convert the file to 16 bits first"
        raise refuse_mode(operation, image, instead)
    return straight(image)


def _is_gray(image: Image) -> bool:
    return image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode in SIXTEEN


def _colored(image: Image) -> Image:
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if image.mode == "LA" else "RGB")


def _histograms(image: Image) -> list[list[int]]:
    """How many visible samples are of each level, per color band."""
    if image.mode in SIXTEEN:
        import numpy

        counts: list[int] = numpy.bincount(numpy.asarray(image).ravel(), minlength=65536).tolist()
        if "transparency" in image.info:
            counts[image.info["transparency"]] = 0
        return [counts]
    mask = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    bands = [band for band in image.getbands() if band != "A"]
    return [image.getchannel(band).histogram(mask) for band in bands]


def _looked_up(image: Image, table: Table) -> Image:
    """16-bit gray through a table; its transparent level stays what it is, and no other becomes it."""
    import numpy
    from PIL import Image as Images

    samples = numpy.asarray(image)
    levels = numpy.array(table, dtype=samples.dtype)
    key = image.info.get("transparency")
    if key is not None:
        levels[levels == key] = key - 1 if key else 1
        levels[key] = key
    return carrying(Images.fromarray(levels[samples]), image)
